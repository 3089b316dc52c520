/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/forest_columns.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "lineage/forest/node_fields.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"
#include "search/filter.h"
#include "search/opinion.h"
#include "search/question_field.h"
#include "search/word_match.h"

enum { MARK_COLUMNS = 2 };

/* What a column says of a node; NULL for nothing. The caller frees it. */
typedef char *(*ColumnText)(const ForestNode *node, const RowLook *look, int columns);

static char *kind_text(const ForestNode *node, const RowLook *look, int columns) {
  (void)columns;
  /* The full word is wider than the others together. */
  if (node->model && node->model->kind == MODEL_EMBEDDING) return g_strdup("embed");
  return node_field_text(look->forest, node, FIELD_KIND, NULL);
}

static char *dtype_text(const ForestNode *node, const RowLook *look, int columns) {
  (void)look, (void)columns;
  return node->model ? g_strdup(model_main_dtype(node->model)) : NULL;
}

static char *concept_text(const ForestNode *node, const RowLook *look, int columns) {
  (void)columns;
  return node->model ? model_concept_text(node->model, look->label_key) : NULL;
}

/* "declared fine-tune 0.98", "decl fine-tune 0.98" or "decl 0.98": the longest that fits. */
static char *edge_text(const ForestNode *node, const RowLook *look, int columns) {
  static const char *const brief[] = {[EDGE_DECLARED] = "decl", [EDGE_RECOVERED] = "reco", [EDGE_BY_HAND] = "hand"};
  (void)look;
  if (node->duplicate_of >= 0) return g_strdup("duplicate");
  const ParentEdge *edge = forest_parent_edge(node);
  if (!edge) return NULL;
  const char *flag = node->card_conflict ? "!" : "";
  g_autofree char *text = outline_edge_text(node);
  g_autofree char *full = g_strconcat(flag, text, NULL);
  if (text_width(full) <= columns) return g_steal_pointer(&full);
  g_autofree char *half =
      g_strdup_printf("%s%s %s %.2f", flag, brief[edge->source], edge_kind_name(edge->kind), edge->confidence);
  if (text_width(half) <= columns) return g_steal_pointer(&half);
  return g_strdup_printf("%s%s %.2f", flag, brief[edge->source], edge->confidence);
}

static char *tag_text(const ForestNode *node, const RowLook *look, int columns) {
  (void)node, (void)columns;
  return g_strdup(look->tagged ? "tag" : NULL);
}

/* "solid pink squ… 0.98": however narrow, with how sure the expert is. */
static char *says_text(const ForestNode *node, const RowLook *look, int columns) {
  if (!node->model || !look->predicted) return NULL;
  const char *predicted = g_hash_table_lookup(look->predicted, node->model->path);
  const char *sure = predicted ? saying_sure(predicted) : NULL;
  int room = sure ? columns - text_width(sure) : 0;
  if (room < 4 || text_width(predicted) <= columns) return g_strdup(predicted);
  g_autofree char *words = g_strndup(predicted, (gsize)(sure - predicted));
  g_autofree char *fitted = text_fit(words, room, look->ascii ? "~" : "…");
  return g_strconcat(fitted, sure, NULL);
}

/* What somebody wrote of it, or else why it stands there. */
static char *note_text(const ForestNode *node, const RowLook *look, int columns) {
  (void)columns;
  char *own = node_field_text(look->forest, node, FIELD_NOTE, NULL);
  return own ? own : node_field_text(look->forest, node, FIELD_REASON, NULL);
}

static char *children_text(const ForestNode *node, const RowLook *look, int columns) {
  (void)look, (void)columns;
  return node->children->len ? g_strdup_printf("%u", node->children->len) : NULL;
}

/* A column of a field of collection/fields.def, or one of the screen alone. */
typedef struct {
  const char *name, *title; /* NULL: as the field's */
  ModelField field;         /* FIELD_COUNT: none */
  int from;                 /* of the standard set: shown when the line has this many columns */
  int width;                /* its columns then */
  int grows_from;           /* from here on it grows by one column for every four; 0: never */
  int most;
  ColumnText text; /* NULL: what the field says */
} Column;

