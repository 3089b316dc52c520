/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest_columns.h"

#include <string.h>

#include "core/text.h"
#include "ui/glyph.h"
#include "ui/paint.h"
#include "ui/row_filter.h"

enum { MARK_COLUMNS = 2 };

/* What a column says of a node; NULL for nothing. The caller frees it. */
typedef char *(*ColumnText)(const ForestNode *node, const char *label_key, int columns);

static char *kind_text(const ForestNode *node, const char *label_key, int columns) {
  (void)label_key, (void)columns;
  if (!node->model) return g_strdup("ghost");
  /* The full word is wider than the others together. */
  if (node->model->kind == MODEL_EMBEDDING) return g_strdup("embed");
  return g_strdup(model_kind_name(node->model->kind));
}

static char *params_text(const ForestNode *node, const char *label_key, int columns) {
  (void)label_key, (void)columns;
  return node->model ? text_count(node->model->params) : NULL;
}

static char *size_text(const ForestNode *node, const char *label_key, int columns) {
  (void)label_key, (void)columns;
  return node->model ? text_bytes(node->model->bytes) : NULL;
}

static char *dtype_text(const ForestNode *node, const char *label_key, int columns) {
  (void)label_key, (void)columns;
  return node->model ? g_strdup(model_main_dtype(node->model)) : NULL;
}

static char *concept_text(const ForestNode *node, const char *label_key, int columns) {
  (void)columns;
  return node->model ? g_strdup(model_concept(node->model, label_key)) : NULL;
}

/* "declared fine-tune 0.98", or where that is too long, "decl 0.98". */
static char *edge_text(const ForestNode *node, const char *label_key, int columns) {
  static const char *const brief[] = {
      [EDGE_DECLARED] = "decl", [EDGE_RECOVERED] = "reco", [EDGE_BY_HAND] = "hand"};
  (void)label_key;
  if (node->duplicate_of >= 0) return g_strdup("duplicate");
  if (node->parents->len == 0) return NULL;
  const char *flag = node->card_conflict ? "!" : "";
  const ParentEdge *edge = &g_array_index(node->parents, ParentEdge, 0);
  if (columns < 16)
    return g_strdup_printf("%s%s %.2f", flag, brief[edge->source], edge->confidence);
  g_autofree char *full = outline_edge_text(node);
  return g_strconcat(flag, full, NULL);
}

typedef struct {
  const char *title;
  int from;       /* shown when the line has this many columns */
  int width;      /* its columns then */
  int grows_from; /* from here on it grows by one column for every four; 0: never */
  int most;
  bool right;
  ColumnText text;
} Column;

static const Column column_table[] = {
    {"KIND", 56, 5, 0, 5, false, kind_text},
    {"PARAMS", 34, 6, 0, 6, true, params_text},
    {"SIZE", 76, 7, 0, 7, true, size_text},
    {"DTYPE", 92, 6, 0, 6, false, dtype_text},
    {"CONCEPT", 60, 14, 80, 28, false, concept_text},
    {"EDGE", 64, 10, 104, 26, false, edge_text},
};

/* Columns of a column in a line of the given width; 0: left out. */
static int column_width(const Column *c, int line) {
  if (line < c->from) return 0;
  if (!c->grows_from || line <= c->grows_from) return c->width;
  return MIN(c->width + (line - c->grows_from) / 4, c->most);
}

static int name_width(int line) {
  int rest = line - MARK_COLUMNS;
  for (size_t i = 0; i < G_N_ELEMENTS(column_table); i++) {
    int w = column_width(&column_table[i], line);
    if (w) rest -= w + 1;
  }
  return MAX(rest, 1);
}

static void put_column(Cells *cells, int x, int y, int width, const Column *c, Style style,
                       const char *text) {
  if (c->right)
    paint_right(cells, x, y, width, style, text);
  else
    paint_left(cells, x, y, width, style, text);
}

