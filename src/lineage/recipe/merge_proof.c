/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/merge_proof.h"

#include <math.h>
#include <string.h>

#include "lineage/diff/layer_match.h"
#include "lineage/recipe/grid_noise.h"
#include "lineage/recipe/layer_mix.h"
#include "lineage/sketch/sketch.h"

const char *recipe_method_name(RecipeMethod method) {
  static const char *const names[] = {[RECIPE_LINEAR] = "linear",
                                      [RECIPE_SLERP] = "slerp",
                                      [RECIPE_PASSTHROUGH] = "passthrough",
                                      [RECIPE_TIES] = "ties",
                                      [RECIPE_DARE] = "dare_linear",
                                      [RECIPE_DARE_TIES] = "dare_ties",
                                      [RECIPE_TASK_ARITHMETIC] = "task_arithmetic",
                                      [RECIPE_MODEL_STOCK] = "model_stock",
                                      [RECIPE_UNKNOWN] = "unknown"};
  return names[method];
}

/* The child's file first, then the parents', then the base's. */
enum { SIDES = PROOF_PARENTS + 2 };

/* A misfit above this is none of a sum's; weights that differ by more are a ramp. */
static const double most_misfit = 1e-4, constant = 0.01;

typedef struct {
  const ProofFiles *files;
  WeightFile *file[SIDES];
  GArray *layers[SIDES];
  LayerMatch *match[SIDES];
  Layer layer[SIDES];
  float *half; /* of the child's levels, when it is quantised */
  double noise2;
  unsigned sides, n, proven, slerps, wholes, stocks, methods[ELEMENTS_UNKNOWN + 1];
  double weight[PROOF_PARENTS], least[PROOF_PARENTS], most[PROOF_PARENTS], density[PROOF_PARENTS], slerp_t;
  GArray *rows; /* of RecipeLayer, or NULL */
} Proof;

static void recipe_layer_clear(void *layer) { g_free(((RecipeLayer *)layer)->name); }

GArray *recipe_layers_new(void) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(RecipeLayer));
  g_array_set_clear_func(rows, recipe_layer_clear);
  return rows;
}

/* Takes what a layer has into account. */
static void take(Proof *s, const char *name, const double *weight, const double *density, double t) {
  RecipeLayer row = {.n = s->n, .slerp_t = t};
  for (unsigned k = 0; k < s->n; k++) {
    row.weight[k] = weight[k], row.density[k] = density ? density[k] : 1;
    s->weight[k] += weight[k], s->density[k] += row.density[k];
    s->least[k] = fmin(s->proven ? s->least[k] : INFINITY, weight[k]);
    s->most[k] = fmax(s->proven ? s->most[k] : -INFINITY, weight[k]);
  }
  s->proven++;
  if (!s->rows) return;
  row.name = g_strdup(name);
  g_array_append_val(s->rows, row);
}

static void clear_layers(Proof *s) {
  for (unsigned k = 0; k < s->sides; k++) {
    layer_clear(&s->layer[k]);
    memset(&s->layer[k], 0, sizeof s->layer[k]);
  }
  g_clear_pointer(&s->half, g_free);
}

static void proof_clear(Proof *s) {
  clear_layers(s);
  for (unsigned k = 0; k < s->sides; k++) {
    layer_match_free(s->match[k]);
    g_array_unref(s->layers[k]);
  }
}

static void proof_init(Proof *s, const ProofFiles *files, GArray *rows) {
  *s = (Proof){.files = files, .n = files->n, .rows = rows};
  s->file[s->sides++] = files->child;
  for (unsigned k = 0; k < files->n; k++) s->file[s->sides++] = files->parent[k];
  if (files->base) s->file[s->sides++] = files->base;
  for (unsigned k = 0; k < s->sides; k++) {
    s->layers[k] = layer_list(s->file[k], NULL);
    s->match[k] = layer_match_new(s->layers[k]);
  }
}

