/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/catalog/catalog.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collection/walk/candidate.h"
#include "collection/catalog/catalog_private.h"
#include "collection/catalog/database.h"
#include "core/error.h"

static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_PUT_MODEL] =
        "INSERT INTO models(path, file, name, format, kind, tensors, params, bytes, dtypes, shapes,"
        " alpha, rank_stabilised) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
        " ON CONFLICT(path) DO UPDATE SET file=?2, name=?3, format=?4, kind=?5, tensors=?6,"
        " params=?7, bytes=?8, dtypes=?9, shapes=?10, alpha=?11, rank_stabilised=?12, tree=-1",
    [SQL_MODEL_ID] = "SELECT id FROM models WHERE path = ?1",
    [SQL_DROP_MODEL] = "DELETE FROM models WHERE path = ?1",
    [SQL_PUT_FACT] = "INSERT INTO facts(model, place, key, value, source) VALUES(?1,?2,?3,?4,?5)",
    [SQL_DROP_FACTS] = "DELETE FROM facts WHERE model = ?1",
    [SQL_PUT_FILE] = "INSERT OR REPLACE INTO files(owner, path, size, mtime, inode) VALUES(?1,?2,?3,?4,?5)",
    [SQL_DROP_FILES] = "DELETE FROM files WHERE owner = ?1",
    [SQL_FORGET_FILES] = "UPDATE files SET size = -1, mtime = 0, inode = 0",
    [SQL_PUT_SKIPPED] = "INSERT OR REPLACE INTO skipped(owner, path, reason) VALUES(?1,?2,?3)",
    [SQL_DROP_SKIPPED] = "DELETE FROM skipped WHERE owner = ?1",
    [SQL_SET_TREE] = "UPDATE models SET tree = ?2 WHERE id = ?1 AND tree <> ?2",
    [SQL_PUT_VALUE] = "INSERT OR REPLACE INTO kv(space, key, value) VALUES(?1,?2,?3)",
    [SQL_GET_VALUE] = "SELECT value FROM kv WHERE space = ?1 AND key = ?2",
    [SQL_TOTALS] =
        "SELECT (SELECT count(*) FROM models), (SELECT count(*) FROM skipped),"
        " (SELECT coalesce(sum(bytes), 0) FROM models)",
    [SQL_ALL_MODELS] =
        "SELECT id, path, file, name, format, kind, tensors, params, bytes, dtypes, shapes, alpha,"
        " rank_stabilised, tree FROM models ORDER BY id",
    [SQL_ALL_FACTS] = "SELECT model, key, value, source FROM facts ORDER BY model, place",
    [SQL_ALL_FILES] = "SELECT owner, path, size, mtime, inode FROM files ORDER BY owner, path",
    [SQL_FILES_OF] = "SELECT path FROM files WHERE owner = ?1 ORDER BY path",
    [SQL_ALL_SKIPPED] = "SELECT path, reason FROM skipped ORDER BY path, owner",
    [SQL_WALK_SKIPPED] = "SELECT path, reason FROM skipped WHERE owner = x'' ORDER BY path",
};

static void finalize_all(Catalog *c) {
  for (int i = 0; i < SQL_COUNT; i++) {
    sqlite3_finalize(c->sql[i]);
    c->sql[i] = NULL;
  }
}

static void disconnect(Catalog *c) {
  finalize_all(c);
  sqlite3_close(c->db);
  c->db = NULL;
}

static bool prepare_all(Catalog *c, GError **error) {
  for (int i = 0; i < SQL_COUNT; i++)
    if (sqlite3_prepare_v3(c->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &c->sql[i], NULL) != SQLITE_OK)
      return database_fail(c->db, error);
  return true;
}

/* A database with our marks whose tables are not ours is as good as damaged. */
static bool connect_catalog(Catalog *c, GError **error) {
  c->db = database_open(c->path, &c->wait, error);
  if (!c->db) return false;
  g_autoptr(GError) problem = NULL;
  if (prepare_all(c, &problem)) return true;
  disconnect(c);
  if (!c->path) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  if (!database_set_aside(c->path, error)) return false;
  c->db = database_open(c->path, &c->wait, error);
  if (c->db && prepare_all(c, error)) return true;
  disconnect(c);
  return false;
}

Catalog *catalog_open(const char *path, GError **error) {
  g_autoptr(Catalog) c = g_new0(Catalog, 1);
  g_mutex_init(&c->lock);
  c->path = g_strdup(path);
  return connect_catalog(c, error) ? g_steal_pointer(&c) : NULL;
}

