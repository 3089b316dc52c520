/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/likeness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collection/collection_team.h"
#include "experts/probex/layer_set.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "weights/layers/learnable.h"

/* Layers looked at; columns on either side; numbers of a dense layer at most; models compared at a time; cosines of
 * peers kept; pairs of peers that tell how alike peers are, at the least. */
enum { LAYERS = 4, WIDE = 24, WIDEST = 4 << 20, BLOCK = 256, KEPT = 1 << 20, ENOUGH = 20 };
static const size_t chunk_floats = (size_t)64 << 20;
static const double copy_cosine = 0.9995, near_cosine = 0.98, least_cosine = 0.5, outside = 6, least_spread = 0.02;

/* The picture of one layer of all models. */
typedef struct {
  size_t n, width;
  float *rows; /* (n, width), of length 1, or zeros */
  bool *flat;  /* (n): zeros, since it is like the mean of all */
} Picture;

static void picture_free(void *data) {
  Picture *p = data;
  if (!p) return;
  g_free(p->rows);
  g_free(p->flat);
  g_free(p);
}

/* --- taking pictures ------------------------------------------------------------------------------- */

/* Random columns (d, w); the axes themselves when there are no more than w. */
static float *columns(size_t d, size_t w, uint64_t stream) {
  float *q = g_new0(float, d *w);
  Rng rng;
  rng_init(&rng, 0x6b696e, stream);
  if (w < d) rng_fill_normal(&rng, q, d * w, 1);
  for (size_t i = 0; i < w && w == d; i++) q[i * w + i] = 1;
  return q;
}

typedef struct {
  size_t d_out, d_in, p, q; /* the layer, and the columns on either side */
  float *left, *right;      /* (d_out, p), (d_in, q) */
} Lens;

static void take_low_rank(const LayerSet *s, size_t i, const Lens *l, float *out) {
  size_t from = s->first[i], k = s->first[i + 1] - from;
  g_autofree float *b = g_new(float, k * l->p + 1), *a = g_new(float, k * l->q + 1);
  gemm(false, false, k, l->p, l->d_out, s->scale[i], s->bt + from * l->d_out, l->d_out, l->left, l->p, 0, b, l->p);
  gemm(false, false, k, l->q, l->d_in, 1, s->a + from * l->d_in, l->d_in, l->right, l->q, 0, a, l->q);
  gemm(true, false, l->p, l->q, k, 1, b, l->p, a, l->q, 0, out, l->q);
}

static void take_dense(const LayerSet *s, size_t i, const Lens *l, float *scratch, float *out) {
  const float *x = layer_set_get(s, i, scratch);
  g_autofree float *xq = g_new(float, l->d_out * l->q);
  gemm(false, false, l->d_out, l->q, l->d_in, 1, x, l->d_in, l->right, l->q, 0, xq, l->q);
  gemm(true, false, l->p, l->q, l->d_out, 1, l->left, l->p, xq, l->q, 0, out, l->q);
}

static void take(const LayerSet *s, const Lens *l, float *rows) {
  g_autofree float *scratch = s->form == LAYER_DENSE ? g_new(float, l->d_out * l->d_in) : NULL;
  for (size_t i = 0; i < s->n; i++) {
    float *row = rows + i * l->p * l->q;
    if (s->broken[i]) continue;
    if (s->form == LAYER_DENSE) take_dense(s, i, l, scratch, row);
    else take_low_rank(s, i, l, row);
  }
}

static bool unit(float *x, size_t n, double least) {
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += (double)x[k] * x[k];
  double length = sqrt(sum);
  bool there = isfinite(length) && length > least;
  for (size_t k = 0; k < n; k++) x[k] = there ? (float)(x[k] / length) : 0;
  return there;
}

/* Length 1, the mean taken off, length 1 again. False when the models do not differ in this layer. */
static bool centre(Picture *p) {
  g_autofree double *mean = g_new0(double, p->width);
  g_autofree bool *there = g_new0(bool, p->n + 1);
  size_t n = 0, apart = 0;
  for (size_t i = 0; i < p->n; i++) {
    n += there[i] = unit(p->rows + i * p->width, p->width, 0);
    for (size_t k = 0; k < p->width; k++) mean[k] += (double)p->rows[i * p->width + k];
  }
  for (size_t i = 0; i < p->n; i++) {
    float *row = p->rows + i * p->width;
    for (size_t k = 0; there[i] && k < p->width; k++) row[k] = (float)(row[k] - mean[k] / (double)n);
    p->flat[i] = !unit(row, p->width, 1e-5);
    apart += !p->flat[i];
  }
  return apart > 1;
}