/* Reads the child's layer of all sides. False where one lacks it. */
static bool read_layers(Proof *s, const LayerInfo *child) {
  clear_layers(s);
  for (unsigned k = 0; k < s->sides; k++) {
    LayerRef ref = layer_ref_of(child);
    if (k > 0 && !layer_match_find(s->match[k], child, &ref)) return false;
    if (ref.info[0]->form != LAYER_DENSE || ref.d_out != child->d_out || ref.d_in != child->d_in) return false;
    if (!layer_ref_read(s->file[k], &ref, &s->layer[k])) return false;
  }
  if (!s->files->quantised) return true;
  size_t n = (size_t)child->d_out * (size_t)child->d_in;
  s->half = g_new(float, n);
  s->noise2 = grid_noise(s->layer[0].x, n, (size_t)child->d_in, s->half);
  return true;
}

static bool is_equal(const Proof *s, unsigned i, unsigned k, size_t n) {
  return memcmp(s->layer[i].x, s->layer[k].x, n * sizeof(float)) == 0;
}

/* Nothing moved, or, of changes from a base, not all parents did. */
static bool tells_nothing(const Proof *s, size_t n) {
  bool parents = true, one = false;
  for (unsigned k = 2; k < s->sides; k++) parents &= is_equal(s, 1, k, n);
  for (unsigned k = 1; k <= s->n && s->files->by_element; k++) one |= is_equal(s, k, s->n + 1, n);
  return one || (parents && (s->half || is_equal(s, 0, 1, n)));
}

/* ---- two parents ---- */

static bool prove_plane(Proof *s, const char *name, size_t n) {
  PlaneMix m =
      layer_mix_plane(s->layer[0].x, s->layer[1].x, s->layer[2].x, n, s->files->epsilon, s->half ? s->noise2 : 0);
  if (!m.fits) return false;
  bool slerp = isfinite(m.slerp_t) && fabs(m.u + m.v - 1) > 1e-3;
  if (slerp) s->slerps++, s->slerp_t += m.slerp_t;
  s->wholes += m.u == 1 || m.v == 1;
  take(s, name, (const double[]){m.u, m.v}, NULL, m.slerp_t);
  return true;
}

/* ---- a sum of several ---- */

/* The share of the parents' mean that model stock gives to changes of that mean cosine. */
static double stock_share(const SpanGram *g, unsigned n) {
  double sum = 0, pairs = 0;
  for (unsigned i = 0; i < n; i++)
    for (unsigned k = 0; k < i; k++) sum += span_cosine(g, n, i, k), pairs++;
  double cosine = sum / pairs;
  return n * cosine / (1 + (n - 1) * cosine);
}

static bool is_stock(const Proof *s, const SpanGram *g, const SpanFit *fit) {
  static const double off = 0.02;
  double mean = (1 - fit->weight[s->n]) / s->n;
  if (s->sides != s->n + 2) return false;
  for (unsigned k = 0; k < s->n; k++)
    if (fabs(fit->weight[k] - mean) > off * fabs(mean) + 1e-3) return false;
  return fabs(s->n * mean - stock_share(g, s->n)) < off;
}

static bool is_sum(const Proof *s, const SpanFit *fit, size_t n) {
  double norm2 = 0, weights = 1, epsilon = s->files->epsilon;
  for (size_t i = 0; i < n; i++) norm2 += (double)s->layer[0].x[i] * (double)s->layer[0].x[i];
  for (unsigned k = 0; k + 1 < s->sides; k++) weights += fit->weight[k] * fit->weight[k];
  double allowed = most_misfit * fit->nearest2 + weights * epsilon * epsilon * norm2;
  return fit->rest2 <= allowed && fit->rest2 <= 0.1 * fit->nearest2;
}

static bool prove_sum(Proof *s, const char *name, size_t n) {
  const float *others[SPAN_MOST];
  SpanGram gram;
  for (unsigned k = 0; k + 1 < s->sides; k++) others[k] = s->layer[k + 1].x;
  span_gram_take(&gram, s->layer[0].x, others, s->sides - 1, n);
  SpanFit fit = span_fit(&gram, (1u << (s->sides - 1)) - 1, false);
  if (!is_sum(s, &fit, n)) return false;
  bool whole = false;
  for (unsigned k = 0; k < s->n; k++) {
    if (fit.weight[k] < -0.02 || fit.weight[k] > 1.02) return false;
    whole |= fit.weight[k] > 0.999;
  }
  s->wholes += whole;
  s->stocks += is_stock(s, &gram, &fit);
  take(s, name, fit.weight, NULL, NAN);
  return true;
}

