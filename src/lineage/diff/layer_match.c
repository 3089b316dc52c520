/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/diff/layer_match.h"

#include <string.h>

#include <math.h>

#include "weights/layers/layer_figures.h"
#include "weights/layers/name_index.h"
#include "weights/layers/qkv_rows.h"

struct LayerMatch {
  const GArray *layers;
  NameIndex *whole, *parts; /* place: of the layer; of the layer and its part */
};

static const LayerInfo *layer_at(const LayerMatch *m, unsigned i) { return &g_array_index(m->layers, LayerInfo, i); }

LayerMatch *layer_match_new(const GArray *layers) {
  LayerMatch *m = g_new0(LayerMatch, 1);
  m->layers = layers;
  m->whole = name_index_new();
  m->parts = name_index_new();
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = layer_at(m, i);
    NamePart parts[NAME_MOST_PARTS];
    name_index_add(m->whole, l->name, i);
    unsigned n = name_parts(l->name, l->d_out, l->d_in, parts);
    for (unsigned k = 0; k < n; k++) {
      g_autofree char *name = name_of_part(l->name, parts[k].tag);
      name_index_add(m->parts, name, i * NAME_MOST_PARTS + k);
    }
  }
  return m;
}

void layer_match_free(LayerMatch *m) {
  if (!m) return;
  name_index_free(m->whole);
  name_index_free(m->parts);
  g_free(m);
}

LayerRef layer_ref_of(const LayerInfo *l) {
  return (LayerRef){.n = 1, .info = {l}, .d_out = l->d_out, .d_in = l->d_in};
}

static bool alternates(const LayerInfo *l) { return qkv_rows_alternate(l->name); }

LayerRef layer_ref_facing(const LayerInfo *l, const LayerRef *other) {
  LayerRef ref = layer_ref_of(l);
  bool alike = other->n == 1 && !other->ordered && alternates(other->info[0]);
  ref.ordered = !alike && alternates(l);
  return ref;
}

/* All parts of a fused layer, kept apart here. */
static bool find_parts(const LayerMatch *m, const LayerInfo *fused, LayerRef *out) {
  NamePart parts[NAME_MOST_PARTS];
  *out = (LayerRef){.n = name_parts(fused->name, fused->d_out, fused->d_in, parts)};
  for (unsigned k = 0; k < out->n; k++) {
    g_autofree char *name = name_of_part(fused->name, parts[k].tag);
    int place = name_index_find(m->whole, name);
    if (place < 0) return false;
    out->info[k] = layer_at(m, (unsigned)place);
    if (out->info[k]->form != out->info[0]->form || out->info[k]->d_in != out->info[0]->d_in) return false;
    out->d_out += out->info[k]->d_out;
  }
  out->d_in = out->n ? out->info[0]->d_in : 0;
  return out->n > 0;
}

/* The fused layer that this is some rows of. */
static bool find_fused(const LayerMatch *m, const LayerInfo *part, LayerRef *out) {
  NamePart parts[NAME_MOST_PARTS];
  int place = name_index_find(m->parts, part->name);
  if (place < 0) return false;
  const LayerInfo *l = layer_at(m, (unsigned)place / NAME_MOST_PARTS);
  name_parts(l->name, l->d_out, l->d_in, parts);
  const NamePart *p = &parts[(unsigned)place % NAME_MOST_PARTS];
  *out = (LayerRef){.n = 1, .info = {l}, .first = p->first, .d_out = p->rows, .d_in = l->d_in};
  out->ordered = alternates(l);
  return true;
}

/* The same parts fused under a name of another kind: one alternates, the other does not. */
static bool find_refused(const LayerMatch *m, const LayerInfo *layer, LayerRef *out) {
  NamePart parts[NAME_MOST_PARTS];
  if (!name_parts(layer->name, layer->d_out, layer->d_in, parts)) return false;
  g_autofree char *name = name_of_part(layer->name, parts[0].tag);
  int place = name_index_find(m->parts, name);
  if (place < 0 || (unsigned)place % NAME_MOST_PARTS != 0) return false;
  const LayerInfo *l = layer_at(m, (unsigned)place / NAME_MOST_PARTS);
  if (alternates(l) == alternates(layer)) return false;
  *out = layer_ref_of(l);
  out->ordered = alternates(l);
  return true;
}

bool layer_match_find(const LayerMatch *m, const LayerInfo *layer, LayerRef *out) {
  int place = name_index_find(m->whole, layer->name);
  if (place < 0) return find_parts(m, layer, out) || find_fused(m, layer, out) || find_refused(m, layer, out);
  *out = layer_ref_of(layer_at(m, (unsigned)place));
  return true;
}

