/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/expert_file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "core/error.h"

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