Catalog *catalog_open_copy(const char *path, GError **error) {
  g_autoptr(Catalog) c = g_new0(Catalog, 1);
  g_mutex_init(&c->lock);
  c->db = database_open_copy(path, error);
  if (c->db && prepare_all(c, NULL)) return g_steal_pointer(&c);
  disconnect(c);
  return connect_catalog(c, error) ? g_steal_pointer(&c) : NULL;
}

void catalog_free(Catalog *c) {
  if (!c) return;
  disconnect(c);
  g_free(c->path);
  g_mutex_clear(&c->lock);
  g_free(c);
}

bool catalog_is_damaged(Catalog *c) {
  g_mutex_lock(&c->lock);
  bool damaged = c->damaged;
  g_mutex_unlock(&c->lock);
  return damaged;
}

bool catalog_rebuild(Catalog *c, GError **error) {
  g_mutex_lock(&c->lock);
  disconnect(c);
  c->damaged = false;
  bool ok = (!c->path || database_set_aside(c->path, error)) && connect_catalog(c, error);
  g_mutex_unlock(&c->lock);
  return ok;
}

bool catalog_lock(Catalog *c, GError **error) {
  g_mutex_lock(&c->lock);
  if (c->db) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE, "the catalog is closed after an error: start again");
  return false;
}

void catalog_unlock(Catalog *c) { g_mutex_unlock(&c->lock); }

bool catalog_fail(Catalog *c, GError **error) {
  if (database_is_damage(c->db)) c->damaged = true;
  return database_fail(c->db, error);
}

/* Runs a statement that gives no rows and makes it ready for the next use. */
static bool catalog_run(Catalog *c, Sql sql, GError **error) {
  bool ok = sqlite3_step(c->sql[sql]) == SQLITE_DONE || catalog_fail(c, error);
  sqlite3_reset(c->sql[sql]);
  return ok;
}

int catalog_next(Catalog *c, Sql sql, GError **error) {
  int code = sqlite3_step(c->sql[sql]);
  if (code == SQLITE_ROW) return 1;
  if (code != SQLITE_DONE) catalog_fail(c, error);
  sqlite3_reset(c->sql[sql]);
  return code == SQLITE_DONE ? 0 : -1;
}

void catalog_bind_bytes(Catalog *c, Sql sql, int place, const char *s) {
  sqlite3_bind_blob(c->sql[sql], place, s, (int)strlen(s), SQLITE_STATIC);
}

static void catalog_bind_text(Catalog *c, Sql sql, int place, const char *s) {
  sqlite3_bind_text(c->sql[sql], place, s, -1, SQLITE_STATIC);
}

static void bind_int(Catalog *c, Sql sql, int place, int64_t value) { sqlite3_bind_int64(c->sql[sql], place, value); }

/* Locks and begins; end with end_change() in either case. */
static bool begin_change(Catalog *c, GError **error) {
  return catalog_lock(c, error) && catalog_run(c, SQL_BEGIN, error);
}

/* Commits when all went well, undoes it otherwise. Returns whether it is stored. */
static bool end_transaction(Catalog *c, bool ok, GError **error) {
  if (ok) ok = catalog_run(c, SQL_COMMIT, error);
  if (!ok && c->db && !sqlite3_get_autocommit(c->db)) catalog_run(c, SQL_ROLLBACK, NULL);
  return ok;
}

static bool end_change(Catalog *c, bool ok, GError **error) {
  ok = end_transaction(c, ok, error);
  catalog_unlock(c);
  return ok;
}

/* "F32:12 BF16:3". The caller frees it. */
static char *dtypes_text(const Model *m) {
  GString *out = g_string_new(NULL);
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (m->dtypes[d]) g_string_append_printf(out, "%s%s:%u", out->len ? " " : "", dtype_name((Dtype)d), m->dtypes[d]);
  return g_string_free(out, FALSE);
}

static bool put_model(Catalog *c, const Model *m, GError **error) {
  const Sql q = SQL_PUT_MODEL;
  g_autofree char *dtypes = dtypes_text(m);
  catalog_bind_bytes(c, q, 1, m->path);
  catalog_bind_bytes(c, q, 2, m->file);
  catalog_bind_text(c, q, 3, m->name);
  catalog_bind_text(c, q, 4, m->format);
  bind_int(c, q, 5, m->kind);
  bind_int(c, q, 6, m->tensors);
  bind_int(c, q, 7, (int64_t)m->params);
  bind_int(c, q, 8, (int64_t)m->bytes);
  catalog_bind_text(c, q, 9, dtypes);
  catalog_bind_text(c, q, 10, m->shapes);
  if (isnan(m->scaling.alpha)) sqlite3_bind_null(c->sql[q], 11);
  else sqlite3_bind_double(c->sql[q], 11, m->scaling.alpha);
  bind_int(c, q, 12, m->scaling.rank_stabilised);
  return catalog_run(c, q, error);
}

