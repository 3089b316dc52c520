/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/model/side_pane.h"

#include "core/text.h"
#include "ui/desk/services.h"
#include "ui/model/model_page.h"
#include "ui/toolkit/lines.h"
#include "ui/toolkit/paint.h"

enum { COLUMNS_LEAST = 42, ROWS_LEAST = 34, REST = 250 * 1000 /* microseconds */ };

/* What may be compared by itself, of a model and its parent: more is read only for who opens the model. */
static const uint64_t read_most = 256 << 20;

static const int parts[] = {PAGE_LAYERS, PAGE_LIKE, PAGE_CARD};

struct SidePane {
  Subject subject;
  Snapshot *wood; /* that the subject is of; compared alone */
  gpointer pages[PAGE_COUNT];
  gint64 due;  /* when the parts may ask, 0: never, or they have */
  bool rested; /* they may */
};

SidePane *side_pane_new(Ui *ui) {
  SidePane *p = g_new0(SidePane, 1);
  p->subject = (Subject){.ui = ui, .node = -1};
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) p->pages[parts[i]] = page_table[parts[i]]->open(&p->subject);
  return p;
}

static void forget(SidePane *p) {
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) page_table[parts[i]]->reset(p->pages[parts[i]]);
  subject_clear(&p->subject);
  p->wood = NULL;
  p->due = 0;
  p->rested = false;
}

void side_pane_free(SidePane *p) {
  if (!p) return;
  subject_clear(&p->subject);
  for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) page_table[parts[i]]->close(p->pages[parts[i]]);
  g_free(p);
}

bool side_pane_fits(Rect area) { return area.columns >= COLUMNS_LEAST && area.rows >= ROWS_LEAST; }

void side_pane_changed(SidePane *p, unsigned what) {
  if (what & (CHANGED_WOOD | CHANGED_EXPERTS)) forget(p);
}

gint64 side_pane_tick(SidePane *p, gint64 now) {
  if (!p->due || now < p->due) return p->due;
  p->due = 0;
  p->rested = true;
  ui_ask(p->subject.ui, REQUEST_REDRAW);
  return 0;
}

/* Another model is at hand. */
static void set_node(SidePane *p, int node) {
  Snapshot *wood = p->subject.ui->wood;
  Model *model = forest_node(wood->forest, (unsigned)node)->model;
  if (p->wood == wood && p->subject.model == model) return;
  forget(p);
  p->wood = wood;
  p->subject.model = model_ref(model);
  subject_place(&p->subject);
  p->due = g_get_monotonic_time() + REST;
}

/* The expert that would be asked is one that answers questions anyway: the neighbours are known then. */
static bool has_neighbours(const Subject *s) {
  const GPtrArray *experts = s->ui->opened ? s->ui->opened->experts : NULL;
  for (guint i = 0; experts && i < experts->len; i++) {
    const Expert *e = experts->pdata[i];
    if (e->layer && e->shapes && g_strcmp0(e->shapes, s->model->shapes) == 0) return e->task == EXPERT_ALIGN;
  }
  return false;
}

static bool may_read(const Subject *s) { return s->model->bytes + (s->parent ? s->parent->bytes : 0) <= read_most; }

/* In the place of layers that nobody has asked for yet. */
static void say_unread(const Subject *s, Cells *cells, Rect area) {
  g_autofree char *bytes = text_bytes(s->model->bytes + (s->parent ? s->parent->bytes : 0));
  g_autofree char *text = s->parent ? g_strdup_printf("Enter reads %s and compares it with %s.", bytes, s->parent->name)
                                    : g_strdup_printf("Enter reads its %s.", bytes);
  page_say(cells, area, text);
}

/* A page under its name; its row at hand is not the screen's. */
static void draw_part(SidePane *p, int page, Cells *cells, Rect area) {
  const PageOps *ops = page_table[page];
  Rect rest = page_head(cells, area, ops->name);
  if (rest.rows <= 0) return;
  int x = cells->cursor_x, y = cells->cursor_y;
  if (page == PAGE_LAYERS && !may_read(&p->subject)) say_unread(&p->subject, cells, rest);
  else if (p->rested) {
    if (ops->show) ops->show(&p->subject, p->pages[page]);
    ops->draw(&p->subject, p->pages[page], cells, rest);
  }
  cells->cursor_x = x, cells->cursor_y = y;
}

/* What is known of it, in at most so many rows; returns how many it took. */
static int draw_facts(const SidePane *p, Cells *cells, Rect area, int most) {
  g_autoptr(Lines) facts = overview_lines(&p->subject, area.columns);
  int n = (int)facts->lines->len, rows = MIN(n, most);
  lines_draw(facts, cells, (Rect){area.x, area.y, area.columns, n > rows ? rows - 1 : rows}, 0);
  if (n > rows) paint_left(cells, area.x, area.y + rows - 1, area.columns, STYLE_DIM, "Enter shows the rest.");
  return rows;
}

void side_pane_draw(SidePane *p, int node, Cells *cells, Rect area) {
  set_node(p, node);
  paint_left(cells, area.x, area.y, area.columns, STYLE_TITLE, p->subject.model->name);
  area.y++, area.rows--;
  int facts = draw_facts(p, cells, area, area.rows * 11 / 20);
  area.y += facts + 1, area.rows -= facts + 1;
  bool like = has_neighbours(&p->subject);
  int near = like ? MIN(area.rows / 3, 12) : 0, card = page_card_rows(p->pages[PAGE_CARD], (area.rows - near) / 2);
  int layers = may_read(&p->subject) ? page_layers_rows(p->pages[PAGE_LAYERS], area.rows - near - card) : 4;
  draw_part(p, PAGE_LAYERS, cells, (Rect){area.x, area.y, area.columns, layers});
  area.y += layers, area.rows -= layers;
  if (like) draw_part(p, PAGE_LIKE, cells, (Rect){area.x, area.y, area.columns, near});
  draw_part(p, PAGE_CARD, cells, (Rect){area.x, area.y + near, area.columns, area.rows - near});
}
