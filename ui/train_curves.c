/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/train_curves.h"

#include <math.h>

#include "core/text.h"
#include "ui/paint.h"

enum { BOTH_FROM = 60, LOG_FROM = 20 };

/* How a curve's numbers read at the side. */
typedef char *(*ScaleText)(double value);

static char *plain_text(double value) { return g_strdup_printf("%.3g", value); }
static char *log_text(double value) { return g_strdup_printf("%.2g", pow(10, value)); }
static char *share_text(double value) { return g_strdup_printf("%.3g %%", 100 * value); }

static void draw_epochs(Cells *cells, Rect in, double epochs) {
  g_autofree char *last = g_strdup_printf("epoch %.0f", ceil(epochs));
  if (!(epochs > 0) || in.columns < text_width(last) + 4) return;
  cells_put(cells, in.x, in.y + in.rows, 1, STYLE_DIM, "0");
  paint_right(cells, in.x, in.y + in.rows, in.columns, STYLE_DIM, last);
}

/* One curve with its title, the numbers of its ends at the side and the epochs below. */
static void draw_one(Cells *cells, Rect area, const char *title, const double *values, guint n, ScaleText scale,
                     double epochs) {
  enum { SCALE = 9 };
  double low, high;
  bool axis = area.rows >= 5;
  Rect in = {area.x + SCALE, area.y + 1, area.columns - SCALE, area.rows - 1 - axis};
  if (area.columns < SCALE + 8 || in.rows < 1) return;
  paint_left(cells, area.x, area.y, area.columns, STYLE_LABEL, title);
  paint_curve(cells, in, values, n, &low, &high);
  if (!isfinite(low)) return;
  g_autofree char *top = scale(high), *bottom = scale(low);
  paint_right(cells, area.x, in.y, SCALE - 1, STYLE_DIM, top);
  if (in.rows > 1 && high > low) paint_right(cells, area.x, in.y + in.rows - 1, SCALE - 1, STYLE_DIM, bottom);
  if (axis) draw_epochs(cells, in, epochs);
}

/* The logarithms of the losses, or NULL where these are not far enough apart. The caller frees it. */
static double *logarithms(const double *loss, guint n) {
  double low = INFINITY, high = 0;
  for (guint i = 0; i < n; i++)
    if (isfinite(loss[i])) low = MIN(low, loss[i]), high = MAX(high, loss[i]);
  if (!(low > 0) || !(high > low * LOG_FROM)) return NULL;
  double *logs = g_new(double, n);
  for (guint i = 0; i < n; i++) logs[i] = log10(loss[i]);
  return logs;
}

void train_curves_draw(Cells *cells, Rect area, const double *loss, const double *score, guint n, double epochs) {
  if (area.rows < 3 || n == 0) return;
  g_autofree double *logs = logarithms(loss, n);
  Rect left = area, right = area;
  if (area.columns >= BOTH_FROM) {
    left.columns = (area.columns - 2) / 2;
    right.x += left.columns + 2, right.columns = area.columns - left.columns - 2;
    draw_one(cells, right, "validation, share right", score, n, share_text, epochs);
  }
  draw_one(cells, left, logs ? "loss, logarithmic" : "loss", logs ? logs : loss, n, logs ? log_text : plain_text, epochs);
}
