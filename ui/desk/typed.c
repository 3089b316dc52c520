/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/typed.h"

#include <glib.h>
#include <string.h>

void typed_split(const char *line, char **verb, char **argument) {
  while (*line == ' ') line++;
  size_t n = strcspn(line, " ");
  *verb = g_strndup(line, n);
  *argument = g_strstrip(g_strdup(line + n));
}

char *typed_path(const char *path) {
  return g_str_has_prefix(path, "~/") ? g_build_filename(g_get_home_dir(), path + 2, NULL) : g_strdup(path);
}
