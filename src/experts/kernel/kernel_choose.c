/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_choose.h"

#include <math.h>
#include <string.h>

#include "collection/collection_team.h"
#include "core/error.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

/* Models that views are chosen on when there are more, and at the least; kernels held for sums; the widest dense layer
 * whose singular vectors are worth their time. */
enum { LOOK_MOST = 800, LOOK_LEAST = 400, LOOK_VIEWS = 40, HELD = 40, SVD_WIDEST = 256 };

size_t kernel_views(LayerForm form, size_t d_out, size_t d_in, KernelView v[8]) {
  static const KernelView adapter[] = {{SIDE_X, 1}, {SIDE_X, 2},    {SIDE_U, 0.5f}, {SIDE_U, 1},
                                       {SIDE_U, 2}, {SIDE_V, 0.5f}, {SIDE_V, 2}};
  static const KernelView dense[] = {{SIDE_X, 1}, {SIDE_U, 2}, {SIDE_V, 2}, {SIDE_V, 0.5f}, {SIDE_U, 0.5f}};
  size_t n = form == LAYER_LOW_RANK ? G_N_ELEMENTS(adapter) : MIN(d_out, d_in) <= SVD_WIDEST ? 5 : 3;
  memcpy(v, form == LAYER_LOW_RANK ? adapter : dense, n * sizeof *v);
  return n;
}

static void candidate_clear(void *data) {
  KernelCandidate *c = data;
  g_free(c->layer);
  g_free(c->k);
}

void kernel_choice_free(KernelChoice *c) {
  if (!c) return;
  g_array_unref(c->candidates);
  g_free(c);
}

/* --- looking -------------------------------------------------------------------------------------- */

size_t *kernel_some_models(const KernelTarget *t, size_t most, uint64_t seed, size_t *n) {
  size_t groups = t->label ? t->labels : t->n;
  g_autofree size_t *order = g_new(size_t, groups + 1), *size = g_new0(size_t, groups + 1);
  g_autofree bool *in = g_new0(bool, groups + 1);
  size_t *models = g_new(size_t, t->n + 1), taken = 0;
  Rng rng;
  rng_init(&rng, seed, 77);
  for (size_t g = 0; g < groups; g++) order[g] = g;
  for (size_t i = 0; i < t->n; i++) size[t->label ? t->label[i] : i]++;
  rng_shuffle(&rng, order, groups);
  for (size_t k = 0; k < groups && (taken == 0 || taken + size[order[k]] <= most); k++) {
    in[order[k]] = true;
    taken += size[order[k]];
  }
  *n = 0;
  for (size_t i = 0; i < t->n; i++)
    if (in[t->label ? t->label[i] : i]) models[(*n)++] = i;
  return models;
}

typedef struct {
  KernelChoice *choice;
  const KernelTarget *target; /* of the models looked at */
  GPtrArray *models;
  const Collection *collection;
  const DenseStoreOptions *store;
  const Progress *progress;
  bool bare; /* kernels are not kept */
} Looking;

bool kernel_judge(const KernelTarget *t, const float *k, bool by_top1, double r2[KERNEL_HEADS],
                  double top1[KERNEL_HEADS], GError **error) {
  g_autoptr(KernelEigen) e = kernel_eigen_new(k, t->n, error);
  for (int h = 0; h < KERNEL_HEADS; h++) {
    r2[h] = top1[h] = NAN;
    if (!e || (h == KERNEL_UNSEEN && !t->label)) continue;
    KernelLambda l;
    if (!kernel_target_fit(t, e, h == KERNEL_UNSEEN, by_top1, &l, error)) return false;
    r2[h] = l.r2;
    top1[h] = by_top1 ? l.fair : l.top1;
    kernel_fit_free(l.fit);
    g_free(l.p);
  }
  return e != NULL;
}

static double merit(const KernelCandidate *c) { return fmax(c->r2[0], isnan(c->r2[1]) ? -1 : c->r2[1]); }

static int best_first(gconstpointer a, gconstpointer b) {
  const KernelCandidate *x = a, *y = b;
  double mx = merit(x), my = merit(y);
  if (mx != my) return mx > my ? -1 : 1;
  int c = strcmp(x->layer, y->layer);
  return c ? c : (int)x->view.side * 8 + (int)(2 * x->view.power) - (int)y->view.side * 8 - (int)(2 * y->view.power);
}

