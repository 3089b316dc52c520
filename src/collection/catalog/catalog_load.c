/* SPDX-License-Identifier: Apache-2.0 */
/* Rows to models. The file may have been written by somebody else, so its strings are cleaned
 * and its numbers checked like those of any other file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collection/catalog/catalog.h"
#include "collection/catalog/catalog_private.h"

/* A column's bytes as a string; they end at the first NUL. */
static char *column_bytes(sqlite3_stmt *row, int column) {
  const char *bytes = sqlite3_column_blob(row, column);
  return bytes ? g_strndup(bytes, (gsize)sqlite3_column_bytes(row, column)) : g_strdup("");
}

static const char *column_text(sqlite3_stmt *row, int column) {
  const char *s = (const char *)sqlite3_column_text(row, column);
  return s ? s : "";
}

/* Nearly all names are plain ASCII: those are copied as they are. */
static SafeText *clean_copy(const char *s) {
  const char *p = s;
  while (*p >= 0x20 && *p < 0x7f) p++;
  return *p ? safe_text(s, -1) : g_strdup(s);
}

static void take_dtypes(Model *m, const char *text) {
  g_auto(GStrv) parts = g_strsplit(text, " ", DTYPE_COUNT);
  for (char **p = parts; *p; p++) {
    char *colon = strchr(*p, ':');
    Dtype d;
    if (!colon) continue;
    *colon = '\0';
    if (dtype_from_any_name(*p, &d)) m->dtypes[d] = (unsigned)strtoul(colon + 1, NULL, 10);
  }
}

static Model *model_of_row(sqlite3_stmt *row) {
  Model *m = model_new();
  m->id = sqlite3_column_int64(row, 0);
  m->path = column_bytes(row, 1);
  m->shown = clean_copy(m->path);
  m->file = column_bytes(row, 2);
  m->name = clean_copy(column_text(row, 3));
  m->format = clean_copy(column_text(row, 4));
  int kind = sqlite3_column_int(row, 5);
  m->kind = kind >= MODEL_FULL && kind < MODEL_KINDS ? (ModelKind)kind : MODEL_OTHER;
  m->tensors = (unsigned)sqlite3_column_int64(row, 6);
  m->params = (uint64_t)sqlite3_column_int64(row, 7);
  m->bytes = (uint64_t)sqlite3_column_int64(row, 8);
  take_dtypes(m, column_text(row, 9));
  m->shapes = clean_copy(column_text(row, 10));
  bool has_alpha = sqlite3_column_type(row, 11) != SQLITE_NULL;
  m->scaling.alpha = has_alpha ? sqlite3_column_double(row, 11) : NAN;
  m->scaling.rank_stabilised = sqlite3_column_int(row, 12) != 0;
  m->tree = sqlite3_column_int(row, 13);
  return m;
}

/* Both queries run in the order of the models' ids, so that facts are merged in one pass. */
static bool load_facts(Catalog *c, GPtrArray *models, GError **error) {
  guint at = 0;
  int more;
  while ((more = catalog_next(c, SQL_ALL_FACTS, error)) == 1) {
    sqlite3_stmt *row = c->sql[SQL_ALL_FACTS];
    int64_t id = sqlite3_column_int64(row, 0);
    while (at < models->len && ((Model *)models->pdata[at])->id < id) at++;
    if (at < models->len && ((Model *)models->pdata[at])->id == id)
      model_add_fact(models->pdata[at], column_text(row, 1), column_text(row, 2), column_text(row, 3));
  }
  return more == 0;
}

static int model_by_path(const void *a, const void *b) {
  return strcmp((*(const Model *const *)a)->path, (*(const Model *const *)b)->path);
}

/* True for a path that stays below the folder it is meant in. */
static bool stays_inside(const char *path) {
  if (!path || g_path_is_absolute(path)) return false;
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  return !g_strv_contains((const char *const *)parts, "..");
}