/* The row of a path: 0 when there is none, -1 on an error. */
static int64_t model_id(Catalog *c, const char *path, GError **error) {
  catalog_bind_bytes(c, SQL_MODEL_ID, 1, path);
  int more = catalog_next(c, SQL_MODEL_ID, error);
  if (more <= 0) return more;
  int64_t id = sqlite3_column_int64(c->sql[SQL_MODEL_ID], 0);
  sqlite3_reset(c->sql[SQL_MODEL_ID]);
  return id;
}

static bool put_facts(Catalog *c, int64_t id, const Model *m, GError **error) {
  bind_int(c, SQL_DROP_FACTS, 1, id);
  if (!catalog_run(c, SQL_DROP_FACTS, error)) return false;
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    bind_int(c, SQL_PUT_FACT, 1, id);
    bind_int(c, SQL_PUT_FACT, 2, i);
    catalog_bind_text(c, SQL_PUT_FACT, 3, f->key);
    catalog_bind_text(c, SQL_PUT_FACT, 4, f->value);
    catalog_bind_text(c, SQL_PUT_FACT, 5, f->source);
    if (!catalog_run(c, SQL_PUT_FACT, error)) return false;
  }
  return true;
}

static bool put_files(Catalog *c, const char *owner, const GArray *files, GError **error) {
  const Sql q = SQL_PUT_FILE;
  for (guint i = 0; i < files->len; i++) {
    const FileRef *f = &g_array_index(files, FileRef, i);
    catalog_bind_bytes(c, q, 1, owner);
    catalog_bind_bytes(c, q, 2, f->path);
    bind_int(c, q, 3, (int64_t)f->stamp.size);
    bind_int(c, q, 4, f->stamp.mtime);
    bind_int(c, q, 5, (int64_t)f->stamp.inode);
    if (!catalog_run(c, q, error)) return false;
  }
  return true;
}

static bool put_skips(Catalog *c, const char *owner, const GPtrArray *skips, GError **error) {
  for (guint i = 0; i < skips->len; i++) {
    const WalkSkip *s = skips->pdata[i];
    catalog_bind_bytes(c, SQL_PUT_SKIPPED, 1, owner);
    catalog_bind_bytes(c, SQL_PUT_SKIPPED, 2, s->path);
    catalog_bind_text(c, SQL_PUT_SKIPPED, 3, s->reason);
    if (!catalog_run(c, SQL_PUT_SKIPPED, error)) return false;
  }
  return true;
}

static bool drop(Catalog *c, Sql sql, const char *owner, GError **error) {
  catalog_bind_bytes(c, sql, 1, owner);
  return catalog_run(c, sql, error);
}

static bool store_entry(Catalog *c, const CatalogEntry *e, GError **error) {
  if (!drop(c, SQL_DROP_FILES, e->owner, error) || !drop(c, SQL_DROP_SKIPPED, e->owner, error)) return false;
  if (!e->model) {
    if (!drop(c, SQL_DROP_MODEL, e->owner, error)) return false;
  } else {
    if (!put_model(c, e->model, error)) return false;
    int64_t id = model_id(c, e->owner, error);
    if (id <= 0 || !put_facts(c, id, e->model, error)) return false;
  }
  return put_files(c, e->owner, e->files, error) && put_skips(c, e->owner, e->skips, error);
}

bool catalog_store(Catalog *c, const CatalogEntry *entries, size_t n, GError **error) {
  bool ok = begin_change(c, error);
  for (size_t i = 0; ok && i < n; i++) ok = store_entry(c, &entries[i], error);
  return end_change(c, ok, error);
}

