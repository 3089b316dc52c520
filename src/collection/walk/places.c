/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"

static char *real_path(const char *path) {
  char *real = realpath(path, NULL);
  char *copy = g_strdup(real);
  free(real);
  return copy;
}

/* A file keeps its name; the folders before it lose their links. */
static char *real_file(const char *path) {
  g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
  g_autofree char *real = real_path(folder);
  return real ? g_build_filename(real, name, NULL) : NULL;
}

static char *real_place(const char *path, bool *folder, GError **error) {
  g_autofree SafeText *shown = safe_text(path, -1);
  struct stat st;
  bool there = stat(path, &st) == 0;
  bool usable = there && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode));
  *folder = there && S_ISDIR(st.st_mode);
  char *real = !usable ? NULL : *folder ? real_path(path) : real_file(path);
  if (real) return real;
  if (there && !usable)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s is neither a folder nor a file: name a folder, an archive or a weight file", shown);
  else
    g_set_error(error, COPSE_ERROR, errno == ENOENT ? COPSE_ERROR_NOT_FOUND : COPSE_ERROR_IO, "%s: %s", shown,
                g_strerror(errno));
  return NULL;
}

bool places_hold(const GPtrArray *list, const char *path) {
  bool held = !list;
  for (guint i = 0; !held && i < list->len; i++) held = path_is_below(path, list->pdata[i]);
  return held;
}

static int by_text(gconstpointer a, gconstpointer b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Sorted, and without those that lie in others. */
static GPtrArray *without_nested(GPtrArray *all) {
  GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_sort(all, by_text);
  for (guint i = 0; i < all->len; i++)
    if (!kept->len || !places_hold(kept, all->pdata[i])) g_ptr_array_add(kept, g_strdup(all->pdata[i]));
  return kept;
}

/* The folder that all lie in. */
static char *common_folder(const GPtrArray *paths) {
  char *folder = g_path_get_dirname(paths->pdata[0]);
  for (guint i = 1; i < paths->len; i++)
    while (!path_is_below(paths->pdata[i], folder)) {
      char *above = g_path_get_dirname(folder);
      g_free(folder);
      folder = above;
    }
  return folder;
}

static char *joined(const GPtrArray *paths) {
  GString *s = g_string_new(paths->pdata[0]);
  for (guint i = 1; i < paths->len; i++) g_string_append_printf(s, "\n%s", (const char *)paths->pdata[i]);
  return g_string_free(s, FALSE);
}

static void settle(Places *places, const GPtrArray *paths, bool one_folder) {
  places->identity = joined(paths);
  places->root = one_folder ? g_strdup(paths->pdata[0]) : common_folder(paths);
  if (one_folder) return;
  size_t n = strlen(places->root) + (strcmp(places->root, "/") != 0);
  places->list = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < paths->len; i++) g_ptr_array_add(places->list, g_strdup((const char *)paths->pdata[i] + n));
}

bool places_resolve(const char *first, const char *const *more, Places *places, GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
  bool folder;
  *places = (Places){0};
  for (const char *path = first; path; path = more ? *more++ : NULL) {
    char *real = real_place(path, &folder, error);
    if (!real) return false;
    g_ptr_array_add(all, real);
  }
  g_autoptr(GPtrArray) paths = without_nested(all);
  settle(places, paths, paths->len == 1 && g_file_test(paths->pdata[0], G_FILE_TEST_IS_DIR));
  return true;
}

void places_clear(Places *places) {
  g_free(places->root);
  g_free(places->identity);
  if (places->list) g_ptr_array_unref(places->list);
  *places = (Places){0};
}
