/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/export_file.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "lineage/forest/export.h"
#include "ui/desk/typed.h"

char *export_file_write(const char *typed, const Forest *forest, const GPtrArray *nodes, const char *label_key,
                        GError **error) {
  g_autofree char *path = typed_path(typed);
  if (g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s is there already; nothing was written", path);
    return NULL;
  }
  g_autofree char *text = export_text(forest, nodes, export_format_for(path), label_key);
  return file_write_bytes(path, text, strlen(text), error) ? g_steal_pointer(&path) : NULL;
}
