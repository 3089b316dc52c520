/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/direction.h"

#include <math.h>

/* Nats of each piece of evidence, as measured on small networks; what has none is not counted. */
static const double worth[ROOT_EVIDENCES] = {
    [ROOT_CLOCK] = 5,      [ROOT_LOW_RANK] = 4,  [ROOT_NORM] = 0.4,   [ROOT_DECAY] = 0.8,
    [ROOT_KURTOSIS] = 0.5, [ROOT_LAYERS] = 0.5,  [ROOT_BIASES] = 0.3, [ROOT_FRESH] = 1.2,
    [ROOT_HEAD] = 0.4,     [ROOT_CENTRAL] = 1.5, [ROOT_ZEROS] = 6, /* what was set to zero does not come back */
    [ROOT_ROWS] = 0.8                                              /* vocabularies grow more often than they shrink */
};

/* More of the numbers are 0 in one than in the other: it was pruned. */
static const double most_zeros_apart = 0.05;

/* Beyond this the norm tells of weight decay, not of the change's angle. */
static const double decay_rho = 12;

/* +1 when the child's is the larger, -1 when smaller, 0 when equal or not known. */
static double sign(double parent, double child) { return (double)((child > parent) - (child < parent)); }

bool direction_one_head(const ModelSketch *a, const ModelSketch *b, const Kinship *k) {
  return a->head_out && a->head_out == b->head_out && k->head_cosine > 0.5;
}

/* The logarithm of the child's to the parent's, -1..1; 0 when one is not known or none. */
static double ratio(double parent, double child) {
  double by = log(child / parent);
  return isfinite(by) ? CLAMP(by, -1, 1) : 0;
}

static void head_evidence(const ModelSketch *p, const ModelSketch *c, const Kinship *k, double *x) {
  if (!p->head_out || !c->head_out) return;
  if (direction_one_head(p, c, k)) {
    x[ROOT_HEAD] += sign(p->head_scale, c->head_scale), x[ROOT_HEAD_BY] += ratio(p->head_scale, c->head_scale);
  } else {
    x[ROOT_FRESH] -= sign(p->head_scale, c->head_scale), x[ROOT_FRESH_BY] -= ratio(p->head_scale, c->head_scale);
  }
}

static void norm_evidence(const Kinship *k, double *x) {
  double rho = kinship_growth(k);
  if (kinship_is_low_rank(k)) x[ROOT_LOW_RANK] += CLAMP(rho, -1, 1);
  else if (fabs(rho) > decay_rho) x[ROOT_DECAY] += rho > 0 ? 1 : -1;
  else x[ROOT_NORM] += CLAMP(rho, -2, 2);
}

/* Rows of the tables that both have with another number of them: the child's minus the parent's, by sign. */
static double more_rows(const ModelSketch *p, const ModelSketch *c, unsigned *tables) {
  g_autoptr(GHashTable) rows = g_hash_table_new(g_str_hash, g_str_equal);
  double sum = 0;
  *tables = 0;
  for (guint i = 0; i < p->tensors->len; i++) {
    TensorSketch *t = &g_array_index(p->tensors, TensorSketch, i);
    if (t->part == PART_MATRIX && t->role == TENSOR_WEIGHT) g_hash_table_insert(rows, t->name, t);
  }
  for (guint i = 0; i < c->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(c->tensors, TensorSketch, i), *o = g_hash_table_lookup(rows, t->name);
    if (!o || t->part != PART_MATRIX || t->d_in != o->d_in || t->d_out == o->d_out) continue;
    sum += sign((double)o->d_out, (double)t->d_out);
    ++*tables;
  }
  return (sum > 0) - (sum < 0);
}

static bool is_pruning(const ModelSketch *p, const ModelSketch *c) {
  return fabs(c->zeros - p->zeros) > most_zeros_apart;
}

/* Nothing but what the sketches do not compare has changed. */
static bool is_same_trunk(const Kinship *k) { return k->equal == 1 && k->distance2 == 0; }

static void place_evidence(const Kinship *k, const DirectionPlace *place, double *x) {
  double lead = (place->median_c - place->median_p) / k->tail2;
  if (isfinite(lead)) x[ROOT_CENTRAL] += tanh(2 * lead);
  x[ROOT_TURN] += place->turn;
  if (place->neighbours_p && place->neighbours_c)
    x[ROOT_BRANCHES] += log((double)place->neighbours_p / place->neighbours_c);
}

void direction_evidence(const ModelSketch *p, const ModelSketch *c, const Kinship *k, const DirectionPlace *place,
                        double x[ROOT_EVIDENCES]) {
  unsigned tables;
  double grown = 10 * (c->kurtosis - p->kurtosis) / fmin(p->kurtosis, c->kurtosis);
  x[ROOT_CLOCK] += sign(p->clock, c->clock);
  if (is_pruning(p, c)) x[ROOT_ZEROS] += sign(p->zeros, c->zeros);
  else norm_evidence(k, x);
  if (p->trunk != c->trunk) x[ROOT_ROWS] += more_rows(p, c, &tables);
  x[ROOT_KURTOSIS] += sign(p->kurtosis, c->kurtosis);
  if (isfinite(grown)) x[ROOT_KURTOSIS_BY] += tanh(grown);
  x[ROOT_LAYERS] += sign(p->norm_layers, c->norm_layers);
  x[ROOT_LAYERS_BY] += ratio(p->norm_layers, c->norm_layers);
  x[ROOT_BIASES] += sign(p->biases, c->biases);
  x[ROOT_BIASES_BY] += ratio(p->biases, c->biases);
  head_evidence(p, c, k, x);
  place_evidence(k, place, x);
}

double direction_nats(const ModelSketch *p, const ModelSketch *c, const Kinship *k, double median_p, double median_c) {
  const DirectionPlace place = {.median_p = median_p, .median_c = median_c};
  double x[ROOT_EVIDENCES] = {0};
  direction_evidence(p, c, k, &place, x);
  if (is_pruning(p, c)) x[ROOT_ROWS] = 0; /* its zeros say enough */
  return evidence_sum(worth, x, ROOT_EVIDENCES);
}

EdgeKind direction_kind_by_head(const ModelSketch *p, const ModelSketch *c, const Kinship *k) {
  return direction_one_head(p, c, k) ? EDGE_CONTINUED : EDGE_FINE_TUNE;
}

EdgeKind direction_kind(const ModelSketch *p, const ModelSketch *c, const Kinship *k) {
  unsigned tables = 0;
  if (is_pruning(p, c) && c->zeros > p->zeros) return EDGE_PRUNED;
  if (is_same_trunk(k)) {
    if (p->trunk != c->trunk) more_rows(p, c, &tables);
    if (tables) return EDGE_RESIZED;
    if (p->head_out && c->head_out && p->trunk == c->trunk) return EDGE_NEW_HEAD;
  }
  if (kinship_is_low_rank(k) && kinship_growth(k) > 0) return EDGE_LORA_MERGED;
  return kinship_is_noise_like(p, c) ? EDGE_NOISED : direction_kind_by_head(p, c, k);
}