/* How many models may be read at once. */
static guint chunk_of(const LayerInfo *l) {
  double each = l->form == LAYER_DENSE ? (double)l->d_out * (double)l->d_in : 64.0 * (double)(l->d_out + l->d_in);
  return (guint)CLAMP((double)chunk_floats / each, 1, 4096);
}

/* NULL without an error when the layer says nothing; with one when cancelled. */
static Picture *picture_new(const Collection *c, const GPtrArray *models, const LayerInfo *info,
                            const Progress *progress, GError **error) {
  const size_t p_wide = MIN(info->d_out, WIDE), q_wide = MIN(info->d_in, WIDE);
  g_autofree float *left = columns(info->d_out, p_wide, 1), *right = columns(info->d_in, q_wide, 2);
  Lens l = {info->d_out, info->d_in, p_wide, q_wide, left, right};
  Picture *p = g_new0(Picture, 1);
  *p = (Picture){models->len, l.p * l.q, g_new0(float, models->len *l.p *l.q + 1), g_new0(bool, models->len + 1)};
  bool fits = true;
  for (guint from = 0, step = chunk_of(info); fits && from < models->len; from += step) {
    g_autoptr(GPtrArray) some = g_ptr_array_new();
    for (guint i = from; i < MIN(from + step, models->len); i++) g_ptr_array_add(some, models->pdata[i]);
    g_autoptr(LayerSet) set = layer_set_read(c, some, info->name, NULL, progress, NULL);
    fits = set && set->d_out == l.d_out && set->d_in == l.d_in;
    if (fits) take(set, &l, p->rows + from * p->width);
  }
  if (fits && progress_check(progress, error) && centre(p)) return p;
  picture_free(p);
  progress_check(progress, error);
  return NULL;
}

/* --- which layers ---------------------------------------------------------------------------------- */

static bool may_be_looked_at(const LayerInfo *l, bool low_rank) {
  bool form = !low_rank || l->form == LAYER_LOW_RANK;
  return form && l->d_out * l->d_in >= 16 && (l->form == LAYER_LOW_RANK || l->d_out * l->d_in <= WIDEST);
}

/* Up to LAYERS of the architecture, spread over it from the first to the last: LayerInfo* of `infos`. */
static GPtrArray *layers_to_look_at(const GArray *infos) {
  g_autoptr(GPtrArray) usable = g_ptr_array_new();
  GPtrArray *some = g_ptr_array_new();
  bool low_rank = false;
  for (guint i = 0; i < infos->len; i++) low_rank |= g_array_index(infos, LayerInfo, i).form == LAYER_LOW_RANK;
  for (guint i = 0; i < infos->len; i++)
    if (may_be_looked_at(&g_array_index(infos, LayerInfo, i), low_rank))
      g_ptr_array_add(usable, &g_array_index(infos, LayerInfo, i));
  guint n = MIN(usable->len, (guint)LAYERS);
  for (guint k = 0; k < n; k++) g_ptr_array_add(some, usable->pdata[n > 1 ? k * (usable->len - 1) / (n - 1) : 0]);
  return some;
}

typedef struct {
  const Collection *collection;
  const GPtrArray *models, *layers;
  const Progress *progress;
  GPtrArray *pictures;
} Taking;

static bool take_here(Taking *t, size_t k, GError **error) {
  GError *problem = NULL;
  Picture *p = picture_new(t->collection, t->models, t->layers->pdata[k], t->progress, &problem);
  if (p) g_ptr_array_add(t->pictures, p);
  if (problem) g_propagate_error(error, problem);
  return !problem;
}

