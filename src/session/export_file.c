/* SPDX-License-Identifier: Apache-2.0 */
#include "session/export_file.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "lineage/forest/export.h"
#include "lineage/forest/report.h"

/* What the file's ending asks for; a page has the whole forest. */
static char *text_for(const char *path, const Forest *forest, const GPtrArray *nodes, const char *label_key,
                      GError **error) {
  ExportFormat format;
  if (g_str_has_suffix(path, ".html")) return report_html(forest, "Models", label_key, NULL, NULL);
  if (export_format_for(path, &format)) return export_text(forest, nodes, format, label_key);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "%s: no format has this ending; there are .csv, .jsonl, .html and .txt (paths)", path);
  return NULL;
}

bool export_file_write(const char *path, const Forest *forest, const GPtrArray *nodes, const char *label_key,
                       GError **error) {
  if (g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s is there already; nothing was written", path);
    return false;
  }
  g_autofree char *text = text_for(path, forest, nodes, label_key, error);
  return text && file_write_bytes(path, text, strlen(text), error);
}
