/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/export.h"

#include <string.h>

#include "collection/field_json.h"
#include "lineage/forest/node_fields.h"

static void add_field(GString *s, const char *text, char end) {
  bool formula = *text && strchr("=+-@", *text);
  bool quote = formula || strpbrk(text, ",\"\n\r");
  if (quote) g_string_append_c(s, '"');
  if (formula) g_string_append_c(s, '\'');
  for (const char *p = text; *p; p++) {
    if (*p == '"') g_string_append_c(s, '"');
    g_string_append_c(s, *p);
  }
  if (quote) g_string_append_c(s, '"');
  g_string_append_c(s, end);
}

static void add_csv_head(GString *s) {
  for (int f = 0; f < FIELD_COUNT; f++) add_field(s, field_info((ModelField)f)->name, f + 1 < FIELD_COUNT ? ',' : '\n');
}

static void add_csv(GString *s, const Forest *forest, const ForestNode *node, const char *label_key) {
  for (int f = 0; f < FIELD_COUNT; f++) {
    g_autofree char *text = node_field_text(forest, node, (ModelField)f, label_key);
    add_field(s, text ? text : "", f + 1 < FIELD_COUNT ? ',' : '\n');
  }
}

static void add_json(GString *s, const Forest *forest, const ForestNode *node, const char *label_key) {
  cJSON *o = cJSON_CreateObject();
  for (int f = 0; f < FIELD_COUNT; f++) {
    g_autofree char *field = node_field_text(forest, node, (ModelField)f, label_key);
    field_json_add(o, (ModelField)f, node_field_number(node, (ModelField)f), field);
  }
  char *text = cJSON_PrintUnformatted(o);
  if (text) g_string_append_printf(s, "%s\n", text);
  cJSON_free(text);
  cJSON_Delete(o);
}

char *export_text(const Forest *forest, const GPtrArray *nodes, ExportFormat format, const char *label_key) {
  GString *s = g_string_new(NULL);
  if (format == EXPORT_CSV) add_csv_head(s);
  for (guint i = 0; i < nodes->len; i++) {
    const ForestNode *node = nodes->pdata[i];
    const Model *m = node->model;
    if (format == EXPORT_CSV) add_csv(s, forest, node, label_key);
    else if (format == EXPORT_JSONL) add_json(s, forest, node, label_key);
    else if (format == EXPORT_NAMES) g_string_append_printf(s, "%s\n", node->name);
    else if (format == EXPORT_PATHS) g_string_append_printf(s, "%s\n", m ? m->shown : node->name);
    else g_string_append_printf(s, "%s\n", m ? m->shapes : "");
  }
  return g_string_free(s, FALSE);
}

bool export_format_for(const char *path, ExportFormat *format) {
  static const struct {
    const char *ending;
    ExportFormat format;
  } endings[] = {{".csv", EXPORT_CSV}, {".jsonl", EXPORT_JSONL}, {".json", EXPORT_JSONL}, {".txt", EXPORT_PATHS}};
  g_autofree char *name = g_path_get_basename(path);
  *format = EXPORT_PATHS;
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++)
    if (g_str_has_suffix(name, endings[i].ending)) return *format = endings[i].format, true;
  return strchr(name, '.') == NULL;
}
