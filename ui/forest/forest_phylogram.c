/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/forest/forest_phylogram.h"

#include <math.h>
#include <string.h>

#include "core/text.h"

enum { ZOOM_MOST = 64, ROOM_FOR_NAMES = 24 };

void phylogram_init(Phylogram *p) { *p = (Phylogram){.zoom = 1}; }

void phylogram_clear(Phylogram *p) { g_clear_pointer(&p->at, g_free); }

static int ascending(gconstpointer a, gconstpointer b) {
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* The median length of the edges; 1 when none is known. */
static double median_distance(const Forest *f, bool *known) {
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(double));
  for (guint i = 0; i < f->nodes->len; i++) {
    const ParentEdge *e = forest_parent_edge(forest_node(f, i));
    if (e && isfinite(e->distance)) g_array_append_val(all, e->distance);
  }
  g_array_sort(all, ascending);
  *known = all->len > 0;
  return *known ? g_array_index(all, double, all->len / 2) : 1;
}

/* Sums the edges from the root to each node. The steps of each walk are counted, so that a forest
 * with a circle holds nobody. */
static double measure(const Forest *f, guint node, double otherwise) {
  double sum = 0;
  for (guint steps = 0; steps <= f->nodes->len; steps++) {
    const ParentEdge *e = forest_parent_edge(forest_node(f, node));
    if (!e) break;
    sum += isfinite(e->distance) ? e->distance : otherwise;
    node = e->parent;
  }
  return sum;
}

void phylogram_set(Phylogram *p, const Forest *forest) {
  double most = 0, otherwise;
  if (p->forest == forest && p->at) return;
  phylogram_clear(p);
  p->forest = forest;
  p->n = forest->nodes->len;
  p->at = g_new0(double, p->n + 1);
  otherwise = median_distance(forest, &p->known);
  for (guint i = 0; i < p->n; i++) p->at[i] = measure(forest, i, otherwise);
  for (guint i = 0; i < p->n; i++) most = fmax(most, p->at[i]);
  p->at[p->n] = most; /* kept for the scale */
  for (guint i = 0; i < p->n && most > 0; i++) p->at[i] /= most;
}

bool phylogram_action(Phylogram *p, Action action, int columns) {
  int step = MAX(columns / 4, 1);
  switch (action) {
    case ACTION_ZOOM_IN:
      p->zoom = MIN(p->zoom * 2, ZOOM_MOST);
      return true;
    case ACTION_ZOOM_OUT:
      p->zoom = MAX(p->zoom / 2, 1);
      break;
    case ACTION_SCROLL_RIGHT:
      p->left += step;
      break;
    case ACTION_SCROLL_LEFT:
      p->left -= step;
      break;
    default:
      return false;
  }
  p->left = CLAMP(p->left, 0, (int)(p->zoom * columns));
  return true;
}

/* Columns of the widest tree. */
static int width(const Phylogram *p, int columns) { return (int)(MAX(columns - ROOM_FOR_NAMES, 8) * p->zoom); }

static int column_of(const Phylogram *p, guint node, int columns) {
  return (int)lround(p->at[node] * width(p, columns));
}

/* Signs of the lines, in both alphabets. */
static const char *sign(bool ascii, int which) {
  static const char *const signs[][2] = {{"─", "-"}, {"│", "|"}, {"├", "|"}, {"└", "`"}, {"┈", "."}};
  return signs[which][ascii];
}

enum { RULE, POST, FORK, CORNER, DOTS };

/* Marks where the posts of unfinished branches stand in this row. */
static void mark_posts(const Phylogram *p, const ForestRows *r, const OutlineRow *row, int columns, char *line, int n) {
  guint node = row->node;
  for (guint steps = 0; steps <= p->n; steps++) {
    const ParentEdge *e = forest_parent_edge(forest_node(r->wood->forest, node));
    if (!e) return;
    int above = r->row_of_node[node], x = column_of(p, e->parent, columns);
    bool last = above < 0 || forest_rows_row(r, above)->last;
    if (x < n && node == row->node) line[x] = last ? CORNER + 1 : FORK + 1;
    if (x < n && node != row->node && !last) line[x] = POST + 1;
    node = e->parent;
  }
}

char *phylogram_row(const Phylogram *p, const ForestRows *r, int at, int columns) {
  const OutlineRow *row = forest_rows_row(r, at);
  const ParentEdge *e = forest_parent_edge(forest_node(r->wood->forest, row->node));
  int own = column_of(p, row->node, columns), n = own + 2;
  g_autofree char *line = g_new0(char, n + 1);
  if (e) mark_posts(p, r, row, columns, line, n);
  int from = e ? column_of(p, e->parent, columns) + 1 : own + 1;
  for (int x = from; e && x < own + 1; x++) line[x] = isfinite(e->distance) ? RULE + 1 : DOTS + 1;
  GString *s = g_string_new(NULL);
  for (int x = p->left; x < (e ? n : own); x++) g_string_append(s, line[x] ? sign(r->ascii, line[x] - 1) : " ");
  g_string_append(s, forest_node(r->wood->forest, row->node)->name);
  return g_string_free(s, FALSE);
}

char *phylogram_scale(const Phylogram *p, int columns, bool ascii) {
  int full = width(p, columns), shown = MIN(full - p->left, columns - ROOM_FOR_NAMES);
  GString *s = g_string_new(NULL);
  double per_column = full > 0 ? p->at[p->n] / full : 0;
  if (!p->known) {
    g_string_append(s, "no edge has a length: dotted branches were not measured");
    return g_string_free(s, FALSE);
  }
  for (int x = 0; x < shown; x++) g_string_append(s, x % 10 ? sign(ascii, RULE) : "+");
  g_string_append_printf(s, " moved %.3g to %.3g", per_column * p->left, per_column * (p->left + MAX(shown, 0)));
  return g_string_free(s, FALSE);
}