static const Column column_table[FOREST_COLUMNS] = {
    {NULL, NULL, FIELD_KIND, 56, 5, 0, 5, kind_text},
    {NULL, NULL, FIELD_PARAMS, 34, 6, 0, 6, NULL},
    {"size", NULL, FIELD_BYTES, 76, 7, 0, 7, NULL},
    {NULL, NULL, FIELD_DTYPE, 92, 6, 0, 6, dtype_text},
    {NULL, NULL, FIELD_CONCEPT, 60, 14, 80, 28, concept_text},
    {NULL, NULL, FIELD_EDGE, 64, 10, 104, 26, edge_text},
    {"sure", NULL, FIELD_CONFIDENCE, 0, 4, 0, 4, NULL},
    {NULL, NULL, FIELD_MOVED, 0, 7, 0, 7, NULL},
    {"says", "EXPERT SAYS", FIELD_COUNT, 0, 18, 0, 18, says_text},
    {NULL, NULL, FIELD_TENSORS, 0, 7, 0, 7, NULL},
    {NULL, NULL, FIELD_CHILDREN, 0, 5, 0, 5, children_text},
    {NULL, NULL, FIELD_TREE, 0, 4, 0, 4, NULL},
    {NULL, NULL, FIELD_FORMAT, 0, 11, 0, 11, NULL},
    {NULL, NULL, FIELD_LICENSE, 0, 12, 0, 12, NULL},
    {NULL, NULL, FIELD_BASE, 0, 20, 0, 20, NULL},
    {NULL, NULL, FIELD_SPLIT, 0, 12, 0, 12, NULL},
    {"tag", "TAG", FIELD_COUNT, 0, 3, 0, 3, tag_text},
    {NULL, NULL, FIELD_NOTE, 0, 24, 0, 24, note_text},
    {NULL, NULL, FIELD_TAGS, 0, 20, 0, 20, NULL},
    {NULL, NULL, FIELD_FAMILY, 0, 14, 0, 14, NULL},
    {NULL, NULL, FIELD_FORM, 0, 8, 0, 8, NULL},
    {NULL, NULL, FIELD_RANK, 0, 4, 0, 4, NULL},
    {NULL, NULL, FIELD_DATE, 0, 10, 0, 10, NULL},
    {"duplicate", NULL, FIELD_DUPLICATE_OF, 0, 20, 0, 20, NULL},
    {NULL, NULL, FIELD_CONFLICT, 0, 8, 0, 8, NULL},
    {NULL, NULL, FIELD_FAVOURITE, 0, 9, 0, 9, NULL},
    {NULL, NULL, FIELD_WHAT, 0, 24, 0, 24, NULL},
    {NULL, NULL, FIELD_PARENT, 0, 20, 0, 20, NULL},
    {NULL, NULL, FIELD_SOURCE, 0, 9, 0, 9, NULL},
    {NULL, NULL, FIELD_REASON, 0, 24, 0, 24, NULL},
    {NULL, NULL, FIELD_PATH, 0, 24, 0, 24, NULL},
};

static const char *column_title(const Column *c) { return c->title ? c->title : field_info(c->field)->title; }

/* True for numbers, which are written and ordered as such. */
static bool is_number(const Column *c) {
  if (c->field == FIELD_COUNT) return false;
  FieldKind kind = field_info(c->field)->kind;
  return kind == FIELD_IS_NUMBER || kind == FIELD_IS_REAL;
}

static char *column_text(const Column *c, const ForestNode *node, const RowLook *look, int columns) {
  if (c->text) return c->text(node, look, columns);
  return node_field_shown(look->forest, node, c->field, look->label_key);
}

/* What it is ordered by; NAN where there is nothing, or letters decide. An edge counts by how sure it is. */
static double column_number(const Column *c, const ForestNode *node) {
  ModelField field = c->field == FIELD_EDGE ? FIELD_CONFIDENCE : c->field;
  return field < FIELD_COUNT ? node_field_number(node, field) : NAN;
}

enum { STANDARD_COLUMNS = 6, NAME_LEAST = 20 };

const char *forest_column_name(int column) {
  const Column *c = &column_table[column];
  return c->name ? c->name : field_info(c->field)->name;
}

int forest_column_find(const char *name) {
  for (int i = 0; i < FOREST_COLUMNS; i++)
    if (g_str_equal(forest_column_name(i), name)) return i;
  return -1;
}

static void set_standard(ColumnSet *set) {
  *set = (ColumnSet){.n = STANDARD_COLUMNS, .standard = true};
  for (int i = 0; i < STANDARD_COLUMNS; i++) set->which[i] = i;
}

static bool set_holds(const ColumnSet *set, int column) {
  for (int i = 0; i < set->n; i++)
    if (set->which[i] == column) return true;
  return false;
}

static void note_standard(ColumnSet *set) {
  set->standard = set->n == STANDARD_COLUMNS;
  for (int i = 0; i < set->n; i++) set->standard &= set->which[i] == i;
}

