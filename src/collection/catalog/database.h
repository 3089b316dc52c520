/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite as the catalog uses it: opening, the schema, setting a damaged file aside, errors. */
#pragma once

#include <glib.h>
#include <sqlite3.h>
#include <stdbool.h>

/* Opens or makes the database at `path` (NULL: in memory), with the schema in it. A file that
 * is damaged or foreign is renamed to PATH.aside-N and a fresh one takes its place; one that a newer
 * version made is an error, and stays as it is. Write-ahead log, foreign keys on. COPSE_ERROR_STATE when that fails. */
sqlite3 *database_open(const char *path, GError **error);

/* The database at `path` copied into memory, where it may be changed: nothing is written to the
 * disk. An absent or unusable file gives an empty database. */
sqlite3 *database_open_copy(const char *path, GError **error);

/* Renames the database at `path`, and its log, to the first free name PATH.aside-N. */
bool database_set_aside(const char *path, GError **error);

/* Sets COPSE_ERROR_STATE from the connection's last error; returns false. */
bool database_fail(sqlite3 *db, GError **error);

/* True when the connection's last error says that the file's content is at fault. */
bool database_is_damage(sqlite3 *db);

/* Runs SQL that gives no rows. */
bool database_exec(sqlite3 *db, const char *sql, GError **error);
