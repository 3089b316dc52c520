/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/layer_set.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/parallel.h"
#include "experts/probex/layer_finder.h"
#include "numerics/linalg.h"
#include "weights/layers/layer.h"

/* Allocates for n models of the given ranks (low-rank) or of one dense shape. */
static LayerSet *set_new(LayerForm form, size_t n, size_t d_out, size_t d_in, const size_t *ranks,
                         const DenseStoreOptions *store, GError **error) {
  g_autoptr(LayerSet) set = g_new0(LayerSet, 1);
  *set = (LayerSet){.form = form, .n = n, .d_out = d_out, .d_in = d_in, .spread = 1};
  set->full_out = d_out, set->full_in = d_in;
  set->first = g_new0(size_t, n + 1);
  set->broken = g_new0(bool, n + 1);
  set->zero = g_new0(bool, n + 1);
  set->scale = g_new(float, n + 1);
  for (size_t i = 0; i < n; i++) {
    set->scale[i] = 1;
    set->first[i + 1] = set->first[i] + (form == LAYER_LOW_RANK ? ranks[i] : 0);
    if (form == LAYER_LOW_RANK) set->max_rank = MAX(set->max_rank, ranks[i]);
  }
  size_t rows = set->first[n];
  if (form == LAYER_LOW_RANK) {
    set->a_floats = rows * d_in;
    set->bt_floats = rows * d_out;
    set->a = big_alloc(set->a_floats, error);
    set->bt = set->a ? big_alloc(set->bt_floats, error) : NULL;
    return set->bt ? g_steal_pointer(&set) : NULL;
  }
  size_t each;
  if (__builtin_mul_overflow(d_out, d_in, &each)) each = SIZE_MAX;
  set->x = dense_store_new(n, each, store, error);
  return set->x ? g_steal_pointer(&set) : NULL;
}

LayerSet *layer_set_dense(size_t n, size_t d_out, size_t d_in, const DenseStoreOptions *store, GError **error) {
  return set_new(LAYER_DENSE, n, d_out, d_in, NULL, store, error);
}

void layer_set_free(LayerSet *set) {
  if (!set) return;
  big_free(set->a, set->a_floats);
  big_free(set->bt, set->bt_floats);
  dense_store_free(set->x);
  g_free(set->first);
  g_free(set->scale);
  g_free(set->broken);
  g_free(set->zero);
  g_free(set->ones_out);
  g_free(set->ones_in);
  g_free(set);
}

/* Beyond, squares do not fit into a float. */
static bool is_sound(const float *x, size_t n) {
  static const float most = 1e15f;
  bool sound = true;
  for (size_t i = 0; i < n; i++) sound &= fabsf(x[i]) < most; /* false for NaN too */
  return sound;
}

static bool is_broken(const Layer *l) {
  if (l->form == LAYER_DENSE) return !is_sound(l->x, l->d_out * l->d_in);
  return !is_sound(l->a, l->rank * l->d_in) || !is_sound(l->b, l->d_out * l->rank) || !is_sound(&l->scale, 1);
}

static void make_zero(Layer *l) {
  if (l->form == LAYER_DENSE) {
    memset(l->x, 0, l->d_out * l->d_in * sizeof *l->x);
    return;
  }
  memset(l->a, 0, l->rank * l->d_in * sizeof *l->a);
  memset(l->b, 0, l->d_out * l->rank * sizeof *l->b);
  l->scale = 1;
}

static void put_layer(LayerSet *set, size_t i, const Layer *layer) {
  set->zero[i] = layer->form == LAYER_LOW_RANK && (layer->scale == 0 || all_zero(layer->a, layer->rank * layer->d_in) ||
                                                   all_zero(layer->b, layer->d_out * layer->rank));
  if (set->form == LAYER_DENSE) {
    dense_store_put(set->x, i, layer->x);
    return;
  }
  size_t r = layer->rank, row = set->first[i];
  set->scale[i] = layer->scale;
  memcpy(set->a + row * set->d_in, layer->a, r * set->d_in * sizeof(float));
  for (size_t k = 0; k < r; k++)
    for (size_t j = 0; j < set->d_out; j++) set->bt[(row + k) * set->d_out + j] = layer->b[j * r + k];
}

