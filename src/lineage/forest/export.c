/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/export.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/json.h"
#include "lineage/forest/outline.h"

/* What a parent is called: its path, or ghost:NAME. The caller frees it. */
static char *parent_text(const Forest *forest, const ForestNode *node) {
  const ParentEdge *e = forest_parent_edge(node);
  const ForestNode *parent = e ? forest_node(forest, e->parent) : NULL;
  if (!parent) return g_strdup("");
  return parent->model ? g_strdup(parent->model->shown) : g_strconcat("ghost:", parent->name, NULL);
}

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

static const char csv_head[] =
    "path,name,kind,format,params,bytes,tensors,tree,parent,edge,source,confidence,moved,concept\n";

static void add_number(GString *s, double value, char end) {
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  if (isfinite(value)) g_string_append(s, g_ascii_formatd(text, sizeof text, "%.6g", value));
  g_string_append_c(s, end);
}

static void add_csv(GString *s, const Forest *forest, const ForestNode *node, const char *label_key) {
  const Model *m = node->model;
  const ParentEdge *e = forest_parent_edge(node);
  const char *concept = m ? model_concept(m, label_key) : NULL;
  g_autofree char *parent = parent_text(forest, node);
  add_field(s, m ? m->shown : "", ',');
  add_field(s, node->name, ',');
  add_field(s, m ? model_kind_name(m->kind) : "ghost", ',');
  add_field(s, m ? m->format : "", ',');
  g_string_append_printf(s, "%" PRIu64 ",%" PRIu64 ",%u,%d,", m ? m->params : 0, m ? m->bytes : 0, m ? m->tensors : 0,
                         node->tree + 1);
  add_field(s, parent, ',');
  add_field(s, e ? edge_kind_name(e->kind) : "", ',');
  add_field(s, e ? edge_source_name(e->source) : "", ',');
  add_number(s, e ? e->confidence : NAN, ',');
  add_number(s, e ? e->distance : NAN, ',');
  add_field(s, concept ? concept : "", '\n');
}

static void add_json(GString *s, const Forest *forest, const ForestNode *node, const char *label_key) {
  const Model *m = node->model;
  const ParentEdge *e = forest_parent_edge(node);
  g_autofree char *parent = parent_text(forest, node);
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "path", m ? m->shown : NULL);
  json_add_string(o, "name", node->name);
  json_add_string(o, "kind", m ? model_kind_name(m->kind) : "ghost");
  json_add_string(o, "format", m ? m->format : NULL);
  json_add_u64(o, "params", m ? m->params : 0);
  json_add_u64(o, "bytes", m ? m->bytes : 0);
  json_add_u64(o, "tensors", m ? m->tensors : 0);
  json_add_u64(o, "tree", (uint64_t)(node->tree + 1));
  json_add_string(o, "parent", *parent ? parent : NULL);
  json_add_string(o, "edge", e ? edge_kind_name(e->kind) : NULL);
  json_add_string(o, "source", e ? edge_source_name(e->source) : NULL);
  json_add_number(o, "confidence", e ? e->confidence : NAN);
  json_add_number(o, "moved", e ? e->distance : NAN);
  json_add_string(o, "concept", m ? model_concept(m, label_key) : NULL);
  char *text = cJSON_PrintUnformatted(o);
  if (text) g_string_append_printf(s, "%s\n", text);
  cJSON_free(text);
  cJSON_Delete(o);
}

char *export_text(const Forest *forest, const GPtrArray *nodes, ExportFormat format, const char *label_key) {
  GString *s = g_string_new(format == EXPORT_CSV ? csv_head : NULL);
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
