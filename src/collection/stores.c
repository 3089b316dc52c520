/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/stores.h"

#include <stdlib.h>
#include <string.h>

#include "collection/disk_survey.h"

static const struct {
  const char *tool, *variable, *path;
} rows[] = {
#define STORE(tool, variable, path) {tool, variable, path},
#include "collection/stores.def"
#undef STORE
};

static void store_free(gpointer data) {
  Store *s = data;
  g_free(s->path);
  g_free(s);
}

/* The folder that a row names, without links; NULL when it is not there or the variable is not set. */
static char *folder_of(size_t row) {
  const char *above = rows[row].variable ? g_getenv(rows[row].variable) : g_get_home_dir();
  if (!above || !g_path_is_absolute(above)) return NULL;
  g_autofree char *path =
      g_path_is_absolute(rows[row].path) ? g_strdup(rows[row].path) : g_build_filename(above, rows[row].path, NULL);
  char *real = realpath(path, NULL);
  char *copy = real && g_file_test(real, G_FILE_TEST_IS_DIR) ? g_strdup(real) : NULL;
  free(real);
  return copy;
}

static bool holds_anything(const char *path) {
  g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
  return dir && g_dir_read_name(dir);
}

static bool is_known(const GPtrArray *stores, const char *path) {
  for (guint i = 0; i < stores->len; i++)
    if (strcmp(((const Store *)stores->pdata[i])->path, path) == 0) return true;
  return false;
}

GPtrArray *stores_find(void) {
  GPtrArray *out = g_ptr_array_new_with_free_func(store_free);
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autofree char *path = folder_of(i);
    if (!path || is_known(out, path) || !holds_anything(path)) continue;
    Store *s = g_new0(Store, 1);
    s->tool = rows[i].tool;
    s->path = g_steal_pointer(&path);
    g_ptr_array_add(out, s);
  }
  return out;
}

void stores_measure(GPtrArray *stores) {
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  for (guint i = 0; i < stores->len; i++) {
    Store *s = stores->pdata[i];
    g_autoptr(DiskSurvey) survey = disk_survey_new(s->path, NULL, none, NULL);
    s->bytes = 0;
    for (int k = 0; survey && k < DISK_KINDS; k++) s->bytes += survey->bytes[k];
  }
}