/* Kernels of the best HELD alone are kept. */
static void drop_weak(GArray *candidates) {
  g_array_sort(candidates, best_first);
  for (guint i = HELD; i < candidates->len; i++)
    g_clear_pointer(&g_array_index(candidates, KernelCandidate, i).k, g_free);
}

static bool add_candidates(const Looking *l, const char *layer, const KernelView *views, size_t n_views,
                           GPtrArray *grams, GError **error) {
  for (size_t v = 0; v < n_views; v++) {
    float *k = grams->pdata[v];
    KernelCandidate c = {.view = views[v]};
    double unused[KERNEL_HEADS];
    kernel_scale_free(kernel_scale_fit(k, l->target->n));
    if (!kernel_judge(l->target, k, false, c.r2, unused, error)) return false;
    c.layer = g_strdup(layer);
    if (!l->bare) c.k = g_steal_pointer(&grams->pdata[v]);
    g_array_append_val(l->choice->candidates, c);
  }
  drop_weak(l->choice->candidates);
  return true;
}

static bool look_at(const Looking *l, const char *layer, GError **error) {
  g_autoptr(LayerSet) set = layer_set_read(l->collection, l->models, layer, l->store, l->progress, error);
  g_autoptr(KernelRows) rows = set ? kernel_rows_new(set, NULL, set->n, error) : NULL;
  if (!rows) return false;
  KernelView views[8];
  size_t n_views = kernel_views(rows->form, rows->d_out, rows->d_in, views), n = rows->n;
  g_autoptr(GPtrArray) grams = g_ptr_array_new_with_free_func(g_free);
  for (size_t v = 0; v < n_views; v++) g_ptr_array_add(grams, g_new0(float, n *n + 1));
  return kernel_gram(rows, rows, views, n_views, (float *const *)grams->pdata, l->progress, error) &&
         add_candidates(l, layer, views, n_views, grams, error);
}

/* A layer that cannot be looked at is left out, with a word. False when nothing more is to be done. */
static bool pass_over(const GPtrArray *layers, GPtrArray *warnings, GError *problem, GError **error) {
  if (g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_CANCELLED) || layers->len == 1) {
    g_propagate_error(error, problem);
    return false;
  }
  if (warnings) g_ptr_array_add(warnings, g_strdup(problem->message));
  g_error_free(problem);
  return true;
}

static bool look_alone(const Looking *l, const GPtrArray *layers, GPtrArray *warnings, GError **error) {
  for (guint i = 0; i < layers->len; i++) {
    GError *problem = NULL;
    if (!progress_step(l->progress, "looking at layers", i, layers->len, error)) return false;
    if (!look_at(l, layers->pdata[i], &problem) && !pass_over(layers, warnings, problem, error)) return false;
  }
  return true;
}

/* --- with other processes */

typedef struct {
  const Looking *looking;
  const GPtrArray *layers;
  GPtrArray *warnings;
  unsigned done;
} LookingTogether;

/* What a layer told: why nothing, or each view's side, power, r² and kernel. */
static const char told_type[] = "(aya(iddday))";

static GBytes *look_at_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  const LookingTogether *t = user;
  g_autoptr(KernelChoice) own = g_new0(KernelChoice, 1);
  own->candidates = g_array_new(FALSE, TRUE, sizeof(KernelCandidate));
  g_array_set_clear_func(own->candidates, candidate_clear);
  Looking l = *t->looking;
  l.choice = own;
  g_autoptr(GError) problem = NULL;
  if (item >= t->layers->len) return NULL;
  look_at(&l, t->layers->pdata[item], &problem);
  g_autoptr(GVariantBuilder) all = g_variant_builder_new(G_VARIANT_TYPE("a(iddday)"));
  for (guint i = 0; i < own->candidates->len && !problem; i++) {
    const KernelCandidate *c = &g_array_index(own->candidates, KernelCandidate, i);
    gsize bytes = c->k ? l.target->n * l.target->n * sizeof *c->k : 0;
    g_variant_builder_add(all, "(iddd@ay)", (int)c->view.side, (double)c->view.power, c->r2[0], c->r2[1],
                          g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, c->k, bytes, 1));
  }
  g_autoptr(GVariant) told = g_variant_ref_sink(g_variant_new(
      "(@ay@a(iddday))", g_variant_new_bytestring(problem ? problem->message : ""), g_variant_builder_end(all)));
  return g_variant_get_data_as_bytes(told);
}