/* --- numbers -------------------------------------------------------------------------------------- */

static void slice(Layer *l, size_t first, size_t rows) {
  float *m = l->form == LAYER_DENSE ? l->x : l->b;
  size_t width = l->form == LAYER_DENSE ? l->d_in : l->rank;
  memmove(m, m + first * width, rows * width * sizeof *m);
  l->d_out = rows;
}

static void stack_dense(Layer *top, const Layer *below) {
  size_t have = top->d_out * top->d_in, more = below->d_out * below->d_in;
  top->x = g_renew(float, top->x, have + more);
  memcpy(top->x + have, below->x, more * sizeof *top->x);
  top->d_out += below->d_out;
}

/* [B1 A1; B2 A2] = [B1 0; 0 B2] [A1; A2]; each scale goes into its own B. */
static void stack_low_rank(Layer *top, const Layer *below) {
  size_t r1 = top->rank, r2 = below->rank, r = r1 + r2, n = top->d_in;
  float *a = g_new(float, r *n), *b = g_new0(float, (top->d_out + below->d_out) * r);
  memcpy(a, top->a, r1 * n * sizeof *a);
  memcpy(a + r1 * n, below->a, r2 * n * sizeof *a);
  for (size_t o = 0; o < top->d_out; o++)
    for (size_t k = 0; k < r1; k++) b[o * r + k] = top->b[o * r1 + k] * top->scale;
  for (size_t o = 0; o < below->d_out; o++)
    for (size_t k = 0; k < r2; k++) b[(top->d_out + o) * r + r1 + k] = below->b[o * r2 + k] * below->scale;
  size_t d_out = top->d_out + below->d_out;
  layer_clear(top);
  *top = (Layer){.form = LAYER_LOW_RANK, .d_out = d_out, .d_in = n, .rank = r, .scale = 1, .b = b, .a = a};
}

static bool put_in_order(const LayerRef *ref, Layer *l) {
  QkvRows rows;
  if (!qkv_rows_of(l->d_out, l->d_in, ref->heads, &rows)) return false;
  float **m = l->form == LAYER_DENSE ? &l->x : &l->b;
  size_t width = l->form == LAYER_DENSE ? l->d_in : l->rank;
  float *out = g_try_malloc_n(l->d_out * width, sizeof *out);
  if (!out) return false;
  qkv_rows_restore(&rows, *m, width, out);
  g_free(*m);
  *m = out;
  return true;
}

static double distance_with(WeightFile *a, LayerRef *x, WeightFile *b, LayerRef *y, uint64_t heads) {
  Layer p = {0}, q = {0};
  x->heads = y->heads = heads;
  double distance = INFINITY;
  if (layer_ref_read(a, x, &p) && layer_ref_read(b, y, &q) && p.d_out == q.d_out && p.d_in == q.d_in &&
      p.form == q.form)
    distance = layer_distance(&p, &q);
  layer_clear(&p);
  layer_clear(&q);
  return distance;
}

static bool fits_heads(const LayerRef *ref, uint64_t heads) {
  QkvRows rows;
  return !ref->ordered || qkv_rows_of(ref->info[0]->d_out, ref->info[0]->d_in, heads, &rows);
}

bool layer_refs_settle(WeightFile *a, LayerRef *x, WeightFile *b, LayerRef *y) {
  enum { MOST_HEADS = 256 };
  if (!x->ordered && !y->ordered) return true;
  uint64_t heads = weight_file_heads(a), best = 0;
  if (!heads) heads = weight_file_heads(b);
  x->heads = y->heads = heads;
  if (heads) return fits_heads(x, heads) && fits_heads(y, heads);
  double least = INFINITY;
  for (heads = 1; heads <= MOST_HEADS; heads++) {
    if (!fits_heads(x, heads) || !fits_heads(y, heads)) continue;
    double distance = distance_with(a, x, b, y, heads);
    if (!best || distance < least) least = distance, best = heads;
  }
  x->heads = y->heads = best;
  return best > 0;
}

bool layer_ref_read(WeightFile *file, const LayerRef *ref, Layer *out) {
  if (!layer_read(file, ref->info[0], out, NULL)) return false;
  if (ref->ordered && !put_in_order(ref, out)) {
    layer_clear(out);
    return false;
  }
  for (unsigned k = 1; k < ref->n; k++) {
    Layer below;
    if (!layer_read(file, ref->info[k], &below, NULL)) {
      layer_clear(out);
      return false;
    }
    if (out->form == LAYER_DENSE) stack_dense(out, &below);
    else stack_low_rank(out, &below);
    layer_clear(&below);
  }
  if (ref->d_out < out->d_out) slice(out, ref->first, ref->d_out);
  return true;
}