bool column_set_parse(ColumnSet *set, const char *text, char **wrong) {
  g_auto(GStrv) words = g_strsplit_set(text, " ,", -1);
  *set = (ColumnSet){0};
  for (char **w = words; *w; w++) {
    if (!**w) continue;
    int column = forest_column_find(*w);
    if (column < 0) {
      if (wrong) *wrong = g_strdup(*w);
      set_standard(set);
      return false;
    }
    if (!set_holds(set, column)) set->which[set->n++] = column;
  }
  note_standard(set);
  return true;
}

char *column_set_text(const ColumnSet *set) {
  GString *s = g_string_new(NULL);
  for (int i = 0; i < set->n; i++) g_string_append_printf(s, "%s%s", i ? " " : "", forest_column_name(set->which[i]));
  return g_string_free(s, FALSE);
}

void column_set_toggle(ColumnSet *set, int column) {
  ColumnSet before = *set;
  set->n = 0;
  if (!set_holds(&before, column)) set->which[set->n++] = column;
  for (int i = 0; i < before.n; i++)
    if (before.which[i] != column) set->which[set->n++] = before.which[i];
  note_standard(set);
}

ColumnSet column_set_without(const ColumnSet *set, int column) {
  ColumnSet rest = *set;
  rest.n = 0;
  for (int i = 0; i < set->n; i++)
    if (set->which[i] != column) rest.which[rest.n++] = set->which[i];
  return rest;
}

char *forest_column_text(int column, const ForestNode *node, const RowLook *look, int columns) {
  return column_text(&column_table[column], node, look, columns);
}

double forest_column_number(int column, const ForestNode *node) { return column_number(&column_table[column], node); }

int forest_column_compare_numbers(double a, double b) {
  if (isnan(a) || isnan(b)) return (int)isnan(a) - (int)isnan(b);
  return (a < b) - (a > b);
}

int forest_column_compare(int column, const ForestNode *a, const ForestNode *b, const RowLook *look) {
  if (!forest_column_is_text(column))
    return forest_column_compare_numbers(forest_column_number(column, a), forest_column_number(column, b));
  g_autofree char *x = forest_column_key(column, a, look), *y = forest_column_key(column, b, look);
  return forest_column_compare_keys(x, y);
}

bool forest_column_is_text(int column) {
  const Column *c = &column_table[column];
  return !is_number(c) && c->field != FIELD_EDGE;
}

/* Dates lie in time as a question orders them, whoever wrote them: a bare year, a day, seconds. NULL for none. */
static char *date_key(const Model *model, ModelField field) {
  SortKey key = model ? question_sort_key(model, field_info(field)->name) : (SortKey){NULL, NAN};
  return isfinite(key.number) ? g_strdup_printf("%020.0f", key.number) : key.text;
}

char *forest_column_key(int column, const ForestNode *node, const RowLook *look) {
  ModelField field = column_table[column].field;
  if (field < FIELD_COUNT && field_info(field)->kind == FIELD_IS_DATE) return date_key(node->model, field);
  g_autofree char *text = column_text(&column_table[column], node, look, 99);
  return text ? g_utf8_collate_key(text, -1) : NULL;
}

int forest_column_compare_keys(const char *a, const char *b) {
  return a && b ? strcmp(a, b) : (a == NULL) - (b == NULL);
}

/* Columns of a standard column in a line of the given width; 0: left out. */
static int standard_width(const Column *c, int line) {
  if (line < c->from) return 0;
  if (!c->grows_from || line <= c->grows_from) return c->width;
  return MIN(c->width + (line - c->grows_from) / 4, c->most);
}

enum { MARK, NAME, FIRST, TABLE_MOST = FIRST + FOREST_COLUMNS }; /* of the table: what stands before the set */

/* Of a text that is cut where there is no room; numbers have the columns that they need. */
static int column_most(const ColumnSet *set, int column) {
  enum { MOST = 40 };
  return is_number(&column_table[column]) ? 0 : MIN(set->needs[column], (int)MOST);
}

/* The set as a table: the mark, the name, then its columns as wide as they are in such a line; what the name does not
 * need is theirs. */