LayerSet *layer_set_from_layers(const Layer *layers, size_t n, GError **error) {
  g_return_val_if_fail(n > 0, NULL);
  g_autofree size_t *ranks = g_new(size_t, n);
  for (size_t i = 0; i < n; i++) ranks[i] = layers[i].rank;
  LayerSet *set = set_new(layers[0].form, n, layers[0].d_out, layers[0].d_in, ranks, NULL, error);
  for (size_t i = 0; set && i < n; i++) put_layer(set, i, &layers[i]);
  return set;
}

/* --- reading from a collection ------------------------------------------------------------- */

typedef struct {
  const GPtrArray *models;
  const char *layer;
  LayerFinder *finder;
  const DenseStoreOptions *store;
  const Progress *progress;
  LayerInfo *infos; /* by model, without names */
  LayerSet *set;
  GMutex lock;
  size_t done;
  GError *problem; /* the first */
} Reading;

static bool give_up(Reading *r, GError *problem) {
  g_mutex_lock(&r->lock);
  if (r->problem) g_error_free(problem);
  else r->problem = problem;
  g_mutex_unlock(&r->lock);
  return false;
}

/* First pass: where the layer is and how large, so that memory is taken once. */
static bool look(void *user, size_t i, unsigned thread) {
  (void)thread;
  Reading *r = user;
  GError *error = NULL;
  g_autoptr(WeightFile) file = layer_finder_open(r->finder, r->models->pdata[i], &r->infos[i], &error);
  return file || give_up(r, error);
}

static bool check_shapes(const Reading *r, GError **error) {
  const LayerInfo *first = &r->infos[0];
  for (size_t i = 1; i < r->models->len; i++) {
    const LayerInfo *l = &r->infos[i];
    if (l->form == first->form && l->d_out == first->d_out && l->d_in == first->d_in) continue;
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "layer %s is %s %zu x %zu in %s but %s %zu x %zu in %s: choose models of one tree", r->layer,
                first->form == LAYER_DENSE ? "dense" : "low-rank", (size_t)first->d_out, (size_t)first->d_in,
                ((Model *)r->models->pdata[0])->shown, l->form == LAYER_DENSE ? "dense" : "low-rank", (size_t)l->d_out,
                (size_t)l->d_in, ((Model *)r->models->pdata[i])->shown);
    return false;
  }
  return true;
}

static bool report(Reading *r) {
  g_mutex_lock(&r->lock);
  bool go_on = progress_step(r->progress, "reading", ++r->done, r->models->len, r->problem ? NULL : &r->problem);
  g_mutex_unlock(&r->lock);
  return go_on;
}

/* Second pass: the numbers. */
static bool load(void *user, size_t i, unsigned thread) {
  (void)thread;
  Reading *r = user;
  GError *error = NULL;
  LayerInfo info;
  Layer layer;
  g_autoptr(WeightFile) file = layer_finder_open(r->finder, r->models->pdata[i], &info, &error);
  if (!file) return give_up(r, error);
  bool same = info.form == r->infos[i].form && info.d_out == r->infos[i].d_out && info.d_in == r->infos[i].d_in &&
              info.rank == r->infos[i].rank;
  bool ok = same && layer_read(file, &info, &layer, &error);
  if (!same)
    g_set_error(&error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s changed while it was read: scan again",
                weight_file_label(file));
  if (!ok) return give_up(r, error);
  r->set->broken[i] = is_broken(&layer);
  if (r->set->broken[i]) make_zero(&layer);
  put_layer(r->set, i, &layer);
  layer_clear(&layer);
  return report(r);
}

static bool read_all(Reading *r, unsigned threads, GError **error) {
  size_t n = r->models->len;
  const CancelToken *cancel = r->progress ? r->progress->cancel : NULL;
  if (!parallel_for(n, threads, look, r, cancel)) return false;
  if (!check_shapes(r, error)) return false;
  g_autofree size_t *ranks = g_new(size_t, n);
  for (size_t i = 0; i < n; i++) ranks[i] = r->infos[i].rank;
  r->set = set_new(r->infos[0].form, n, r->infos[0].d_out, r->infos[0].d_in, ranks, r->store, error);
  return r->set && parallel_for(n, threads, load, r, cancel);
}

