/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/export.h"

#include <math.h>
#include <string.h>

#include "core/json.h"
#include "lineage/forest/node_fields.h"
#include "lineage/forest/outline.h"

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

/* Numbers as numbers, an absent one and an absent text as null. */
static void add_member(cJSON *o, const Forest *forest, const ForestNode *node, ModelField field,
                       const char *label_key) {
  const FieldInfo *info = field_info(field);
  double number = node_field_number(node, field);
  g_autofree char *text = node_field_text(forest, node, field, label_key);
  if (info->kind == FIELD_IS_NUMBER && isfinite(number) && number >= 0) json_add_u64(o, info->name, (uint64_t)number);
  else if (info->kind == FIELD_IS_REAL || info->kind == FIELD_IS_NUMBER) json_add_number(o, info->name, number);
  else json_add_string(o, info->name, text);
}

static void add_json(GString *s, const Forest *forest, const ForestNode *node, const char *label_key) {
  cJSON *o = cJSON_CreateObject();
  for (int f = 0; f < FIELD_COUNT; f++) add_member(o, forest, node, (ModelField)f, label_key);
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

static const char html_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Model trees</title>\n"
    "<style>body{font:14px sans-serif}td,th{padding:1px 1em 1px 0;text-align:left}\n"
    ".n{text-align:right}tr:hover{background:#eee}</style></head><body>\n<table>\n"
    "<tr><th>model<th>kind<th class=n>params<th class=n>size<th>from its parent<th>concept</tr>\n";

static void add_cell(GString *s, const char *attributes, const char *text) {
  g_autofree char *safe = g_markup_escape_text(text ? text : "", -1);
  g_string_append_printf(s, "<td%s>%s", attributes, safe);
}

static void add_html_row(GString *s, const Forest *forest, const OutlineRow *row, const char *label_key) {
  const ForestNode *node = forest_node(forest, row->node);
  const Model *m = node->model;
  g_autofree char *indent = g_strdup_printf(" style=\"padding-left:%dem\"", 2 * row->depth);
  g_autofree char *params = m ? text_count(m->params) : NULL;
  g_autofree char *size = m ? text_bytes(m->bytes) : NULL;
  g_autofree char *edge = outline_edge_text(node);
  g_string_append(s, "<tr>");
  add_cell(s, indent, node->name);
  add_cell(s, "", m ? model_kind_name(m->kind) : "not on disk");
  add_cell(s, " class=n", params);
  add_cell(s, " class=n", size);
  add_cell(s, "", edge);
  add_cell(s, "", m ? model_concept(m, label_key) : NULL);
  g_string_append(s, "</tr>\n");
}

char *export_html(const Forest *forest, const char *label_key) {
  GString *s = g_string_new(html_head);
  OutlineOptions all = {0};
  g_autoptr(GArray) rows = outline_rows(forest, &all);
  for (guint i = 0; i < rows->len; i++) add_html_row(s, forest, &g_array_index(rows, OutlineRow, i), label_key);
  g_string_append(s, "</table></body></html>\n");
  return g_string_free(s, FALSE);
}

ExportFormat export_format_for(const char *path) {
  if (g_str_has_suffix(path, ".csv")) return EXPORT_CSV;
  if (g_str_has_suffix(path, ".json") || g_str_has_suffix(path, ".jsonl")) return EXPORT_JSONL;
  return EXPORT_PATHS;
}
