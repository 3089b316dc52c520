/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/display_file.h"

#include <string.h>

#include "core/files.h"
#include "ui/toolkit/picture.h"

bool display_file_write(const App *app, const char *path, GError **error) {
  bool light = g_str_equal(app->ui.config->theme, "light");
  g_autofree char *text = g_str_has_suffix(path, ".svg") ? picture_svg(app->cells, light) : cells_dump(app->cells);
  return file_write_bytes(path, text, strlen(text), error);
}
