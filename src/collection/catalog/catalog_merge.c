/* SPDX-License-Identifier: Apache-2.0 */
/* Joining catalogs that parts of one collection were scanned into. */
#include <string.h>
#include <sys/stat.h>

#include "collection/catalog/catalog_private.h"
#include "collection/catalog/database.h"
#include "core/error.h"
#include "core/text.h"

/* Rows of the part go over those of the same path, and what it knows of a file that is no model any more as well. Ids are
 * each catalog's own, and stay. */
#define MERGE_SQL(tree)                                                                                                \
  "DELETE FROM models WHERE path IN (SELECT owner FROM part.files) AND path NOT IN (SELECT path FROM part.models);"    \
  "INSERT INTO models(path, file, name, format, kind, tensors, params, bytes, dtypes, shapes, alpha, rank_stabilised," \
  " tree) SELECT path, file, name, format, kind, tensors, params, bytes, dtypes, shapes, alpha, "                      \
  "rank_stabilised, " tree                                                                                             \
  " FROM part.models WHERE true ORDER BY path"                                                                         \
  " ON CONFLICT(path) DO UPDATE SET file=excluded.file, name=excluded.name, format=excluded.format,"                   \
  " kind=excluded.kind, tensors=excluded.tensors, params=excluded.params, bytes=excluded.bytes,"                       \
  " dtypes=excluded.dtypes, shapes=excluded.shapes, alpha=excluded.alpha,"                                             \
  " rank_stabilised=excluded.rank_stabilised, tree=excluded.tree;"                                                     \
  "DELETE FROM facts WHERE model IN (SELECT id FROM main.models WHERE path IN (SELECT path FROM part.models));"        \
  "INSERT INTO facts(model, place, key, value, source) SELECT m.id, f.place, f.key, f.value, f.source"                 \
  " FROM part.facts f JOIN part.models p ON p.id = f.model JOIN main.models m ON m.path = p.path;"                     \
  "DELETE FROM skipped WHERE owner IN (SELECT owner FROM part.files);"                                                 \
  "DELETE FROM files WHERE owner IN (SELECT owner FROM part.files);"                                                   \
  "INSERT OR REPLACE INTO files(owner, path, size, mtime, inode) SELECT owner, path, size, mtime, inode"               \
  " FROM part.files;"                                                                                                  \
  "INSERT OR REPLACE INTO skipped(owner, path, reason) SELECT owner, path, reason FROM part.skipped;"                  \
  "INSERT OR REPLACE INTO kv(space, key, value) SELECT space, key, value FROM part.kv WHERE space <> 'collection';"

/* A forest of the whole is not that of a part. */
static const char merge_sql[] = MERGE_SQL("-1");
static const char unpack_sql[] = MERGE_SQL("tree");

/* Named values stay where they are. */
static const char pack_sql[] =
    "CREATE TABLE part.models AS SELECT * FROM main.models;"
    "CREATE TABLE part.facts AS SELECT * FROM main.facts;"
    "CREATE TABLE part.files AS SELECT * FROM main.files;"
    "CREATE TABLE part.skipped AS SELECT * FROM main.skipped;"
    "CREATE TABLE part.kv AS SELECT * FROM main.kv WHERE false;";

/* Whose the part is, so that no other collection's rows come in. */
static bool is_of(const char *path, const char *root, GError **error) {
  struct stat st;
  g_autofree SafeText *shown = safe_text(path, -1);
  g_autoptr(Catalog) part = stat(path, &st) == 0 ? catalog_open_copy(path, error) : NULL;
  g_autoptr(GBytes) owner = part ? catalog_get(part, "collection", "root", NULL) : NULL;
  size_t n = strlen(root) + 1;
  if (owner && g_bytes_get_size(owner) == n && memcmp(g_bytes_get_data(owner, NULL), root, n) == 0) return true;
  if (error && !*error)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "%s: %s", shown,
                part ? "made for another folder, or not a catalog: nothing of it is taken" : "there is no catalog");
  return false;
}

static bool attach(Catalog *c, const char *path, GError **error) {
  sqlite3_stmt *s = NULL;
  bool ok = sqlite3_prepare_v2(c->db, "ATTACH ?1 AS part", -1, &s, NULL) == SQLITE_OK &&
            sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(s) == SQLITE_DONE;
  if (!ok) catalog_fail(c, error);
  sqlite3_finalize(s);
  return ok;
}

/* Runs it in one transaction, with what is attached as `part`, and lets go of that. */
static bool run_and_detach(Catalog *c, const char *begin, const char *sql, GError **error) {
  bool ok = database_exec(c->db, begin, error) && database_exec(c->db, sql, error);
  ok = database_exec(c->db, ok ? "COMMIT" : "ROLLBACK", ok ? error : NULL) && ok;
  database_exec(c->db, "DETACH part", NULL);
  return ok;
}

bool catalog_merge(Catalog *c, const char *path, const char *root, GError **error) {
  if (!is_of(path, root, error)) return false;
  bool ok = catalog_lock(c, error) && attach(c, path, error) && run_and_detach(c, "BEGIN IMMEDIATE", merge_sql, error);
  catalog_unlock(c);
  return ok;
}

static void free_packed(void *data) { sqlite3_free(data); }

GBytes *catalog_pack(Catalog *c, GError **error) {
  sqlite3_int64 n = 0;
  unsigned char *data = NULL;
  if (catalog_lock(c, error) && attach(c, ":memory:", error)) {
    bool ok = database_exec(c->db, pack_sql, error);
    data = ok ? sqlite3_serialize(c->db, "part", &n, 0) : NULL;
    if (ok && !data)
      g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_IO, "not enough memory for the list of models");
    database_exec(c->db, "DETACH part", NULL);
  }
  catalog_unlock(c);
  return data ? g_bytes_new_with_free_func(data, (gsize)n, free_packed, data) : NULL;
}

bool catalog_unpack(Catalog *c, GBytes *packed, GError **error) {
  gsize n;
  const void *data = g_bytes_get_data(packed, &n);
  bool ok = catalog_lock(c, error) && attach(c, ":memory:", error);
  if (ok && sqlite3_deserialize(c->db, "part", (unsigned char *)data, (sqlite3_int64)n, (sqlite3_int64)n,
                                SQLITE_DESERIALIZE_READONLY) == SQLITE_OK)
    ok = run_and_detach(c, "BEGIN", unpack_sql, error); /* at once it would want to write to the part as well */
  else if (ok) ok = catalog_fail(c, error);
  catalog_unlock(c);
  return ok;
}