LayerSet *layer_set_read(const Collection *collection, const GPtrArray *models, const char *layer,
                         const DenseStoreOptions *store, const Progress *progress, GError **error) {
  g_return_val_if_fail(models->len > 0, NULL);
  g_autoptr(LayerFinder) finder = layer_finder_new(collection, layer);
  Reading r = {.models = models, .layer = layer, .finder = finder, .store = store, .progress = progress};
  g_mutex_init(&r.lock);
  r.infos = g_new0(LayerInfo, models->len);
  GError *problem = NULL;
  bool ok = read_all(&r, linalg_threads(), &problem);
  if (!ok && !problem) problem = g_steal_pointer(&r.problem);
  if (!ok && !problem) progress_check(progress, &problem);
  if (!ok) {
    g_clear_pointer(&r.set, layer_set_free);
    g_propagate_error(error, problem);
  }
  g_clear_error(&r.problem);
  g_mutex_clear(&r.lock);
  g_free(r.infos);
  return r.set;
}

/* --- centre and scale ---------------------------------------------------------------------------- */

static size_t layer_size(const LayerSet *set) { return set->d_out * set->d_in; }

float *layer_set_mean(const LayerSet *set, const size_t *models, size_t n) {
  g_return_val_if_fail(set->form == LAYER_DENSE && n > 0, NULL);
  size_t each = layer_size(set);
  float *mean = g_new0(float, each);
  g_autofree float *scratch = g_new(float, each);
  for (size_t k = 0; k < n; k++) axpy(1.0f / (float)n, layer_set_get(set, models[k], scratch), mean, each);
  return mean;
}

/* X = factor (X - centre) for every model of a dense set; centre may be NULL. */
static void shift_and_scale(LayerSet *set, const float *centre, float factor) {
  size_t each = layer_size(set);
  g_autofree float *scratch = g_new(float, each), *out = g_new(float, each);
  for (size_t i = 0; i < set->n; i++) {
    const float *x = layer_set_get(set, i, scratch);
    for (size_t k = 0; k < each; k++) out[k] = factor * (x[k] - (centre ? centre[k] : 0));
    dense_store_put(set->x, i, out);
  }
}

void layer_set_subtract(LayerSet *set, const float *centre) {
  g_return_if_fail(set->form == LAYER_DENSE && set->spread == 1);
  shift_and_scale(set, centre, 1);
}

/* |s B A|^2 = s^2 sum_kl (B'B)_kl (AA')_kl, from the rows of model i. */
static double norm2_low_rank(const LayerSet *set, size_t i, float *grams) {
  size_t r = set->first[i + 1] - set->first[i], row = set->first[i];
  float *aa = grams, *bb = grams + r * r;
  const float *a = set->a + row * set->d_in, *bt = set->bt + row * set->d_out;
  gemm(false, true, r, r, set->d_in, 1, a, set->d_in, a, set->d_in, 0, aa, r);
  gemm(false, true, r, r, set->d_out, 1, bt, set->d_out, bt, set->d_out, 0, bb, r);
  double sum = 0;
  for (size_t k = 0; k < r * r; k++) sum += (double)aa[k] * bb[k];
  return sum * set->scale[i] * set->scale[i];
}

float layer_set_spread(const LayerSet *set, const size_t *models, size_t n) {
  size_t each = layer_size(set);
  bool dense = set->form == LAYER_DENSE;
  g_autofree float *grams = g_new(float, 2 * set->max_rank * set->max_rank + 1);
  g_autofree float *scratch = dense ? g_new(float, each) : NULL;
  double sum = 0;
  for (size_t k = 0; k < n; k++) {
    size_t i = models[k];
    const float *x = dense ? layer_set_get(set, i, scratch) : NULL;
    sum += dense ? (double)dot(x, x, each) : norm2_low_rank(set, i, grams);
  }
  float spread = (float)sqrt(sum / ((double)n * (double)each));
  return isfinite(spread) && spread > 0 ? spread : 1;
}

void layer_set_normalise(LayerSet *set, float spread) {
  float factor = set->spread / spread;
  for (size_t i = 0; i < set->n; i++) set->scale[i] *= factor;
  if (set->form == LAYER_DENSE) shift_and_scale(set, NULL, factor);
  set->spread = spread;
}
