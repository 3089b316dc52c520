/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/map/scatter.h"

#include <math.h>
#include <string.h>

#include "ui/map/map_groups.h"
#include "ui/toolkit/paint.h"

enum { ACROSS = 2, DOWN = 4 }; /* dots of a braille cell */

void scatter_all(Scatter *s) {
  s->left = s->bottom = INFINITY, s->right = s->top = -INFINITY;
  for (guint i = 0; i < s->n; i++) {
    double x = (double)s->xy[2 * i], y = (double)s->xy[2 * i + 1];
    if (!isfinite(x) || !isfinite(y)) continue;
    s->left = fmin(s->left, x), s->right = fmax(s->right, x);
    s->bottom = fmin(s->bottom, y), s->top = fmax(s->top, y);
  }
  if (!(s->left <= s->right)) s->left = s->bottom = -1, s->right = s->top = 1;
  double dx = fmax(s->right - s->left, 1e-9) * 0.03, dy = fmax(s->top - s->bottom, 1e-9) * 0.03;
  s->left -= dx, s->right += dx, s->bottom -= dy, s->top += dy;
}

void scatter_size(Scatter *s, int columns, int rows) {
  bool first = s->columns == 0;
  s->columns = MAX(columns, 1), s->rows = MAX(rows, 1);
  if (first) s->cursor_x = s->columns / 2, s->cursor_y = s->rows / 2;
  s->cursor_x = CLAMP(s->cursor_x, 0, s->columns - 1);
  s->cursor_y = CLAMP(s->cursor_y, 0, s->rows - 1);
}

void scatter_move(Scatter *s, int dx, int dy) {
  int x = s->cursor_x + dx, y = s->cursor_y + dy;
  double wide = (s->right - s->left) / s->columns, high = (s->top - s->bottom) / s->rows;
  int past_x = x < 0 ? x : x >= s->columns ? x - s->columns + 1 : 0;
  int past_y = y < 0 ? y : y >= s->rows ? y - s->rows + 1 : 0;
  s->left += past_x * wide, s->right += past_x * wide;
  s->bottom -= past_y * high, s->top -= past_y * high;
  s->cursor_x = x - past_x, s->cursor_y = y - past_y;
}

void scatter_zoom(Scatter *s, double factor) {
  double x = s->left + (s->cursor_x + 0.5) / s->columns * (s->right - s->left);
  double y = s->top - (s->cursor_y + 0.5) / s->rows * (s->top - s->bottom);
  double wide = (s->right - s->left) * factor;
  if (wide < 1e-9 || wide > 1e9) return;
  s->left = x + (s->left - x) * factor, s->right = x + (s->right - x) * factor;
  s->bottom = y + (s->bottom - y) * factor, s->top = y + (s->top - y) * factor;
}

/* The dot of a point in a raster of `across` x `down` a cell; false outside, and for what is not shown. */
static bool dot_of(const Scatter *s, guint i, int across, int down, int *x, int *y) {
  double u = ((double)s->xy[2 * i] - s->left) / (s->right - s->left);
  double v = (s->top - (double)s->xy[2 * i + 1]) / (s->top - s->bottom);
  if (!(u >= 0 && u < 1 && v >= 0 && v < 1)) return false;
  if (s->only && s->group[i] + 1u != s->only) return false;
  *x = (int)(u * s->columns * across), *y = (int)(v * s->rows * down);
  return true;
}

bool scatter_cell(const Scatter *s, guint i, int *x, int *y) { return dot_of(s, i, 1, 1, x, y); }

/* Squared distance in cells, which are twice as high as wide. */
static double far_from_cursor(const Scatter *s, int x, int y) {
  double dx = x - s->cursor_x, dy = 2 * (y - s->cursor_y);
  return dx * dx + dy * dy;
}

int scatter_hover(const Scatter *s, int reach) {
  int best = -1, x, y;
  double least = (double)reach * reach;
  for (guint i = 0; i < s->n; i++) {
    if (!scatter_cell(s, i, &x, &y)) continue;
    double far = far_from_cursor(s, x, y);
    if (far > least || (best >= 0 && far == least)) continue;
    least = far, best = (int)i;
  }
  return best;
}

int scatter_next(const Scatter *s) {
  int best = -1, x, y, here = s->cursor_y * s->columns + s->cursor_x, least = G_MAXINT;
  int cells = s->columns * s->rows;
  for (guint i = 0; i < s->n; i++) {
    if (!scatter_cell(s, i, &x, &y)) continue;
    /* Cells from the one behind the cursor on, round the end. */
    int after = (y * s->columns + x - here - 1 + cells) % cells;
    if (after < least) least = after, best = (int)i;
  }
  return best;
}

void scatter_point_at(Scatter *s, guint point) {
  int x, y;
  if (scatter_cell(s, point, &x, &y)) s->cursor_x = x, s->cursor_y = y;
}

/* What lies in one cell. */
typedef struct {
  guint8 dots;
  guint counts[MAP_GROUPS + 1];
} Heap;

static void draw_heap(Cells *cells, int x, int y, const Heap *h, bool signs) {
  guint group = MAP_OTHERS;
  char text[7] = {0};
  for (guint k = 0; k < MAP_GROUPS; k++)
    if (h->counts[k] && (group == MAP_OTHERS || h->counts[k] > h->counts[group])) group = k;
  if (!signs) g_unichar_to_utf8(0x2800 + h->dots, text);
  cells_put(cells, x, y, 1, map_group_style(group), signs ? map_group_sign(group, cells->ascii) : text);
}

void scatter_draw(const Scatter *s, Cells *cells, int x0, int y0, bool signs) {
  g_autofree Heap *heaps = g_new0(Heap, (gsize)s->columns * (gsize)s->rows);
  signs |= cells->ascii;
  for (guint i = 0; i < s->n; i++) {
    int x, y;
    if (!dot_of(s, i, ACROSS, DOWN, &x, &y)) continue;
    Heap *h = &heaps[(y / DOWN) * s->columns + x / ACROSS];
    h->dots |= braille_bit(x % ACROSS, y % DOWN);
    h->counts[MIN(s->group[i], (guint8)MAP_OTHERS)]++;
  }
  for (int y = 0; y < s->rows; y++)
    for (int x = 0; x < s->columns; x++)
      if (heaps[y * s->columns + x].dots) draw_heap(cells, x0 + x, y0 + y, &heaps[y * s->columns + x], signs);
}