/* The rows and after them what is flat; nothing of a layer that says nothing. */
static GBytes *take_for_leader(void *user, size_t k, unsigned thread) {
  (void)thread;
  const Taking *t = user;
  GError *problem = NULL;
  if (k >= t->layers->len) return NULL;
  Picture *p = picture_new(t->collection, t->models, t->layers->pdata[k], t->progress, &problem);
  bool failed = problem != NULL;
  g_clear_error(&problem);
  if (failed) return NULL;
  GByteArray *out = g_byte_array_new();
  if (p) g_byte_array_append(out, (const guint8 *)p->rows, (guint)(p->n * p->width * sizeof *p->rows));
  if (p) g_byte_array_append(out, (const guint8 *)p->flat, (guint)(p->n * sizeof *p->flat));
  picture_free(p);
  return g_byte_array_free_to_bytes(out);
}

static bool take_taken(void *user, size_t k, GBytes *result, GError **error) {
  Taking *t = user;
  if (!result) return take_here(t, k, error);
  const LayerInfo *l = t->layers->pdata[k];
  gsize bytes, n = t->models->len, width = MIN(l->d_out, WIDE) * MIN(l->d_in, WIDE), rows = n * width * sizeof(float);
  const char *at = g_bytes_get_data(result, &bytes);
  if (bytes != rows + n * sizeof(bool)) return true;
  Picture *p = g_new0(Picture, 1);
  *p = (Picture){n, width, g_memdup2(at, rows), g_memdup2(at + rows, n * sizeof(bool))};
  g_ptr_array_add(t->pictures, p);
  return true;
}

/* Array of Picture. The ranks of a team take a layer each; the leader has the pictures. */
static GPtrArray *take_pictures(const Collection *c, const GPtrArray *models, const Progress *progress,
                                GError **error) {
  g_autoptr(GPtrArray) pictures = g_ptr_array_new_with_free_func(picture_free);
  const Model *any = models->pdata[0];
  g_autoptr(WeightFile) file = collection_open_weights(c, any, NULL);
  g_autoptr(GArray) infos = file ? learnable_list(file, NULL) : g_array_new(FALSE, FALSE, sizeof(LayerInfo));
  g_autoptr(GPtrArray) layers = layers_to_look_at(infos);
  Taking t = {c, models, layers, progress, pictures};
  bool ok = true;
  if (team_is_several(collection_team(c))) {
    TeamWork work = {NULL, layers->len, 1, take_for_leader, take_taken, &t, progress ? progress->cancel : NULL};
    ok = team_work(collection_team(c), &work, error);
  }
  for (guint k = 0; ok && !team_is_several(collection_team(c)) && k < layers->len; k++) ok = take_here(&t, k, error);
  return ok ? g_steal_pointer(&pictures) : NULL;
}

/* --- comparing --------------------------------------------------------------------------------------- */

typedef struct {
  size_t i, j;
  double cosine;
} Near;

typedef struct {
  const GPtrArray *pictures;
  const size_t *label;
  size_t n;
  GArray *peers; /* of double: atanh of the cosines of peers */
  GArray *near;  /* of Near: peers at least_cosine or more */
  size_t seen;   /* pairs of peers */
  Rng rng;
  LikenessPair pair;
  void *user;
} Comparing;

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Keeps a fair sample of what peers have. */
static void keep_peer(Comparing *c, double z) {
  if (c->peers->len < KEPT) g_array_append_val(c->peers, z);
  else {
    uint64_t at = rng_below(&c->rng, c->seen + 1);
    if (at < KEPT) g_array_index(c->peers, double, at) = z;
  }
  c->seen++;
}

static void weigh(Comparing *c, size_t i, size_t j, double cosine) {
  if (cosine > 1.5) return; /* nothing is known of the two */
  if (cosine >= copy_cosine) {
    c->pair(c->user, i, j, true);
    return;
  }
  if (c->label && c->label[i] != c->label[j]) return;
  keep_peer(c, atanh(CLAMP(cosine, -0.9999, 0.9999)));
  Near near = {i, j, cosine};
  if (cosine >= least_cosine && c->near->len < 8 * KEPT) g_array_append_val(c->near, near);
}

/* The least cosine over the layers of models [from, from + rows) with all from there on: (rows, n - from). A layer in
 * which both are like the mean says nothing of the two. */