static int table_of(const ColumnSet *set, int line, TableColumn *table, int *needs) {
  table[MARK] = (TableColumn){.title = "", .least = MARK_COLUMNS - 1};
  table[NAME] = (TableColumn){.title = "NAME", .least = NAME_LEAST, .flags = TABLE_NAME};
  needs[MARK] = 0, needs[NAME] = set->name_needs;
  for (int i = 0; i < set->n; i++) {
    const Column *c = &column_table[set->which[i]];
    int width = set->standard ? standard_width(c, line) : c->width, most = column_most(set, set->which[i]);
    if (set->name_needs && !is_number(c)) width = MIN(width, MAX(most, text_width(column_title(c))));
    table[FIRST + i] = (TableColumn){.title = column_title(c),
                                     .least = width,
                                     .most = MAX(most, width),
                                     .flags = TABLE_SPARE | (is_number(c) ? TABLE_RIGHT : 0)};
    needs[FIRST + i] = most;
  }
  return FIRST + set->n;
}

/* The columns of a set. An edge is told in full, in brief or as a number, and what lies between is of no use: it grows
 * to the longest of these that names and the other columns leave room for. */
static int lay_out(const ColumnSet *set, int line, TableColumn *table, TablePlace *places) {
  enum { BRIEFER = 4 }; /* "decl" is shorter than "declared" */
  int needs[TABLE_MOST], n = table_of(set, line, table, needs), edge = -1;
  for (int i = 0; i < set->n; i++)
    if (column_table[set->which[i]].text == edge_text) edge = FIRST + i;
  int full = edge < 0 ? 0 : needs[edge], least = edge < 0 ? 0 : table[edge].least;
  if (edge >= 0) needs[edge] = 0;
  table_lay_out(table, n, 0, line, needs, places);
  int spare = places[NAME].columns - MAX(set->name_needs, (int)NAME_LEAST);
  int wanted = spare >= full - least ? full : full - BRIEFER;
  if (edge < 0 || !places[edge].columns || wanted <= least || spare < wanted - least) return n;
  needs[edge] = wanted;
  table_lay_out(table, n, 0, line, needs, places);
  return n;
}

void forest_header_draw(Cells *cells, Rect area, const ColumnSet *set, int sorted, bool reverse) {
  TableColumn table[TABLE_MOST];
  TablePlace places[TABLE_MOST];
  int n = lay_out(set, area.columns, table, places), mark = -1;
  for (int i = 0; i < set->n; i++)
    if (set->which[i] == sorted) mark = FIRST + i;
  table_head_draw(table, n, places, mark, reverse, cells, area);
}

int forest_header_column(const ColumnSet *set, int columns, int x) {
  TableColumn table[TABLE_MOST];
  TablePlace places[TABLE_MOST];
  int at = table_column_at(places, lay_out(set, columns, table, places), x);
  if (at == NAME) return FOREST_COLUMNS;
  return at >= FIRST ? set->which[at - FIRST] : -1;
}

static Style edge_style(const ForestNode *node) {
  if (node->card_conflict) return STYLE_WARN;
  if (node->duplicate_of >= 0 || node->parents->len == 0) return STYLE_DIM;
  switch (g_array_index(node->parents, ParentEdge, 0).source) {
    case EDGE_RECOVERED:
      return STYLE_RECOVERED;
    case EDGE_BY_HAND:
      return STYLE_BY_HAND;
    default:
      return STYLE_DECLARED;
  }
}

static Style column_style(const Column *c, const OutlineRow *row, const ForestNode *node) {
  if (row->dimmed || !node->model) return STYLE_DIM;
  if (c->text == concept_text || c->text == says_text) return STYLE_CONCEPT;
  return c->text == edge_text ? edge_style(node) : STYLE_TEXT;
}

/* Where the name holds the text: where a word begins, or else anywhere; NULL. */
static const char *find_match(const char *name, const char *match) {
  const char *inside = NULL;
  gsize n = strlen(match);
  for (const char *p = name; n && *p; p = g_utf8_next_char(p)) {
    if (g_ascii_strncasecmp(p, match, n) != 0) continue;
    if (word_begins(name, p)) return p;
    if (!inside) inside = p;
  }
  return inside;
}

static void draw_match(Cells *cells, int x, int y, int columns, const char *name, const char *match) {
  const char *found = find_match(name, match);
  if (!found) return;
  g_autofree char *before = g_strndup(name, (gsize)(found - name));
  int at = text_width(before);
  cells_restyle(cells, x + at, y, MIN(text_width(match), columns - at), STYLE_MATCH);
}

char *forest_branch_fit(const OutlineRow *row, int columns, bool ascii) {
  enum { LEVEL = 3 };
  int width = text_width(row->branch);
  if (width <= columns) return g_strdup(row->branch);
  char mark[24];
  g_snprintf(mark, sizeof mark, "%s%-2d ", ascii ? ".." : "\xe2\x8b\xaf", row->depth);
  int levels = MAX((columns - text_width(mark)) / LEVEL, 1);
  const char *rest = row->branch;
  while (*rest && width > levels * LEVEL) {
    width -= text_char_width(g_utf8_get_char(rest));
    rest = g_utf8_next_char(rest);
  }
  return g_strconcat(mark, rest, NULL);
}

