/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/mother_rule.h"

#include <math.h>

#include "numerics/arborescence.h"
#include "weights/layers/layer.h"

static const double lambda = 0.3;

enum { MOST_NUMBERS = 1 << 28 };

/* The square matrices of one model, by their sketches' seeds. */
typedef struct {
  GArray *seeds;   /* of uint64_t, ascending */
  GPtrArray *rows; /* of float *: all numbers, or those at the sketch's places */
  GArray *counts;  /* of size_t */
} Squares;

static void squares_free(void *squares) {
  Squares *s = squares;
  g_array_unref(s->seeds);
  g_ptr_array_unref(s->rows);
  g_array_unref(s->counts);
  g_free(s);
}

static Squares *squares_new(void) {
  Squares *s = g_new0(Squares, 1);
  s->seeds = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  s->rows = g_ptr_array_new_with_free_func(g_free);
  s->counts = g_array_new(FALSE, FALSE, sizeof(size_t));
  return s;
}

static void squares_add(Squares *s, uint64_t seed, float *numbers, size_t count) {
  g_array_append_val(s->seeds, seed);
  g_ptr_array_add(s->rows, numbers);
  g_array_append_val(s->counts, count);
}

static bool is_square(const TensorSketch *t) { return t->part == PART_MATRIX && t->d_out == t->d_in; }

static double count_numbers(const KinTable *table, unsigned n) {
  double sum = 0;
  for (unsigned v = 0; v < n; v++) {
    const ModelSketch *s = kin_table_sketch(table, v);
    for (guint i = 0; s && i < s->tensors->len; i++) {
      const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
      if (is_square(t)) sum += (double)t->moments.count;
    }
  }
  return sum;
}

/* Tensors stand by seed in a sketch, and so do the matrices here. */
static Squares *read_squares(const ModelSketch *s, WeightFile *file) {
  Squares *out = squares_new();
  g_autoptr(GArray) layers = file ? layer_list(file, NULL) : NULL;
  for (guint i = 0; s && i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (!is_square(t)) continue;
    const LayerInfo *l = layers ? layer_find(layers, t->name) : NULL;
    Layer layer = {0};
    bool whole = l && l->form == LAYER_DENSE && l->d_out == t->d_out && l->d_in == t->d_in;
    if (whole && layer_read(file, l, &layer, NULL))
      squares_add(out, t->seed, g_steal_pointer(&layer.x), (size_t)t->moments.count);
    layer_clear(&layer);
  }
  return out;
}

static Squares *kept_squares(const ModelSketch *s) {
  Squares *out = squares_new();
  for (guint i = 0; s && i < s->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(s->tensors, TensorSketch, i);
    if (is_square(t) && t->places)
      squares_add(out, t->seed, g_memdup2(t->places, t->placed * sizeof(float)), t->placed);
  }
  return out;
}

static GPtrArray *all_squares(const KinTable *table, unsigned n, MemberOpen open, void *user, const Progress *p,
                              GError **error) {
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(squares_free);
  bool whole = open && count_numbers(table, n) <= MOST_NUMBERS;
  for (unsigned v = 0; v < n; v++) {
    const ModelSketch *s = kin_table_sketch(table, v);
    g_autoptr(WeightFile) file = s && whole ? open(user, v) : NULL;
    g_ptr_array_add(all, whole ? read_squares(s, file) : kept_squares(s));
    if (!progress_step(p, "reading square matrices", v, n, error)) return NULL;
  }
  return g_steal_pointer(&all);
}

/* The largest a - b with its sign; -INFINITY when the two share no matrix. */
static double largest_difference(const Squares *a, const Squares *b) {
  double most = -INFINITY;
  for (guint i = 0, k = 0; i < a->seeds->len && k < b->seeds->len;) {
    uint64_t x = g_array_index(a->seeds, uint64_t, i), y = g_array_index(b->seeds, uint64_t, k);
    size_t n = MIN(g_array_index(a->counts, size_t, i), g_array_index(b->counts, size_t, k));
    const float *u = a->rows->pdata[i], *w = b->rows->pdata[k];
    float here = -INFINITY;
    for (size_t j = 0; x == y && j < n; j++) here = fmaxf(here, u[j] - w[j]);
    if (x == y) most = fmax(most, (double)here);
    i += x <= y, k += y <= x;
  }
  return most;
}

/* All pairs in one orientation, brought to 0..1 by their range. */
static void fill_distances(const GPtrArray *all, unsigned n, double *cost) {
  double least = INFINITY, most = -INFINITY;
  for (unsigned a = 0; a < n; a++)
    for (unsigned b = a + 1; b < n; b++) {
      double d = largest_difference(all->pdata[a], all->pdata[b]);
      cost[a * n + b] = cost[b * n + a] = d;
      if (isfinite(d)) least = fmin(least, d), most = fmax(most, d);
    }
  for (gsize i = 0; i < (gsize)n * n; i++)
    cost[i] = isfinite(cost[i]) ? (most > least ? (cost[i] - least) / (most - least) : 0) : 1;
}

static double mean_distance(const double *cost, unsigned n) {
  double sum = 0;
  for (unsigned a = 0; a < n; a++)
    for (unsigned b = 0; b < n; b++) sum += a == b ? 0 : cost[a * n + b];
  return n > 1 ? sum / ((double)n * (n - 1)) : 0;
}

bool mother_rule_tree(const KinTable *table, unsigned n, MemberOpen open, void *user, bool reversed, int *parent,
                      const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) all = all_squares(table, n, open, user, progress, error);
  if (!all) return false;
  g_autofree double *cost = g_new0(double, ((gsize)n * n) + 1);
  fill_distances(all, n, cost);
  double constant = lambda * mean_distance(cost, n);
  for (unsigned p = 0; p < n; p++)
    for (unsigned c = 0; c < n; c++) {
      const ModelSketch *a = kin_table_sketch(table, p), *b = kin_table_sketch(table, c);
      if (p == c || !a || !b) continue;
      bool up = b->kurtosis > a->kurtosis;
      if (up != reversed) cost[p * n + c] += constant;
    }
  arborescence_find(n, cost, parent);
  return true;
}