static void take_candidate(const Looking *l, const char *layer, GVariant *told) {
  KernelCandidate c = {0};
  int side;
  double power;
  g_autoptr(GVariant) kernel = NULL;
  g_variant_get(told, "(iddd@ay)", &side, &power, &c.r2[0], &c.r2[1], &kernel);
  gsize n;
  const void *k = g_variant_get_fixed_array(kernel, &n, 1);
  c.view = (KernelView){(KernelSide)side, (float)power};
  if (n == l->target->n * l->target->n * sizeof(float)) c.k = g_memdup2(k, n);
  c.layer = g_strdup(layer);
  g_array_append_val(l->choice->candidates, c);
}

static bool take_told(void *user, size_t item, GBytes *result, GError **error) {
  LookingTogether *t = user;
  const char *layer = t->layers->pdata[item];
  GError *problem = NULL;
  if (!progress_step(t->looking->progress, "looking at layers", ++t->done, t->layers->len, error)) return false;
  if (!result) return look_at(t->looking, layer, &problem) || pass_over(t->layers, t->warnings, problem, error);
  g_autoptr(GVariant) told = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(told_type), result, FALSE));
  g_autoptr(GVariant) word = g_variant_get_child_value(told, 0), all = g_variant_get_child_value(told, 1);
  if (*g_variant_get_bytestring(word)) {
    problem = g_error_new_literal(COPSE_ERROR, COPSE_ERROR_FORMAT, g_variant_get_bytestring(word));
    return pass_over(t->layers, t->warnings, problem, error);
  }
  for (gsize i = 0; i < g_variant_n_children(all); i++) {
    g_autoptr(GVariant) one = g_variant_get_child_value(all, i);
    take_candidate(t->looking, layer, one);
  }
  drop_weak(t->looking->choice->candidates);
  return true;
}

static bool look_together(const Looking *l, Team *team, const GPtrArray *layers, GPtrArray *warnings, GError **error) {
  LookingTogether t = {l, layers, warnings, 0};
  TeamWork work = {NULL, layers->len, 1, look_at_one, take_told, &t, l->progress ? l->progress->cancel : NULL};
  return team_work(team, &work, error) && team_leave(team, error);
}

static bool look_at_all(const Looking *l, const GPtrArray *layers, GPtrArray *warnings, GError **error) {
  Team *team = collection_team(l->collection);
  bool ok =
      team_is_several(team) ? look_together(l, team, layers, warnings, error) : look_alone(l, layers, warnings, error);
  if (!ok || l->choice->candidates->len) return ok;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
                      "no layer of the models can be read as one matrix: name one with --layer");
  return false;
}

/* --- sums ------------------------------------------------------------------------------------------ */

/* Candidates that have a kernel and tell something about head h, best first. */
static size_t usable(const GArray *candidates, int h, KernelCandidate **out) {
  size_t n = 0;
  for (guint i = 0; i < candidates->len; i++) {
    KernelCandidate *c = &g_array_index(candidates, KernelCandidate, i);
    if (!c->k || !(c->r2[h] > 0)) continue;
    size_t at = n++;
    for (; at > 0 && out[at - 1]->r2[h] < c->r2[h]; at--) out[at] = out[at - 1];
    out[at] = c;
  }
  return n;
}

/* The sum of the first `take`, weighted by r2². */
static void sum_up(KernelCandidate *const *c, size_t take, int h, size_t n, float *k) {
  double total = 0;
  memset(k, 0, n * n * sizeof *k);
  for (size_t i = 0; i < take; i++) total += c[i]->r2[h] * c[i]->r2[h];
  for (size_t i = 0; i < take; i++) axpy((float)(c[i]->r2[h] * c[i]->r2[h] / total), c[i]->k, k, n * n);
}

