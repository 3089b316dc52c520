/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/forest_facts.h"

#include <math.h>

#include "collection/model_fields.h"
#include "core/text.h"
#include "experts/task/label_list.h"
#include "ui/toolkit/paint.h"

/* Where the next line goes. */
typedef struct {
  Cells *cells;
  Rect area;
  int y;
} Page;

/* Names of facts are short ones mostly; where there is room, longer ones are whole, too. */
enum { LABEL_LEAST = 9, LABEL_MOST = 16, LABEL_MOST_FROM = 48 };

static int label_columns(const Page *page) { return page->area.columns >= LABEL_MOST_FROM ? LABEL_MOST : LABEL_LEAST; }

static int rows_left(const Page *page) { return page->area.y + page->area.rows - page->y; }

static void say(Page *page, const char *label, Style style, const char *text) {
  int label_width = label_columns(page), columns = page->area.columns - label_width;
  if (rows_left(page) <= 0 || columns < 4 || !text || !*text) return;
  paint_left(page->cells, page->area.x, page->y, label_width - 1, STYLE_LABEL, label);
  /* Three lines of one fact are enough: a card may hold a novel. */
  page->y +=
      paint_wrapped(page->cells, page->area.x + label_width, page->y, columns, MIN(rows_left(page), 3), style, text);
}

static void say_parents(Page *page, const Forest *forest, const ForestNode *node) {
  for (guint i = 0; i < node->parents->len; i++) {
    const ParentEdge *edge = &g_array_index(node->parents, ParentEdge, i);
    say(page, i ? "" : "parent", STYLE_TEXT, forest_node(forest, edge->parent)->name);
    GString *how = g_string_new(NULL);
    g_string_printf(how, "%s %s, %.2f sure", edge_source_name(edge->source), edge_kind_name(edge->kind),
                    edge->confidence);
    if (edge->weight < 0.995) g_string_append_printf(how, ", share %.2f", edge->weight);
    if (isfinite(edge->distance)) g_string_append_printf(how, ", moved %.3g", edge->distance);
    say(page, "", STYLE_DIM, how->str);
    g_string_free(how, TRUE);
  }
}

static void say_relations(Page *page, const Forest *forest, const ForestNode *node) {
  g_autofree char *tree = g_strdup_printf("%d", node->tree + 1);
  say(page, "tree", STYLE_TEXT, tree);
  say_parents(page, forest, node);
  if (node->children->len) {
    g_autofree char *children = text_whole(node->children->len);
    say(page, "children", STYLE_TEXT, children);
  }
  if (node->duplicate_of >= 0)
    say(page, "same as", STYLE_WARN, forest_node(forest, (unsigned)node->duplicate_of)->name);
  if (node->card_conflict) say(page, "conflict", STYLE_WARN, "the card names another parent than the weights");
  say(page, "note", STYLE_DIM, node->note);
}

static void say_model(Page *page, const Model *model) {
  g_autofree char *kind = g_strdup_printf("%s, %s", model_kind_name(model->kind), model->format);
  g_autofree char *params = text_count(model->params);
  g_autofree char *bytes = text_bytes(model->bytes);
  g_autofree char *dtypes = model_dtypes_text(model);
  g_autofree char *size = g_strdup_printf("%s params, %s, %u tensors", params, bytes, model->tensors);
  say(page, "path", STYLE_TEXT, model->shown);
  say(page, "kind", STYLE_TEXT, kind);
  say(page, "size", STYLE_TEXT, size);
  say(page, "dtypes", STYLE_TEXT, dtypes);
}

static void say_facts(Page *page, const Model *model) {
  if (model->facts->len && rows_left(page) > 2) page->y++;
  for (guint i = 0; i < model->facts->len && rows_left(page) > 0; i++) {
    const Fact *fact = model->facts->pdata[i];
    g_autofree char *value = label_list_text(fact->value);
    g_autofree char *text = g_strdup_printf("%s (%s)", value, fact->source);
    say(page, fact->key, STYLE_TEXT, text);
  }
}

void forest_facts_draw(Cells *cells, Rect area, const Forest *forest, int node) {
  const ForestNode *n = forest_node(forest, (unsigned)node);
  Page page = {cells, area, area.y};
  paint_left(cells, area.x, page.y++, area.columns, STYLE_TITLE, n->name);
  if (n->model) say_model(&page, n->model);
  else say(&page, "kind", STYLE_DIM, "a parent that is not on this disk");
  say_relations(&page, forest, n);
  if (n->model) say_facts(&page, n->model);
}
