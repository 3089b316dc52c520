/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/catalog/database.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

enum { SCHEMA_VERSION = 1 };

/* "cops" in the file's header: a database of another program is not written to. */
enum { APPLICATION_ID = 0x636f7073 };

/* Paths are bytes, not text: a name in no known encoding is still a name. A file belongs to the
 * model (or failure) whose path is `owner`; a shared card has a row for each. Skipped rows
 * with an empty owner come from the walk itself. */
static const char schema[] =
    "CREATE TABLE models(id INTEGER PRIMARY KEY AUTOINCREMENT, path BLOB NOT NULL UNIQUE,"
    " file BLOB NOT NULL, name TEXT NOT NULL, format TEXT NOT NULL, kind INTEGER NOT NULL,"
    " tensors INTEGER NOT NULL, params INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " dtypes TEXT NOT NULL, shapes TEXT NOT NULL, alpha REAL, rank_stabilised INTEGER NOT NULL,"
    " tree INTEGER NOT NULL DEFAULT -1);"
    "CREATE TABLE facts(model INTEGER NOT NULL REFERENCES models(id) ON DELETE CASCADE,"
    " place INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL,"
    " PRIMARY KEY(model, place)) WITHOUT ROWID;"
    "CREATE TABLE files(owner BLOB NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL,"
    " mtime INTEGER NOT NULL, inode INTEGER NOT NULL, PRIMARY KEY(owner, path)) WITHOUT ROWID;"
    "CREATE TABLE skipped(owner BLOB NOT NULL, path BLOB NOT NULL, reason TEXT NOT NULL,"
    " PRIMARY KEY(owner, path)) WITHOUT ROWID;"
    "CREATE TABLE kv(space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " UNIQUE(space, key));";

/* What must change outside before it can be written; NULL when the trouble is another. */
static const char *shortage(int code) {
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process is writing to it: try again when that is done, or use another folder with --state";
    case SQLITE_FULL:
      return "the disk is full: make room, or keep the state elsewhere with --state";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR:
      return "it cannot be written: look at its folder, or keep the state elsewhere with --state";
    default:
      return NULL;
  }
}

bool database_fail(sqlite3 *db, GError **error) {
  const char *file = sqlite3_db_filename(db, "main");
  g_autofree SafeText *shown = safe_text(file && *file ? file : "catalog in memory", -1);
  const char *why = shortage(sqlite3_errcode(db) & 0xff);
  if (why) g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_STORED, "%s: %s (%s)", shown, why, sqlite3_errmsg(db));
  else g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "%s: %s", shown, sqlite3_errmsg(db));
  return false;
}

bool database_is_damage(sqlite3 *db) {
  int code = sqlite3_errcode(db) & 0xff;
  return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_FORMAT;
}

bool database_exec(sqlite3 *db, const char *sql, GError **error) {
  return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || database_fail(db, error);
}

