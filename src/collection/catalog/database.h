/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite as the catalog uses it: opening, the schema, setting a damaged file aside, errors. */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* How long one may still wait for other processes that write. Five seconds, in all: a thousand writes that each wait for
 * five would be no answer. What was used up comes back slowly. Under the owner's lock. */
typedef struct {
  int64_t left, seen; /* microseconds; of the monotonic clock */
} DatabaseWait;

/* Opens or makes the database at `path` (NULL: in memory), with the schema in it. A file that
 * is damaged or foreign is renamed to PATH.aside-N and a fresh one takes its place; one that a newer
 * version made is an error, and stays as it is. Write-ahead log, foreign keys on. `wait` must outlive the
 * connection; NULL: no waiting. COPSE_ERROR_STATE, or COPSE_ERROR_NOT_STORED where it cannot be written to
 * now, when that fails. */
sqlite3 *database_open(const char *path, DatabaseWait *wait, GError **error);

/* The database at `path` copied into memory, where it may be changed: nothing is written to the
 * disk. An absent or unusable file gives an empty database. */
sqlite3 *database_open_copy(const char *path, GError **error);

/* Renames the database at `path`, and its log, to the first free name PATH.aside-N. */
bool database_set_aside(const char *path, GError **error);

/* Sets COPSE_ERROR_STATE, or COPSE_ERROR_NOT_STORED when the disk, a lock or rights are to blame, from the connection's
 * last error; returns false. */
bool database_fail(sqlite3 *db, GError **error);

/* True when the connection's last error says that the file's content is at fault. */
bool database_is_damage(sqlite3 *db);

/* Runs SQL that gives no rows. */
bool database_exec(sqlite3 *db, const char *sql, GError **error);
