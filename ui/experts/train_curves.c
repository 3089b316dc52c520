/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/train_curves.h"

#include <math.h>

#include "core/text.h"
#include "ui/experts/curve_side.h"
#include "ui/toolkit/paint.h"

enum { BOTH_FROM = 60 };

static double value_of(const CurvePoint *p, CurveSide side) { return curve_value(side, p->loss, p->score); }

static const CurvePoint *point_at(const GArray *points, guint i) { return &g_array_index(points, CurvePoint, i); }

void train_curves_add(GArray *points, CurvePoint point) {
  while (points->len && point_at(points, points->len - 1)->epoch >= point.epoch)
    g_array_set_size(points, points->len - 1);
  g_array_append_val(points, point);
}

/* The epochs of the axis. */
typedef struct {
  double from, to;
} Epochs;

static Epochs epochs_of(const GArray *points, double to) {
  double first = point_at(points, 0)->epoch, last = point_at(points, points->len - 1)->epoch;
  return (Epochs){first > 1 ? floor(first) : 0, fmax(ceil(fmax(to, last)), 1)};
}

/* The value at an epoch: between its neighbours, NAN where there are none within `reach`. `*next` is the first point
 * behind the epoch before, and moves on. */
static double value_at(const GArray *points, CurveSide side, double epoch, double reach, guint *next) {
  while (*next < points->len && point_at(points, *next)->epoch < epoch) ++*next;
  const CurvePoint *before = *next ? point_at(points, *next - 1) : NULL;
  const CurvePoint *behind = *next < points->len ? point_at(points, *next) : NULL;
  if (!before || !behind) {
    const CurvePoint *end = before ? before : behind;
    return fabs(end->epoch - epoch) <= reach ? value_of(end, side) : NAN;
  }
  double part = (epoch - before->epoch) / (behind->epoch - before->epoch);
  return value_of(before, side) * (1 - part) + value_of(behind, side) * part;
}

/* `n` values at even distances along the axis. The caller frees them. */
static double *spread(const GArray *points, CurveSide side, Epochs axis, guint n) {
  double step = (axis.to - axis.from) / n, *values = g_new(double, n);
  guint next = 0;
  for (guint i = 0; i < n; i++)
    values[i] = value_at(points, side, axis.from + (i + 0.5) * step, step / 2 * 1.001, &next);
  return values;
}

static void draw_epochs(Cells *cells, Rect in, Epochs axis) {
  g_autofree char *first = g_strdup_printf("%.0f", axis.from), *last = g_strdup_printf("epoch %.0f", axis.to);
  if (in.columns < text_width(first) + text_width(last) + 3) return;
  paint_left(cells, in.x, in.y + in.rows, in.columns, STYLE_DIM, first);
  paint_right(cells, in.x, in.y + in.rows, in.columns, STYLE_DIM, last);
}

/* One curve with its title, the numbers of its ends at the side and the epochs below. */
static void draw_one(Cells *cells, Rect area, const GArray *points, CurveSide side, double chance, Epochs axis) {
  double low, high;
  bool below = area.rows >= 5;
  Rect in = {area.x + CURVE_SCALE, area.y + 1, area.columns - CURVE_SCALE, area.rows - 1 - below};
  if (area.columns < CURVE_SCALE + 8 || in.rows < 1) return;
  guint n = 2 * (guint)in.columns; /* a braille cell holds two dots in a row */
  g_autofree double *values = spread(points, side, axis, n);
  g_autofree char *title = curve_title(side, chance, false);
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, title);
  paint_curve(cells, in, values, n, &low, &high);
  if (below) draw_epochs(cells, in, axis);
  if (!isfinite(low)) return;
  g_autofree char *top = curve_scale_text(side, high), *bottom = curve_scale_text(side, low);
  paint_right(cells, area.x, in.y, CURVE_SCALE - 1, STYLE_DIM, top);
  if (in.rows > 1 && high > low) paint_right(cells, area.x, in.y + in.rows - 1, CURVE_SCALE - 1, STYLE_DIM, bottom);
}

void train_curves_draw(Cells *cells, Rect area, const GArray *points, double epochs, double chance) {
  if (area.rows < 3 || points->len == 0) return;
  Epochs axis = epochs_of(points, epochs);
  Rect left = area, right = area;
  if (area.columns >= BOTH_FROM) {
    left.columns = (area.columns - 2) / 2;
    right.x += left.columns + 2, right.columns = area.columns - left.columns - 2;
    draw_one(cells, right, points, CURVE_SCORE, chance, axis);
  }
  draw_one(cells, left, points, CURVE_LOSS, chance, axis);
}