/* True when the catalog lists these skips of the walk already. */
static bool has_walk_skips(Catalog *c, const GPtrArray *skips) {
  guint n = 0;
  bool same = true;
  while (catalog_next(c, SQL_WALK_SKIPPED, NULL) == 1) {
    const char *path = sqlite3_column_blob(c->sql[SQL_WALK_SKIPPED], 0);
    size_t length = (size_t)sqlite3_column_bytes(c->sql[SQL_WALK_SKIPPED], 0);
    const char *reason = (const char *)sqlite3_column_text(c->sql[SQL_WALK_SKIPPED], 1);
    const WalkSkip *s = n < skips->len ? skips->pdata[n] : NULL;
    n++;
    same = same && s && path && reason && strlen(s->path) == length && memcmp(s->path, path, length) == 0 &&
           strcmp(s->reason, reason) == 0;
  }
  return same && n == skips->len;
}

static bool put_value(Catalog *c, const char *space, const char *key, const void *bytes, size_t n, GError **error) {
  catalog_bind_text(c, SQL_PUT_VALUE, 1, space);
  catalog_bind_text(c, SQL_PUT_VALUE, 2, key);
  sqlite3_bind_blob64(c->sql[SQL_PUT_VALUE], 3, bytes ? bytes : "", n, SQLITE_STATIC);
  return catalog_run(c, SQL_PUT_VALUE, error);
}

/* A copy of the value, or NULL. */
static GBytes *get_value(Catalog *c, const char *space, const char *key, GError **error) {
  catalog_bind_text(c, SQL_GET_VALUE, 1, space);
  catalog_bind_text(c, SQL_GET_VALUE, 2, key);
  if (catalog_next(c, SQL_GET_VALUE, error) != 1) return NULL;
  GBytes *value =
      g_bytes_new(sqlite3_column_blob(c->sql[SQL_GET_VALUE], 0), (gsize)sqlite3_column_bytes(c->sql[SQL_GET_VALUE], 0));
  sqlite3_reset(c->sql[SQL_GET_VALUE]);
  return value;
}

static const char own_space[] = "catalog", generation_key[] = "readers";

static bool is_generation(Catalog *c, unsigned generation) {
  g_autoptr(GBytes) value = get_value(c, own_space, generation_key, NULL);
  return value && g_bytes_get_size(value) == sizeof generation &&
         memcmp(g_bytes_get_data(value, NULL), &generation, sizeof generation) == 0;
}

bool catalog_settle_generation(Catalog *c, unsigned generation, GError **error) {
  if (is_generation(c, generation)) return true;
  bool ok = catalog_run(c, SQL_BEGIN, error) && catalog_run(c, SQL_FORGET_FILES, error) &&
            put_value(c, own_space, generation_key, &generation, sizeof generation, error);
  return end_transaction(c, ok, error);
}

static bool remove_owners(Catalog *c, const GPtrArray *gone, GError **error) {
  for (guint i = 0; i < gone->len; i++) {
    const char *owner = gone->pdata[i];
    if (!drop(c, SQL_DROP_MODEL, owner, error) || !drop(c, SQL_DROP_FILES, owner, error) ||
        !drop(c, SQL_DROP_SKIPPED, owner, error))
      return false;
  }
  return true;
}

bool catalog_finish(Catalog *c, const GPtrArray *gone, const GPtrArray *skips, GError **error) {
  if (!catalog_lock(c, error)) {
    catalog_unlock(c);
    return false;
  }
  bool same = gone->len == 0 && has_walk_skips(c, skips);
  catalog_unlock(c);
  if (same) return true;
  bool ok = begin_change(c, error) && remove_owners(c, gone, error) && drop(c, SQL_DROP_SKIPPED, "", error) &&
            put_skips(c, "", skips, error);
  return end_change(c, ok, error);
}

bool catalog_store_trees(Catalog *c, const GPtrArray *models, const int *trees, GError **error) {
  bool ok = begin_change(c, error);
  for (guint i = 0; ok && i < models->len; i++) {
    bind_int(c, SQL_SET_TREE, 1, ((const Model *)models->pdata[i])->id);
    bind_int(c, SQL_SET_TREE, 2, trees[i]);
    ok = catalog_run(c, SQL_SET_TREE, error);
  }
  return end_change(c, ok, error);
}

bool catalog_put(Catalog *c, const char *space, const char *key, GBytes *value, GError **error) {
  gsize n;
  const void *bytes = g_bytes_get_data(value, &n);
  bool ok = begin_change(c, error) && put_value(c, space, key, bytes, n, error);
  return end_change(c, ok, error);
}

GBytes *catalog_get(Catalog *c, const char *space, const char *key, GError **error) {
  GBytes *value = catalog_lock(c, error) ? get_value(c, space, key, error) : NULL;
  catalog_unlock(c);
  return value;
}