/* The number that a pragma gives, or -1. */
static int pragma_value(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement = NULL;
  int value = -1;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
    value = sqlite3_column_int(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

static bool make_schema(sqlite3 *db, GError **error) {
  g_autofree char *marks =
      g_strdup_printf("PRAGMA user_version = %d; PRAGMA application_id = %d;", SCHEMA_VERSION, APPLICATION_ID);
  if (!database_exec(db, "BEGIN IMMEDIATE", error)) return false;
  /* Another process may have made it since we looked. */
  bool made = pragma_value(db, "PRAGMA user_version") == SCHEMA_VERSION;
  if (made || (database_exec(db, schema, error) && database_exec(db, marks, error)))
    return database_exec(db, "COMMIT", error);
  database_exec(db, "ROLLBACK", NULL);
  return false;
}

typedef enum { USABLE, EMPTY, DAMAGED, UNREACHABLE, NEWER } Condition;

static Condition condition_of(sqlite3 *db) {
  int version = pragma_value(db, "PRAGMA user_version");
  if (version < 0) return database_is_damage(db) ? DAMAGED : UNREACHABLE;
  int tables = pragma_value(db, "SELECT count(*) FROM sqlite_master");
  if (tables < 0) return database_is_damage(db) ? DAMAGED : UNREACHABLE;
  if (version == 0 && tables == 0) return EMPTY;
  bool ours = pragma_value(db, "PRAGMA application_id") == APPLICATION_ID;
  if (ours && version > SCHEMA_VERSION) return NEWER;
  return ours && version == SCHEMA_VERSION ? USABLE : DAMAGED;
}

/* Called while another process holds the lock; 0 gives up. */
static int on_busy(void *user, int tries) {
  enum { MOST = 5 * G_USEC_PER_SEC, SHARE = 50, STEP = 20000 };
  DatabaseWait *w = user;
  gint64 now = g_get_monotonic_time();
  w->left = w->seen ? MIN(w->left + (now - w->seen) / SHARE, (gint64)MOST) : MOST;
  w->seen = now;
  if (w->left <= 0) return 0;
  gulong pause = (gulong)MIN(tries < 5 ? 2000 : STEP, w->left);
  g_usleep(pause);
  w->left -= (gint64)pause;
  w->seen = g_get_monotonic_time();
  return 1;
}

static sqlite3 *connect_to(const char *path, int flags, DatabaseWait *wait, GError **error) {
  sqlite3 *db = NULL;
  flags |= SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE;
  if (sqlite3_open_v2(path ? path : ":memory:", &db, flags, NULL) == SQLITE_OK) {
    if (wait) sqlite3_busy_handler(db, on_busy, wait);
    /* Names of functions and tables in a foreign schema are not to be run. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return db;
  }
  database_fail(db, error);
  sqlite3_close(db);
  return NULL;
}

static bool settle(sqlite3 *db, const char *path, bool empty, GError **error) {
  if (path && !database_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", error)) return false;
  if (!database_exec(db, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY", error)) return false;
  return !empty || make_schema(db, error);
}

/* The log goes with the file it belongs to: rows may stand there alone. */
static void take_along(const char *path, const char *aside, const char *ending) {
  g_autofree char *from = g_strconcat(path, ending, NULL), *to = g_strconcat(aside, ending, NULL);
  if (rename(from, to) != 0) unlink(from);
}

bool database_set_aside(const char *path, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autofree char *aside = file_set_aside(path, &problem);
  if (!aside && g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_autofree SafeText *shown = safe_text(path, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "%s is damaged, and %s (move it away by hand)", shown,
                problem->message);
    return false;
  }
  take_along(path, aside ? aside : path, "-wal");
  take_along(path, aside ? aside : path, "-shm");
  return true;
}

static bool fail_newer(sqlite3 *db, GError **error) {
  g_autofree SafeText *shown = safe_text(sqlite3_db_filename(db, "main"), -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE,
              "%s was made by a newer copse than this one: use that, or another folder with --state", shown);
  return false;
}

sqlite3 *database_open(const char *path, DatabaseWait *wait, GError **error) {
  for (int attempt = 0; attempt < 2; attempt++) {
    sqlite3 *db = connect_to(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, wait, error);
    if (!db) return NULL;
    Condition condition = condition_of(db);
    g_autoptr(GError) problem = NULL;
    if ((condition == USABLE || condition == EMPTY) && settle(db, path, condition == EMPTY, &problem)) return db;
    if (!problem) condition == NEWER ? fail_newer(db, &problem) : database_fail(db, &problem);
    bool damaged = condition == DAMAGED || database_is_damage(db);
    sqlite3_close(db); /* only after the message was taken from it */
    if (!path || !damaged || attempt == 1) {
      g_propagate_error(error, g_steal_pointer(&problem));
      return NULL;
    }
    if (!database_set_aside(path, error)) return NULL;
  }
  return NULL;
}

/* A connection that reads a database and makes no file beside it. SQLite would make an index of
 * the log even to read; where there is no log, none is needed, and the file is as it stands. */
static sqlite3 *connect_read_only(const char *path) {
  g_autofree char *log = g_strconcat(path, "-wal", NULL);
  g_autofree char *index = g_strconcat(path, "-shm", NULL);
  g_autofree char *escaped = g_uri_escape_string(path, "/", FALSE);
  struct stat st;
  if (g_stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return NULL;
  bool live = g_stat(log, &st) == 0 && st.st_size > 0 && g_stat(index, &st) == 0;
  g_autofree char *uri = g_strdup_printf("file:%s?mode=ro&%s", escaped, live ? "readonly_shm=1" : "immutable=1");
  return connect_to(uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL, NULL);
}

static bool copy_into(sqlite3 *target, sqlite3 *source) {
  sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
  if (!backup) return false;
  int code = sqlite3_backup_step(backup, -1);
  return sqlite3_backup_finish(backup) == SQLITE_OK && code == SQLITE_DONE;
}

sqlite3 *database_open_copy(const char *path, GError **error) {
  sqlite3 *source = path ? connect_read_only(path) : NULL;
  sqlite3 *db = source ? connect_to(NULL, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL, NULL) : NULL;
  bool copied = db && condition_of(source) == USABLE && copy_into(db, source) && condition_of(db) == USABLE &&
                settle(db, NULL, false, NULL);
  sqlite3_close(source);
  if (copied) return db;
  sqlite3_close(db);
  return database_open(NULL, NULL, error);
}
