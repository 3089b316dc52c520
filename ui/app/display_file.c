/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/display_file.h"

#include <string.h>

#include "core/files.h"
#include "ui/toolkit/picture.h"

char *display_file_text(const App *app, const char *path) {
  bool light = g_str_equal(app->ui.config->theme, "light");
  return g_str_has_suffix(path, ".svg") ? picture_svg(app->cells, light) : cells_dump(app->cells);
}

bool display_file_write(const App *app, const char *path, GError **error) {
  g_autofree char *text = display_file_text(app, path);
  return file_write_bytes(path, text, strlen(text), error);
}