void forest_header_draw(Cells *cells, Rect area) {
  int x = area.x + MARK_COLUMNS, name = name_width(area.columns);
  cells_fill(cells, (Rect){area.x, area.y, area.columns, 1}, STYLE_HEADER);
  paint_left(cells, x, area.y, name, STYLE_HEADER, "NAME");
  x += name;
  for (size_t i = 0; i < G_N_ELEMENTS(column_table); i++) {
    const Column *c = &column_table[i];
    int w = column_width(c, area.columns);
    if (!w) continue;
    put_column(cells, x + 1, area.y, w, c, STYLE_HEADER, c->title);
    x += w + 1;
  }
}

static Style edge_style(const ForestNode *node) {
  if (node->card_conflict) return STYLE_WARN;
  if (node->duplicate_of >= 0 || node->parents->len == 0) return STYLE_DIM;
  switch (g_array_index(node->parents, ParentEdge, 0).source) {
    case EDGE_RECOVERED: return STYLE_RECOVERED;
    case EDGE_BY_HAND: return STYLE_BY_HAND;
    default: return STYLE_DECLARED;
  }
}

static Style column_style(const Column *c, const OutlineRow *row, const ForestNode *node) {
  if (row->dimmed || !node->model) return STYLE_DIM;
  if (c->text == concept_text) return STYLE_CONCEPT;
  return c->text == edge_text ? edge_style(node) : STYLE_TEXT;
}

/* Brings out the first place where the name holds the text. */
static void draw_match(Cells *cells, int x, int y, int columns, const char *name,
                       const char *match) {
  gsize n = strlen(match);
  for (const char *p = name; n && *p; p = g_utf8_next_char(p)) {
    if (g_ascii_strncasecmp(p, match, n) != 0) continue;
    g_autofree char *before = g_strndup(name, (gsize)(p - name));
    int at = text_width(before);
    cells_restyle(cells, x + at, y, MIN(text_width(match), columns - at), STYLE_MATCH);
    return;
  }
}

static void draw_name(Cells *cells, int x, int y, int columns, const OutlineRow *row,
                      const ForestNode *node, const RowLook *look) {
  Style style = row->dimmed || !node->model ? STYLE_DIM : look->tagged ? STYLE_TAGGED : STYLE_TEXT;
  int used = cells_put(cells, x, y, columns, STYLE_BRANCH, row->branch);
  if (node->children->len) {
    Glyph sign = row->folded ? GLYPH_FOLDED : GLYPH_OPEN;
    used += cells_put(cells, x + used, y, columns - used, STYLE_BRANCH, glyph(cells->ascii, sign));
    used += 1;
  }
  g_autofree char *below = row->folded ? g_strdup_printf(" (%u)", row->descendants) : g_strdup("");
  int room = columns - used - (int)strlen(below);
  int width = MIN(text_width(node->name), room);
  paint_left(cells, x + used, y, width, style, node->name);
  if (look->match) draw_match(cells, x + used, y, width, node->name, look->match);
  if (width > 0) cells_put(cells, x + used + width, y, columns - used - width, STYLE_DIM, below);
}

static void draw_mark(Cells *cells, int x, int y, const ForestNode *node, bool tagged) {
  if (tagged)
    cells_put(cells, x, y, 1, STYLE_TAGGED, glyph(cells->ascii, GLYPH_TAG));
  else if (node->card_conflict)
    cells_put(cells, x, y, 1, STYLE_WARN, "!");
  else if (node->duplicate_of >= 0)
    cells_put(cells, x, y, 1, STYLE_DIM, "=");
}

void forest_row_draw(Cells *cells, int x, int y, int columns, const OutlineRow *row,
                     const ForestNode *node, const RowLook *look) {
  int name = name_width(columns), at = x + MARK_COLUMNS;
  draw_mark(cells, x, y, node, look->tagged);
  draw_name(cells, at, y, name, row, node, look);
  at += name;
  for (size_t i = 0; i < G_N_ELEMENTS(column_table); i++) {
    const Column *c = &column_table[i];
    int w = column_width(c, columns);
    if (!w) continue;
    g_autofree char *text = c->text(node, look->label_key, w);
    if (text) put_column(cells, at + 1, y, w, c, column_style(c, row, node), text);
    at += w + 1;
  }
  if (look->selected) cells_restyle(cells, x, y, columns, STYLE_SELECTED);
}
