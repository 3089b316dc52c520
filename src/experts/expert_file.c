/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/expert_file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"

static const char ending[] = ".safetensors";

static bool has_file(const Expert *e, GError **error) {
  if (e->path && g_file_test(e->path, G_FILE_TEST_IS_REGULAR)) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s: there is no file of it any more", e->name);
  return false;
}

bool expert_file_remove(const Expert *e, GError **error) {
  if (!has_file(e, error)) return false;
  if (g_remove(e->path) == 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s cannot be removed: %s", e->name, g_strerror(errno));
  return false;
}

/* A name that makes a file in the folder and nowhere else. */
static bool is_name(const char *name) {
  return *name && *name != '.' && strlen(name) < 200 && !strchr(name, '/') && text_is_safe(name, -1);
}

bool expert_file_rename(const Expert *e, const char *name, GError **error) {
  if (!has_file(e, error)) return false;
  g_autofree char *folder = g_path_get_dirname(e->path), *file = g_strconcat(name, ending, NULL);
  g_autofree char *path = g_build_filename(folder, file, NULL);
  if (!is_name(name)) {
    g_autofree SafeText *shown = safe_text(name, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "\"%s\" is no name for a file", shown);
    return false;
  }
  if (g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "there is an expert %s already", name);
    return false;
  }
  if (g_rename(e->path, path) == 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s cannot be renamed: %s", e->name, g_strerror(errno));
  return false;
}

/* --- for another process */

/* A file in a folder of its own among those that are removed with the machine; the caller frees both. */
static char *passing_file(char **folder, GError **error) {
  *folder = g_dir_make_tmp("copse-XXXXXX", error);
  return *folder ? g_build_filename(*folder, "expert.safetensors", NULL) : NULL;
}

static void drop_passing(const char *folder, const char *path) {
  g_remove(path);
  g_rmdir(folder);
}

GBytes *expert_pack(const Expert *x, GError **error) {
  g_autofree char *folder = NULL, *path = passing_file(&folder, error), *bytes = NULL;
  gsize n = 0;
  if (!path) return NULL;
  bool ok = expert_save(x, path, error) && g_file_get_contents(path, &bytes, &n, error);
  drop_passing(folder, path);
  return ok ? g_bytes_new_take(g_steal_pointer(&bytes), n) : NULL;
}

Expert *expert_unpack(GBytes *packed, GError **error) {
  g_autofree char *folder = NULL, *path = passing_file(&folder, error);
  gsize n;
  const void *data = g_bytes_get_data(packed, &n);
  if (!path) return NULL;
  Expert *x = file_write_bytes(path, data, n, error) ? expert_load(path, error) : NULL;
  drop_passing(folder, path);
  if (!x) return NULL;
  g_clear_pointer(&x->name, g_free);
  g_clear_pointer(&x->path, g_free);
  return x;
}
