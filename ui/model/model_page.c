/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/model/model_page.h"

#include "ui/toolkit/paint.h"

const PageOps *const page_table[PAGE_COUNT] = {
    [PAGE_OVERVIEW] = &page_overview, [PAGE_LAYERS] = &page_layers, [PAGE_LAYER] = &page_layer,
    [PAGE_CARD] = &page_card,         [PAGE_LIKE] = &page_like,     [PAGE_SAYS] = &page_says};

void subject_clear(Subject *s) {
  g_clear_pointer(&s->model, model_unref);
  g_clear_pointer(&s->parent, model_unref);
  g_clear_pointer(&s->layer, g_free);
  g_clear_pointer(&s->labels, g_strfreev);
  s->node = -1;
}

const ForestNode *subject_node(const Subject *s) {
  return s->node >= 0 && s->ui->wood ? forest_node(s->ui->wood->forest, (unsigned)s->node) : NULL;
}

void subject_place(Subject *s) {
  Model *parent = NULL;
  s->node = s->ui->wood ? forest_find(s->ui->wood->forest, s->model) : -1;
  const ForestNode *node = subject_node(s);
  if (node && node->parents->len)
    parent = forest_node(s->ui->wood->forest, g_array_index(node->parents, ParentEdge, 0).parent)->model;
  if (parent) model_ref(parent);
  g_clear_pointer(&s->parent, model_unref);
  s->parent = parent;
}

Rect page_head(Cells *cells, Rect area, const char *name) {
  if (area.rows < 3) return (Rect){0};
  paint_rule(cells, area);
  g_autofree char *title = g_strdup_printf(" %s ", name);
  cells_put(cells, area.x + 2, area.y, area.columns - 2, STYLE_TITLE, title);
  return (Rect){area.x, area.y + 1, area.columns, area.rows - 1};
}

int page_card_rows(gpointer card_page, int rows) {
  enum { NONE = 4 };
  return page_card.text(card_page) ? rows : MIN(rows, NONE);
}

void page_say(Cells *cells, Rect area, const char *text) {
  paint_wrapped(cells, area.x + 2, area.y + 1, area.columns - 4, area.rows - 1, STYLE_DIM, text);
}