/* " (1,920)" behind the name of a row that is folded. The caller frees it. */
static char *below_text(const OutlineRow *row) {
  if (!row->folded) return g_strdup("");
  g_autofree char *number = text_whole(row->descendants);
  return g_strdup_printf(" (%s)", number);
}

void column_set_measure(ColumnSet *set, const OutlineRow *row, const ForestNode *node, const RowLook *look) {
  enum { LEVEL = 3, SIGN = 2, WIDE = 999 };
  g_autofree char *name = name_set_fit(look->names, row->node, WIDE, ""), *below = below_text(row);
  int lines = LEVEL * (int)row->depth + (node->children->len && !look->flat ? SIGN : 0);
  set->name_needs = MAX(set->name_needs, lines + text_width(name) + text_width(below));
  for (int i = 0; i < set->n; i++) {
    int column = set->which[i];
    if (is_number(&column_table[column])) continue;
    g_autofree char *text = column_text(&column_table[column], node, look, WIDE);
    if (text) set->needs[column] = MAX(set->needs[column], text_width(text));
  }
}

static void draw_name(Cells *cells, int x, int y, int columns, const OutlineRow *row, const ForestNode *node,
                      const RowLook *look) {
  Style style = row->dimmed || !node->model ? STYLE_DIM : look->tagged ? STYLE_TAGGED : STYLE_TEXT;
  /* However deep the tree, a name keeps its columns. */
  g_autofree char *branch = forest_branch_fit(row, MAX(columns - NAME_LEAST - 2, columns / 3), cells->ascii);
  int used = cells_put(cells, x, y, columns, STYLE_BRANCH, branch);
  if (node->children->len && !look->flat) {
    Glyph sign = row->folded ? GLYPH_FOLDED : GLYPH_OPEN;
    used += cells_put(cells, x + used, y, columns - used, STYLE_BRANCH, glyph(cells->ascii, sign));
    used += 1;
  }
  g_autofree char *below = below_text(row);
  int room = columns - used - (int)strlen(below);
  g_autofree char *name = name_set_fit(look->names, row->node, MAX(room, 0), glyph(cells->ascii, GLYPH_ELLIPSIS));
  int width = text_width(name);
  paint_left(cells, x + used, y, width, style, name);
  if (look->match) draw_match(cells, x + used, y, width, name, look->match);
  if (width > 0) cells_put(cells, x + used + width, y, columns - used - width, STYLE_DIM, below);
}

static void draw_mark(Cells *cells, int x, int y, const ForestNode *node, bool tagged) {
  if (tagged) cells_put(cells, x, y, 1, STYLE_TAGGED, glyph(cells->ascii, GLYPH_TAG));
  else if (node->card_conflict) cells_put(cells, x, y, 1, STYLE_WARN, "!");
  else if (node->model && model_value(node->model, "favourite"))
    cells_put(cells, x, y, 1, STYLE_BY_HAND, glyph(cells->ascii, GLYPH_STAR));
  else if (node->duplicate_of >= 0) cells_put(cells, x, y, 1, STYLE_DIM, "=");
  else if (node->parents->len > 1) cells_put(cells, x, y, 1, STYLE_RECOVERED, "&");
  else if (!node->model) cells_put(cells, x, y, 1, STYLE_DIM, "?");
}

void forest_row_draw(Cells *cells, int x, int y, int columns, const ColumnSet *set, const OutlineRow *row,
                     const ForestNode *node, const RowLook *look) {
  TableColumn table[TABLE_MOST];
  TablePlace places[TABLE_MOST];
  lay_out(set, columns, table, places);
  draw_mark(cells, x, y, node, look->tagged);
  draw_name(cells, x + places[NAME].x, y, places[NAME].columns, row, node, look);
  for (int i = 0; i < set->n; i++) {
    const Column *c = &column_table[set->which[i]];
    TablePlace place = places[FIRST + i];
    if (!place.columns) continue;
    g_autofree char *text = column_text(c, node, look, place.columns);
    TableCell cell = {text, column_style(c, row, node), NAN};
    table_cell_draw(&table[FIRST + i], place, &cell, cells, x, y);
  }
  if (look->in_range && !look->selected) cells_restyle(cells, x, y, columns, STYLE_TAGGED);
  if (look->selected) cells_restyle(cells, x, y, columns, STYLE_SELECTED);
}
