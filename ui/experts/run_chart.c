/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/run_chart.h"

#include <math.h>

#include "core/text.h"
#include "experts/curve.h"
#include "ui/toolkit/paint.h"

enum { DOTS_X = 2, DOTS_Y = 4 };

const char *run_sign(guint i) {
  static const char *const signs[RUNS_MOST] = {"a", "b", "c", "d", "e", "f"};
  return signs[i % RUNS_MOST];
}

Style run_style(guint i) { return (Style)(STYLE_GROUP_1 + i % RUNS_MOST); }

static double value_of(const EpochRow *row, CurveSide side) { return curve_value(side, row->loss, row->val_score); }

/* What the axes span. */
typedef struct {
  double low, high;
  guint epochs;
} Axes;

static Axes axes_of(const Run *runs, guint n, CurveSide side, double chance) {
  Axes a = {INFINITY, -INFINITY, 1};
  if (side == CURVE_SCORE && isfinite(chance)) a.low = a.high = chance;
  for (guint r = 0; r < n; r++) {
    a.epochs = MAX(a.epochs, runs[r].curve->len);
    for (guint i = 0; i < runs[r].curve->len; i++) {
      double v = value_of(&g_array_index(runs[r].curve, EpochRow, i), side);
      if (isfinite(v)) a.low = fmin(a.low, v), a.high = fmax(a.high, v);
    }
  }
  if (a.high <= a.low) a.low -= 0.01, a.high += 0.01;
  return a;
}

/* A cell's dots, and the last run that left one there. */
typedef struct {
  guint8 dots;
  gint8 run; /* -1: none */
} Spot;

typedef struct {
  Rect in;
  Spot *spots;
  Axes axes;
} Canvas;

static void put_dot(Canvas *c, int x, int y, guint run) {
  if (x < 0 || y < 0 || x >= c->in.columns * DOTS_X || y >= c->in.rows * DOTS_Y) return;
  Spot *spot = &c->spots[y / DOTS_Y * c->in.columns + x / DOTS_X];
  spot->dots |= braille_bit(x % DOTS_X, y % DOTS_Y);
  spot->run = (gint8)run;
}

static int dot_row(const Canvas *c, double value) {
  int rows = c->in.rows * DOTS_Y;
  return rows - 1 - (int)lround((value - c->axes.low) / (c->axes.high - c->axes.low) * (rows - 1));
}

static int dot_column(const Canvas *c, guint epoch) {
  int columns = c->in.columns * DOTS_X;
  return c->axes.epochs < 2 ? 0 : (int)((double)epoch / (c->axes.epochs - 1) * (columns - 1));
}

/* From point to point; an epoch without a measure is passed over. */
static void draw_run(Canvas *c, const Run *run, CurveSide side, guint number) {
  int last_x = -1, last_y = 0;
  for (guint i = 0; i < run->curve->len; i++) {
    double value = value_of(&g_array_index(run->curve, EpochRow, i), side);
    if (!isfinite(value)) continue;
    int x = dot_column(c, i), y = dot_row(c, value), steps = last_x < 0 ? 1 : MAX(MAX(x - last_x, ABS(y - last_y)), 1);
    for (int s = 1; s <= steps; s++) {
      double part = (double)s / steps;
      put_dot(c, last_x < 0 ? x : last_x + (int)lround(part * (x - last_x)),
              last_x < 0 ? y : last_y + (int)lround(part * (y - last_y)), number);
    }
    last_x = x, last_y = y;
  }
}

static void show(const Canvas *c, bool signs, Cells *cells) {
  for (int i = 0; i < c->in.columns * c->in.rows; i++) {
    const Spot *spot = &c->spots[i];
    if (!spot->dots) continue;
    char braille[8] = {0};
    g_unichar_to_utf8(0x2800 + (gunichar)spot->dots, braille);
    guint run = (guint)spot->run;
    cells_put(cells, c->in.x + i % c->in.columns, c->in.y + i / c->in.columns, 1, run_style(run),
              signs || cells->ascii ? run_sign(run) : braille);
  }
}

/* A dotted line where guessing would be; it lies below the curves. */
static void draw_chance(const Canvas *c, double chance, Cells *cells) {
  int y = c->in.y + dot_row(c, chance) / DOTS_Y;
  for (int x = 0; x < c->in.columns; x++) cells_put(cells, c->in.x + x, y, 1, STYLE_DIM, cells->ascii ? "." : "┄");
  if (y == c->in.y || y == c->in.y + c->in.rows - 1) return;
  g_autofree char *text = curve_scale_text(CURVE_SCORE, chance);
  paint_right(cells, c->in.x - CURVE_SCALE, y, CURVE_SCALE - 1, STYLE_DIM, text);
}

static void draw_axes(const Canvas *c, CurveSide side, Cells *cells) {
  g_autofree char *top = curve_scale_text(side, c->axes.high), *bottom = curve_scale_text(side, c->axes.low);
  g_autofree char *last = g_strdup_printf("epoch %u", c->axes.epochs);
  paint_right(cells, c->in.x - CURVE_SCALE, c->in.y, CURVE_SCALE - 1, STYLE_DIM, top);
  if (c->in.rows > 1)
    paint_right(cells, c->in.x - CURVE_SCALE, c->in.y + c->in.rows - 1, CURVE_SCALE - 1, STYLE_DIM, bottom);
  paint_left(cells, c->in.x, c->in.y + c->in.rows, c->in.columns, STYLE_DIM, "1");
  paint_right(cells, c->in.x + 2, c->in.y + c->in.rows, c->in.columns - 2, STYLE_DIM, last);
}

void run_chart_draw(const Run *runs, guint n, CurveSide side, double chance, bool signs, Cells *cells, Rect area) {
  Canvas c = {.in = {area.x + CURVE_SCALE, area.y + 1, area.columns - CURVE_SCALE, area.rows - 2}};
  g_autofree char *title = curve_title(side, chance, true);
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, title);
  if (c.in.columns < 8 || c.in.rows < 1 || n == 0) return;
  c.axes = axes_of(runs, n, side, chance);
  if (!isfinite(c.axes.low)) return;
  c.spots = g_new0(Spot, (gsize)c.in.columns * (gsize)c.in.rows);
  for (int i = 0; i < c.in.columns * c.in.rows; i++) c.spots[i].run = -1;
  if (side == CURVE_SCORE && isfinite(chance)) draw_chance(&c, chance, cells);
  for (guint r = n; r-- > 0;) draw_run(&c, &runs[r], side, r); /* the first lies on top */
  show(&c, signs, cells);
  draw_axes(&c, side, cells);
  g_free(c.spots);
}
