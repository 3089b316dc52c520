/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/overlay/overlay.h"

#include <math.h>
#include <string.h>

#include "core/text.h"
#include "ui/desk/slice.h"
#include "ui/toolkit/glyph.h"
#include "ui/toolkit/paint.h"
#include "ui/toolkit/table.h"

enum { WIDEST = 170, PREVIEW_FROM = 76, HEAD = 2 };

static bool look_further(gpointer fuzzy) { return fuzzy_work(fuzzy, SLICE_STEP); }

bool overlay_work(Overlay *o) {
  if (!o->looking) return false;
  o->looking = slice_work(look_further, o->fuzzy);
  list_resize(&o->list, (int)fuzzy_best(o->fuzzy, o->best, OVERLAY_LISTED));
  return o->looking;
}

/* The best for what is typed: of very many, those that the first slice has found. */
static void find(Overlay *o) {
  fuzzy_begin(o->fuzzy, o->edit.text->str);
  o->looking = true;
  overlay_work(o);
  list_select(&o->list, 0);
}

static void gather(Overlay *o, const Ui *ui) {
  g_clear_pointer(&o->fuzzy, fuzzy_free);
  g_clear_pointer(&o->picks, pick_list_free);
  o->picks = pick_list_new(ui, o->context, o->kinds);
  o->fuzzy = fuzzy_new(o->picks->texts, o->picks->letters, o->picks->n);
  find(o);
}

void overlay_open(Overlay *o, const Ui *ui, unsigned context, unsigned kinds) {
  overlay_close(o);
  *o = (Overlay){.open = true, .kinds = kinds, .context = context};
  line_edit_init(&o->edit, "");
  gather(o, ui);
}

void overlay_close(Overlay *o) {
  if (!o->open) return;
  fuzzy_free(o->fuzzy);
  pick_list_free(o->picks);
  line_edit_clear(&o->edit);
  *o = (Overlay){0};
}

/* All kinds, then one after the other, the models first. */
static void next_kind(Overlay *o, const Ui *ui) {
  if (o->kinds == PICK_ALL) o->kinds = 1 << PICK_MODEL;
  else if (o->kinds == 1 << PICK_ACTION) o->kinds = PICK_ALL;
  else o->kinds >>= 1;
  gather(o, ui);
}

static bool move(Overlay *o, Action action) {
  static const struct {
    Action own, list;
  } moves[] = {{ACTION_OVERLAY_DOWN, ACTION_DOWN},
               {ACTION_OVERLAY_UP, ACTION_UP},
               {ACTION_OVERLAY_PAGE_DOWN, ACTION_PAGE_DOWN},
               {ACTION_OVERLAY_PAGE_UP, ACTION_PAGE_UP}};
  for (size_t i = 0; i < G_N_ELEMENTS(moves); i++)
    if (moves[i].own == action) return list_action(&o->list, moves[i].list);
  return list_action(&o->list, action);
}

bool overlay_action(Overlay *o, const Ui *ui, Action action) {
  bool changed;
  if (action == ACTION_OVERLAY_KIND) return next_kind(o, ui), true;
  if (move(o, action)) return true;
  if (!line_edit_action(&o->edit, action, &changed)) return false;
  if (changed) find(o);
  return true;
}

void overlay_type(Overlay *o, Key key) {
  if (line_edit_type(&o->edit, key)) find(o);
}

static bool at_hand(const Overlay *o, Pick *pick) {
  if (o->list.count == 0) return false;
  *pick = pick_list_at(o->picks, o->best[o->list.cursor]);
  return true;
}

bool overlay_pick(Overlay *o, Pick *pick) {
  while (o->looking && fuzzy_work(o->fuzzy, G_MAXUINT)) continue;
  overlay_work(o);
  return at_hand(o, pick);
}

enum { KIND, LABEL, NOTE, PARTS };

static const TableColumn columns[PARTS] = {
    [KIND] = {"", NULL, 8, 0, 44, 0},
    [LABEL] = {"", NULL, 16, 0, 0, TABLE_NAME | TABLE_MIDDLE},
    [NOTE] = {"", NULL, 8, 30, 36, TABLE_SPARE},
};

static const char *part_text(const Pick *pick, int part) {
  const char *texts[PARTS] = {[KIND] = pick_kind_name(pick->kind), [LABEL] = pick->label, [NOTE] = pick->note};
  return texts[part] ? texts[part] : "";
}

/* Where the parts of the picks stand in a list of so many columns. */
static void lay_out(const Pick *picks, int n, int room, TablePlace *places) {
  int needs[PARTS] = {0};
  for (int i = 0; i < n; i++)
    for (int part = 0; part < PARTS; part++) needs[part] = MAX(needs[part], text_width(part_text(&picks[i], part)));
  table_lay_out(columns, PARTS, 0, room, needs, places);
}

