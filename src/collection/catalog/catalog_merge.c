/* SPDX-License-Identifier: Apache-2.0 */
/* Joining catalogs that parts of one collection were scanned into. */
#include <string.h>
#include <sys/stat.h>

#include "collection/catalog/catalog_private.h"
#include "collection/catalog/database.h"
#include "core/error.h"
#include "core/text.h"

/* Rows of the part go over those of the same path. Ids are each catalog's own. */
static const char merge_sql[] =
    "DELETE FROM models WHERE path IN (SELECT path FROM part.models);"
    "INSERT INTO models(path, file, name, format, kind, tensors, params, bytes, dtypes, shapes, alpha, rank_stabilised,"
    " tree) SELECT path, file, name, format, kind, tensors, params, bytes, dtypes, shapes, alpha, rank_stabilised, -1"
    " FROM part.models ORDER BY path;"
    "INSERT OR REPLACE INTO facts(model, place, key, value, source) SELECT m.id, f.place, f.key, f.value, f.source"
    " FROM part.facts f JOIN part.models p ON p.id = f.model JOIN main.models m ON m.path = p.path;"
    "DELETE FROM files WHERE owner IN (SELECT owner FROM part.files);"
    "INSERT OR REPLACE INTO files(owner, path, size, mtime, inode) SELECT owner, path, size, mtime, inode"
    " FROM part.files;"
    "INSERT OR REPLACE INTO skipped(owner, path, reason) SELECT owner, path, reason FROM part.skipped;"
    "INSERT OR REPLACE INTO kv(space, key, value) SELECT space, key, value FROM part.kv WHERE space <> 'collection';";

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

bool catalog_merge(Catalog *c, const char *path, const char *root, GError **error) {
  if (!is_of(path, root, error)) return false;
  bool ok = catalog_lock(c, error) && attach(c, path, error);
  if (ok) {
    ok = database_exec(c->db, "BEGIN IMMEDIATE", error) && database_exec(c->db, merge_sql, error);
    ok = database_exec(c->db, ok ? "COMMIT" : "ROLLBACK", ok ? error : NULL) && ok;
    database_exec(c->db, "DETACH part", NULL);
  }
  catalog_unlock(c);
  return ok;
}