/* Takes the model; a row that somebody wrote to point out of the collection is passed over. */
static void add_inside(GPtrArray *models, Model *m) {
  if (stays_inside(m->path) && stays_inside(m->file)) g_ptr_array_add(models, m);
  else model_unref(m);
}

static bool load_models(Catalog *c, GPtrArray *models, GError **error) {
  int more;
  while ((more = catalog_next(c, SQL_ALL_MODELS, error)) == 1) add_inside(models, model_of_row(c->sql[SQL_ALL_MODELS]));
  return more == 0 && load_facts(c, models, error);
}

GPtrArray *catalog_models(Catalog *c, GError **error) {
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  bool ok = catalog_lock(c, error) && load_models(c, models, error);
  catalog_unlock(c);
  g_ptr_array_sort(models, model_by_path);
  return ok ? g_steal_pointer(&models) : NULL;
}

GPtrArray *catalog_skipped(Catalog *c, GError **error) {
  g_autoptr(GPtrArray) skips = g_ptr_array_new_with_free_func(walk_skip_free);
  bool ok = catalog_lock(c, error);
  int more = ok ? 1 : -1;
  while (ok && (more = catalog_next(c, SQL_ALL_SKIPPED, error)) == 1) {
    g_autofree char *path = column_bytes(c->sql[SQL_ALL_SKIPPED], 0);
    g_ptr_array_add(skips, walk_skip_new(path, column_text(c->sql[SQL_ALL_SKIPPED], 1)));
  }
  catalog_unlock(c);
  return more == 0 ? g_steal_pointer(&skips) : NULL;
}

static void file_clear(void *data) {
  CatalogFile *f = data;
  g_free(f->owner);
  g_free(f->path);
}

static CatalogFile file_of_row(sqlite3_stmt *row) {
  return (CatalogFile){.owner = column_bytes(row, 0),
                       .path = column_bytes(row, 1),
                       .stamp = {.size = (uint64_t)sqlite3_column_int64(row, 2),
                                 .mtime = sqlite3_column_int64(row, 3),
                                 .inode = (uint64_t)sqlite3_column_int64(row, 4)}};
}

GArray *catalog_files(Catalog *c, unsigned generation, GError **error) {
  g_autoptr(GArray) files = g_array_new(FALSE, FALSE, sizeof(CatalogFile));
  g_array_set_clear_func(files, file_clear);
  bool ok = catalog_lock(c, error) && catalog_settle_generation(c, generation, error);
  int more = ok ? 1 : -1;
  while (ok && (more = catalog_next(c, SQL_ALL_FILES, error)) == 1) {
    CatalogFile f = file_of_row(c->sql[SQL_ALL_FILES]);
    g_array_append_val(files, f);
  }
  catalog_unlock(c);
  return more == 0 ? g_steal_pointer(&files) : NULL;
}

GPtrArray *catalog_files_of(Catalog *c, const char *owner, GError **error) {
  g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
  bool ok = catalog_lock(c, error);
  int more = ok ? 1 : -1;
  if (ok) catalog_bind_bytes(c, SQL_FILES_OF, 1, owner);
  while (ok && (more = catalog_next(c, SQL_FILES_OF, error)) == 1)
    g_ptr_array_add(paths, column_bytes(c->sql[SQL_FILES_OF], 0));
  catalog_unlock(c);
  return more == 0 ? g_steal_pointer(&paths) : NULL;
}

bool catalog_totals(Catalog *c, unsigned *models, unsigned *skipped, uint64_t *bytes, GError **error) {
  bool ok = catalog_lock(c, error) && catalog_next(c, SQL_TOTALS, error) == 1;
  if (ok) {
    sqlite3_stmt *row = c->sql[SQL_TOTALS];
    *models = (unsigned)sqlite3_column_int64(row, 0);
    *skipped = (unsigned)sqlite3_column_int64(row, 1);
    *bytes = (uint64_t)sqlite3_column_int64(row, 2);
    sqlite3_reset(row);
  }
  catalog_unlock(c);
  return ok;
}
