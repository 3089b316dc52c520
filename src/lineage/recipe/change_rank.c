/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/change_rank.h"

#include <math.h>

#include "weights/layers/spectrum.h"

enum { LOOKED_AT = 3, LEAST_SIDE = 8 };

static const double energy_held = 0.995, most_share = 0.36;

/* Larger ones are left alone: two of these are read at once. */
static const uint64_t most_numbers = UINT64_C(1) << 27;

unsigned change_rank(const float *change, size_t d_out, size_t d_in, double noise2, unsigned *full) {
  Layer layer = {.form = LAYER_DENSE, .d_out = d_out, .d_in = d_in, .x = (float *)change, .scale = 1};
  double energy = 0, held = 0;
  for (size_t i = 0; i < d_out * d_in; i++) energy += (double)change[i] * (double)change[i];
  *full = (unsigned)MIN(d_out, d_in);
  if (!(energy > 2 * noise2) || !isfinite(energy)) return 0;
  g_autoptr(Spectrum) s = spectrum_new(&layer, NULL);
  if (!s) return 0;
  for (size_t k = 0; k < s->n; k++) {
    held += s->values[k] * s->values[k];
    if (held >= energy_held * (energy - noise2)) return (unsigned)k + 1;
  }
  return *full;
}

bool change_is_white(const float *change, size_t d_out, size_t d_in) {
  Layer layer = {.form = LAYER_DENSE, .d_out = d_out, .d_in = d_in, .x = (float *)change, .scale = 1};
  double energy = 0, side = sqrt((double)d_out) + sqrt((double)d_in);
  for (size_t i = 0; i < d_out * d_in; i++) energy += (double)change[i] * (double)change[i];
  if (!(energy > 0) || !isfinite(energy)) return false;
  g_autoptr(Spectrum) s = spectrum_new(&layer, NULL);
  double slack = 1.5 * pow((double)MIN(d_out, d_in), -2.0 / 3);
  return s && s->n && s->values[0] <= (1 + slack) * side * sqrt(energy / (double)(d_out * d_in));
}

typedef struct {
  const TensorSketch *tensor[LOOKED_AT];
  unsigned n;
} Changed;

static void keep_smallest(Changed *changed, const TensorSketch *t) {
  unsigned at = changed->n < LOOKED_AT ? changed->n++ : LOOKED_AT;
  if (at == LOOKED_AT && t->moments.count >= changed->tensor[--at]->moments.count) return;
  for (; at > 0 && changed->tensor[at - 1]->moments.count > t->moments.count; at--)
    changed->tensor[at] = changed->tensor[at - 1];
  changed->tensor[at] = t;
}

/* Tensors stand by seed in both sketches. */
static Changed find_changed(const ModelSketch *p, const ModelSketch *c) {
  Changed changed = {.n = 0};
  for (guint i = 0, k = 0; i < p->tensors->len && k < c->tensors->len;) {
    const TensorSketch *a = &g_array_index(p->tensors, TensorSketch, i);
    const TensorSketch *b = &g_array_index(c->tensors, TensorSketch, k);
    bool pair = a->seed == b->seed && a->part == PART_MATRIX && b->part == PART_MATRIX;
    bool fair = pair && MIN(a->d_out, a->d_in) >= LEAST_SIDE && a->moments.count <= most_numbers;
    if (fair && !tensor_sketch_equal(a, b)) keep_smallest(&changed, b);
    bool first = a->seed <= b->seed, second = b->seed <= a->seed;
    i += first, k += second;
  }
  return changed;
}

static bool read_named(WeightFile *file, const GArray *layers, const TensorSketch *t, Layer *out) {
  const LayerInfo *l = layer_find(layers, t->name);
  return l && l->form == LAYER_DENSE && l->d_out == t->d_out && l->d_in == t->d_in && layer_read(file, l, out, NULL);
}

/* Of one layer: its rank, 0 when nothing can be said. *white: no direction stands out. */
static unsigned rank_of_layer(Layer *p, Layer *c, double epsilon, unsigned *full, bool *white) {
  size_t n = (size_t)p->d_out * (size_t)p->d_in;
  double noise = epsilon / 1.7, noise2 = noise * noise * (layer_norm2(p) + layer_norm2(c));
  for (size_t i = 0; i < n; i++) c->x[i] -= p->x[i];
  unsigned rank = change_rank(c->x, (size_t)c->d_out, (size_t)c->d_in, noise2, full);
  *white = 2 * rank > *full && change_is_white(c->x, (size_t)c->d_out, (size_t)c->d_in);
  return rank;
}

ChangeRank change_rank_between(const ModelSketch *p, const ModelSketch *c, WeightFile *parent, WeightFile *child) {
  ChangeRank out = {.verdict = RANK_UNKNOWN};
  Changed changed = find_changed(p, c);
  g_autoptr(GArray) above = layer_list(parent, NULL), below = layer_list(child, NULL);
  double epsilon = fmax(p->epsilon, c->epsilon);
  bool low = true, white = true;
  for (unsigned i = 0; i < changed.n && (low || white); i++) {
    Layer x = {0}, y = {0};
    unsigned full = 0, rank = 0;
    bool flat = false;
    if (read_named(parent, above, changed.tensor[i], &x) && read_named(child, below, changed.tensor[i], &y))
      rank = rank_of_layer(&x, &y, epsilon, &full, &flat);
    layer_clear(&x);
    layer_clear(&y);
    if (rank == 0) continue;
    out.layers++;
    out.rank = MAX(out.rank, rank);
    low = low && rank <= most_share * full;
    white = white && flat;
  }
  if (out.layers) out.verdict = low ? RANK_LOW : white ? RANK_WHITE : RANK_FULL;
  return out;
}