/* Of a name both ends say most, of a sentence its beginning does. */
static void draw_pick(const Pick *pick, const TablePlace *places, Cells *cells, int x, int y) {
  static const Style styles[PARTS] = {[KIND] = STYLE_DIM, [LABEL] = STYLE_TEXT, [NOTE] = STYLE_LABEL};
  bool sentence = pick->kind == PICK_ACTION || pick->kind == PICK_SETTING || pick->kind == PICK_QUESTION;
  for (int part = 0; part < PARTS; part++) {
    TableColumn column = columns[part];
    if (sentence) column.flags &= ~TABLE_MIDDLE;
    g_autofree char *text = g_strdup(part_text(pick, part));
    TableCell cell = {text, styles[part], NAN};
    table_cell_draw(&column, places[part], &cell, cells, x, y);
  }
}

static void draw_list(Overlay *o, Cells *cells, Rect area) {
  list_show(&o->list, area.rows);
  int n = CLAMP(o->list.count - o->list.top, 0, MAX(area.rows, 0));
  g_autofree Pick *picks = g_new0(Pick, n + 1);
  TablePlace places[PARTS];
  for (int i = 0; i < n; i++) picks[i] = pick_list_at(o->picks, o->best[o->list.top + i]);
  lay_out(picks, n, area.columns, places);
  for (int i = 0; i < n; i++) {
    draw_pick(&picks[i], places, cells, area.x, area.y + i);
    if (o->list.top + i == o->list.cursor) cells_restyle(cells, area.x, area.y + i, area.columns, STYLE_SELECTED);
    pick_clear(&picks[i]);
  }
}

/* The kinds, those that are listed brought out. */
static void draw_kinds(const Overlay *o, Cells *cells, Rect area) {
  int x = area.x;
  for (int k = PICK_KINDS; k >= 0; k--) {
    bool all = k == PICK_KINDS, here = all ? o->kinds == PICK_ALL : o->kinds == 1u << k;
    g_autofree char *text = all ? g_strdup(" all ") : g_strdup_printf(" %ss ", pick_kind_name((PickKind)k));
    if (x + text_width(text) > area.x + area.columns) return;
    x += cells_put(cells, x, area.y, area.columns, here ? STYLE_SELECTED : STYLE_TAB, text);
  }
}

static void draw_preview(const Overlay *o, const Ui *ui, Cells *cells, Rect area) {
  Pick pick;
  for (int y = area.y; y < area.y + area.rows; y++)
    cells_put(cells, area.x, y, 1, STYLE_BOX, glyph(cells->ascii, GLYPH_POST));
  if (!at_hand(o, &pick)) return;
  pick_preview(ui, o->picks, &pick, cells, (Rect){area.x + 2, area.y, area.columns - 2, area.rows});
  pick_clear(&pick);
}

/* What is typed, and how much of all matches it. */
static void draw_input(const Overlay *o, Cells *cells, Rect in) {
  g_autofree char *found = text_whole(fuzzy_count(o->fuzzy)), *all = text_whole(o->picks->n);
  const char *more = o->looking ? glyph(cells->ascii, GLYPH_ELLIPSIS) : "";
  g_autofree char *count = g_strdup_printf("%s%s of %s", found, more, all);
  int used = text_width(count);
  paint_right(cells, in.x, in.y, in.columns, STYLE_DIM, count);
  cells_put(cells, in.x, in.y, 2, STYLE_KEY, "> ");
  line_edit_draw(&o->edit, cells, in.x + 2, in.y, in.columns - used - 4, STYLE_INPUT);
}

void overlay_draw(Overlay *o, const Ui *ui, Cells *cells, Rect area) {
  Rect in = paint_box(cells, rect_centre(area, WIDEST, area.rows), "Find");
  if (in.rows <= 0) return;
  Rect list = {in.x, in.y + HEAD, in.columns, in.rows - HEAD};
  bool preview = in.columns >= PREVIEW_FROM;
  if (preview) list.columns = in.columns * 11 / 20;
  draw_kinds(o, cells, (Rect){in.x, in.y + 1, in.columns, 1});
  draw_list(o, cells, list);
  if (o->list.count == 0 && !o->looking)
    paint_left(cells, list.x, list.y, list.columns, STYLE_DIM, "Nothing matches all words.");
  if (preview)
    draw_preview(o, ui, cells, (Rect){list.x + list.columns + 1, list.y, in.columns - list.columns - 1, list.rows});
  draw_input(o, cells, in); /* last: the cursor is where one types */
}