static void compare_block(const Comparing *c, size_t from, size_t rows, float *least, float *one) {
  size_t n = c->n - from;
  for (size_t k = 0; k < rows * n; k++) least[k] = 2;
  for (guint l = 0; l < c->pictures->len; l++) {
    const Picture *p = c->pictures->pdata[l];
    const float *x = p->rows + from * p->width;
    gemm(false, true, rows, n, p->width, 1, x, p->width, x, p->width, 0, one, n);
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < n; j++)
        if (!p->flat[from + i] || !p->flat[from + j]) least[i * n + j] = fminf(least[i * n + j], one[i * n + j]);
  }
}

static bool compare_all(Comparing *c, const Progress *progress, GError **error) {
  size_t block = MIN((size_t)BLOCK, c->n);
  g_autofree float *least = g_new(float, block * c->n), *one = g_new(float, block * c->n);
  for (size_t from = 0; from < c->n; from += block) {
    size_t rows = MIN(block, c->n - from), n = c->n - from;
    if (!progress_step(progress, "looking for copies", from, c->n, error)) return false;
    compare_block(c, from, rows, least, one);
    for (size_t i = 0; i < rows; i++)
      for (size_t j = i + 1; j < n; j++) weigh(c, from + i, from + j, (double)least[i * n + j]);
  }
  return true;
}

/* From which cosine on peers are near kin. The lower half of the peers tells what is usual: kin are in the upper. */
static double near_from(GArray *peers) {
  if (peers->len < ENOUGH) return near_cosine;
  g_array_sort(peers, ascending);
  double low = g_array_index(peers, double, peers->len / 20), quarter = g_array_index(peers, double, peers->len / 4);
  double spread = fmax((quarter - low) / 0.97, least_spread);
  return fmax(least_cosine, tanh(quarter + (0.6745 + outside) * spread));
}

static bool find_pairs(const Collection *collection, const GPtrArray *models, const size_t *label, LikenessPair pair,
                       void *user, const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) pictures = take_pictures(collection, models, progress, error);
  if (!pictures) return false;
  if (!pictures->len) return true;
  g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(double)), near = g_array_new(FALSE, FALSE, sizeof(Near));
  Comparing c = {pictures, label, models->len, peers, near, 0, {{0}}, pair, user};
  rng_init(&c.rng, 0x6b696e, 3);
  if (!compare_all(&c, progress, error)) return false;
  double limit = near_from(peers);
  for (guint k = 0; k < near->len; k++) {
    const Near *at = &g_array_index(near, Near, k);
    if (at->cosine >= limit) pair(user, at->i, at->j, false);
  }
  return true;
}

/* --- with other processes --------------------------------------------------------------------------- */

typedef struct {
  uint64_t i, j, copy;
} Pair;

static void note_pair(void *pairs, size_t i, size_t j, bool copy) {
  Pair p = {i, j, copy};
  g_array_append_val((GArray *)pairs, p);
}

/* The leader compares and tells. */
static GBytes *pairs_of_leader(const Collection *collection, const GPtrArray *models, const size_t *label,
                               const Progress *progress, GError **error) {
  Team *team = collection_team(collection);
  g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
  g_autoptr(GPtrArray) helped = NULL;
  if (!team_leads(team)) helped = take_pictures(collection, models, progress, error);
  else if (!find_pairs(collection, models, label, note_pair, pairs, progress, error)) return NULL;
  if (!team_leads(team) && !helped) return NULL;
  g_autoptr(GBytes) mine = g_bytes_new(pairs->data, pairs->len * sizeof(Pair));
  return team_share(team, mine, error);
}

bool likeness_pairs(const Collection *collection, const GPtrArray *models, const size_t *label, LikenessPair pair,
                    void *user, const Progress *progress, GError **error) {
  if (models->len < 2) return true;
  if (!team_is_several(collection_team(collection)))
    return find_pairs(collection, models, label, pair, user, progress, error);
  g_autoptr(GBytes) bytes = pairs_of_leader(collection, models, label, progress, error);
  if (!bytes) return false;
  gsize size;
  const Pair *pairs = g_bytes_get_data(bytes, &size);
  for (gsize k = 0; k < size / sizeof *pairs; k++)
    if (pairs[k].i < models->len && pairs[k].j < models->len)
      pair(user, (size_t)pairs[k].i, (size_t)pairs[k].j, pairs[k].copy != 0);
  return true;
}