static bool choose_sum(KernelChoice *choice, const KernelTarget *t, int h, const Progress *progress, float *k,
                       GError **error) {
  static const size_t takes[] = {1, 2, 3, 4, 6, 8, 12, 20, HELD};
  KernelCandidate *all[HELD];
  size_t n = usable(choice->candidates, h, all), best = 1, last = 0;
  double most = -INFINITY;
  if (n == 0) all[0] = &g_array_index(choice->candidates, KernelCandidate, 0), n = 1;
  for (size_t i = 0; i < G_N_ELEMENTS(takes) && last < n; i++) {
    size_t take = last = MIN(takes[i], n);
    double r2[KERNEL_HEADS], top1[KERNEL_HEADS];
    if (!progress_step(progress, "adding layers up", i, G_N_ELEMENTS(takes), error)) return false;
    sum_up(all, take, h, t->n, k);
    if (!kernel_judge(t, k, true, r2, top1, error)) return false;
    double score = top1[h] + 1e-3 * r2[h];
    if (score > most) most = score, best = take, choice->top1[h] = top1[h];
  }
  double total = 0;
  for (size_t i = 0; i < best; i++) total += all[i]->r2[h] * all[i]->r2[h];
  for (size_t i = 0; i < best; i++) all[i]->weight[h] = (float)(all[i]->r2[h] * all[i]->r2[h] / total);
  sum_up(all, best, h, t->n, k);
  return true;
}

/* The same sum with the labels dealt out at random. */
static double control(const KernelTarget *t, const float *k, uint64_t seed) {
  g_autofree size_t *order = g_new(size_t, t->n + 1);
  Rng rng;
  rng_init(&rng, seed, 78);
  for (size_t i = 0; i < t->n; i++) order[i] = i;
  rng_shuffle(&rng, order, t->n);
  g_autoptr(KernelTarget) dealt = kernel_target_pick(t, order, t->n);
  double r2[KERNEL_HEADS], top1[KERNEL_HEADS];
  return kernel_judge(dealt, k, true, r2, top1, NULL) ? top1[0] : NAN;
}

/* Models to look at: of a great many, some. */
static void looking_init(Looking *l, const Collection *collection, const GPtrArray *models, const GPtrArray *layers,
                         const KernelTarget *target, uint64_t seed) {
  double share = cbrt((double)LOOK_VIEWS / (7.0 * (double)MAX(layers->len, 1)));
  size_t most = (size_t)fmax((double)LOOK_LEAST, (double)LOOK_MOST * fmin(1, share));
  *l = (Looking){.choice = g_new0(KernelChoice, 1), .collection = collection, .models = g_ptr_array_new()};
  l->choice->candidates = g_array_new(FALSE, TRUE, sizeof(KernelCandidate));
  g_array_set_clear_func(l->choice->candidates, candidate_clear);
  g_autofree size_t *some = kernel_some_models(target, most, seed, &l->choice->n);
  l->target = kernel_target_pick(target, some, l->choice->n);
  for (size_t i = 0; i < l->choice->n; i++) g_ptr_array_add(l->models, models->pdata[some[i]]);
}

static void looking_clear(Looking *l) {
  kernel_choice_free(l->choice);
  kernel_target_free((KernelTarget *)l->target);
  g_ptr_array_unref(l->models);
}

static bool choose(const Looking *l, uint64_t seed, GError **error) {
  const KernelTarget *t = l->target;
  g_autofree float *k = g_new(float, t->n * t->n + 1);
  if (t->label && !choose_sum(l->choice, t, KERNEL_UNSEEN, l->progress, k, error)) return false;
  if (!choose_sum(l->choice, t, KERNEL_SEEN, l->progress, k, error)) return false;
  l->choice->control = control(t, k, seed);
  for (guint i = 0; i < l->choice->candidates->len; i++)
    g_clear_pointer(&g_array_index(l->choice->candidates, KernelCandidate, i).k, g_free);
  return true;
}

KernelChoice *kernel_choose(const Collection *collection, const GPtrArray *models, const GPtrArray *layers,
                            const KernelTarget *target, const DenseStoreOptions *store, uint64_t seed,
                            GPtrArray *warnings, const Progress *progress, GError **error) {
  Looking l;
  looking_init(&l, collection, models, layers, target, seed);
  l.store = store;
  l.progress = progress;
  bool ok = look_at_all(&l, layers, warnings, error) && choose(&l, seed, error);
  KernelChoice *choice = ok ? g_steal_pointer(&l.choice) : NULL;
  looking_clear(&l);
  return choice;
}

KernelChoice *kernel_look(const Collection *collection, const GPtrArray *models, const GPtrArray *layers,
                          const KernelTarget *target, uint64_t seed, const Progress *progress, GError **error) {
  Looking l;
  looking_init(&l, collection, models, layers, target, seed);
  l.progress = progress;
  l.bare = true;
  KernelChoice *choice = look_at_all(&l, layers, NULL, error) ? g_steal_pointer(&l.choice) : NULL;
  looking_clear(&l);
  return choice;
}