/* ---- element by element ---- */

static bool prove_elements(Proof *s, const char *name, size_t n) {
  Elements e = {.c = s->layer[0].x, .o = s->layer[s->n + 1].x, .parents = s->n, .n = n, .half = s->half};
  e.epsilon = s->files->epsilon;
  for (unsigned k = 0; k < s->n; k++) e.x[k] = s->layer[k + 1].x;
  ElementMix m = element_mix(&e);
  if (m.method == ELEMENTS_NONE) return false;
  s->methods[m.method]++;
  double weight[PROOF_PARENTS];
  for (unsigned k = 0; k < s->n; k++)
    weight[k] = m.method == ELEMENTS_UNKNOWN ? 1.0 / s->n
                : m.means                    ? m.factor[0] * m.weight[k]
                                             : m.factor[k] * m.density[k];
  take(s, name, weight, m.density, NAN);
  return true;
}

/* ---- all layers ---- */

static bool prove_layer(Proof *s, const LayerInfo *l) {
  size_t n = (size_t)l->d_out * (size_t)l->d_in;
  if (!read_layers(s, l)) return false;
  if (tells_nothing(s, n)) return true;
  if (s->files->by_element) return prove_elements(s, l->name, n);
  return s->n == 2 && s->sides == 3 ? prove_plane(s, l->name, n) : prove_sum(s, l->name, n);
}

/* A head may be one parent's, or new. */
static bool prove_layers(Proof *s) {
  for (guint i = 0; i < s->layers[0]->len; i++) {
    const LayerInfo *l = &g_array_index(s->layers[0], LayerInfo, i);
    if (!prove_layer(s, l) && !layer_name_is_head(l->name)) return false;
  }
  return s->proven > 0;
}

static RecipeMethod element_method(const Proof *s) {
  static const RecipeMethod of[] = {[ELEMENTS_TIES] = RECIPE_TIES,
                                    [ELEMENTS_DARE] = RECIPE_DARE,
                                    [ELEMENTS_DARE_TIES] = RECIPE_DARE_TIES,
                                    [ELEMENTS_UNKNOWN] = RECIPE_UNKNOWN};
  unsigned best = ELEMENTS_TIES;
  for (unsigned k = ELEMENTS_TIES; k <= ELEMENTS_UNKNOWN; k++)
    if (s->methods[k] > s->methods[best]) best = k;
  return of[best];
}

static RecipeMethod sum_method(const Proof *s, bool ramp) {
  bool alone = s->sides == s->n + 1;
  if (s->wholes == s->proven) return RECIPE_PASSTHROUGH;
  if (alone && 2 * s->slerps > s->proven) return RECIPE_SLERP;
  if (!alone && 10 * s->stocks > 9 * s->proven) return RECIPE_MODEL_STOCK;
  if (alone) return ramp && s->n > 2 ? RECIPE_UNKNOWN : RECIPE_LINEAR;
  return ramp ? RECIPE_UNKNOWN : RECIPE_TASK_ARITHMETIC;
}

static void conclude(const Proof *s, MergeProof *out) {
  *out = (MergeProof){.n = s->n, .layers = s->proven, .slerp_t = NAN};
  for (unsigned k = 0; k < s->n; k++) {
    out->weight[k] = s->weight[k] / s->proven;
    out->density[k] = s->density[k] / s->proven;
    out->ramp |= s->most[k] - s->least[k] > constant + (s->half ? 0.1 : 0);
  }
  out->method = s->files->by_element ? element_method(s) : sum_method(s, out->ramp);
  if (out->method == RECIPE_SLERP) out->slerp_t = s->slerp_t / s->slerps;
}

bool merge_prove(const ProofFiles *files, MergeProof *out, GArray *rows) {
  Proof s;
  proof_init(&s, files, rows);
  bool ok = prove_layers(&s);
  /* A model of which one parent gives every layer is that parent's copy, no merge. */
  for (unsigned k = 0; ok && k < s.n; k++) ok = fabs(s.weight[k]) > 0.01 * s.proven;
  if (ok) conclude(&s, out);
  proof_clear(&s);
  return ok;
}
