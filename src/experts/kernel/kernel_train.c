/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_train.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/kernel/direction_fit.h"
#include "experts/kernel/kernel_gate_fit.h"
#include "experts/kernel/landmarks.h"
#include "experts/kernel/shortcut.h"
#include "experts/probex/align.h"
#include "numerics/calibration.h"
#include "numerics/linalg.h"
#include "numerics/rate.h"
#include "numerics/rng.h"
#include "numerics/sorted.h"

/* Models that are compared with each other at most; beyond, all are compared with so many; and so many at a time. */
enum { WHOLE = 6000, LANDMARKS = 2500, AT_ONCE = 1000 };

void kernel_report_free(KernelReport *r) {
  if (!r) return;
  kernel_choice_free(r->choice);
  g_array_unref(r->dropped);
  g_ptr_array_unref(r->warnings);
  g_free(r);
}

typedef struct {
  const Collection *collection;
  const Task *task;
  const DenseStoreOptions *store;
  const Progress *progress;
  KernelReport *report;
  GPtrArray *models; /* training models, borrowed */
  size_t *members;   /* their indices in the task */
  size_t n;
  Kernel *kernel;
  const Landmarks *marks; /* of the head that is being fitted, and F of all models; NULL: all are compared */
  const float *features;
  uint64_t seed;
} Training;

static void list_models(Training *t) {
  t->models = g_ptr_array_new();
  t->members = g_new(size_t, t->task->models->len + 1);
  for (guint i = 0; i < t->task->models->len; i++) {
    if (t->task->split[i] != SPLIT_TRAIN) continue;
    t->members[t->n++] = i;
    g_ptr_array_add(t->models, t->task->models->pdata[i]);
  }
}

/* --- layers ---------------------------------------------------------------------------------------- */

/* The index of a layer among the kernel's, or -1. */
static gssize layer_at(const Kernel *k, const char *name) {
  for (guint l = 0; l < k->layers->len; l++)
    if (strcmp(k->layers->pdata[l], name) == 0) return (gssize)l;
  return -1;
}

static bool is_chosen(const KernelCandidate *c) { return c->weight[KERNEL_SEEN] > 0 || c->weight[KERNEL_UNSEEN] > 0; }

/* Reads the chosen layers of all training models; bad[i] counts what is wrong with a model. */
static bool read_layers(Training *t, bool *broken, bool *there, GError **error) {
  const GArray *all = t->report->choice->candidates;
  Kernel *k = t->kernel;
  for (guint c = 0; c < all->len; c++) {
    const KernelCandidate *at = &g_array_index(all, KernelCandidate, c);
    if (!is_chosen(at) || layer_at(k, at->layer) >= 0) continue;
    g_autoptr(LayerSet) set = layer_set_read(t->collection, t->models, at->layer, t->store, t->progress, error);
    KernelRows *rows = set ? kernel_rows_new(set, NULL, set->n, error) : NULL;
    if (!rows) return false;
    for (size_t i = 0; i < t->n; i++) {
      broken[i] |= set->broken[i];
      there[i] |= !rows->empty[i];
    }
    g_ptr_array_add(k->layers, g_strdup(at->layer));
    g_ptr_array_add(k->rows, rows);
  }
  return true;
}

/* Leaves out models that hold no numbers, or nothing. */
static bool keep_sound(Training *t, const bool *broken, const bool *there, GError **error) {
  g_autofree size_t *good = g_new(size_t, t->n + 1);
  size_t kept = 0;
  for (size_t i = 0; i < t->n; i++) {
    if (!broken[i] && there[i]) {
      good[kept++] = i;
      continue;
    }
    KernelDropped dropped = {t->members[i], broken[i]};
    g_array_append_val(t->report->dropped, dropped);
  }
  if (kept < 2) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
                        "no training model holds numbers one can reckon with: all are zeros, or none are numbers; name "
                        "another layer with --layer");
    return false;
  }
  for (guint l = 0; kept < t->n && l < t->kernel->rows->len; l++) {
    KernelRows *all = t->kernel->rows->pdata[l], *rows = kernel_rows_pick(all, good, kept, error);
    if (!rows) return false;
    kernel_rows_free(all);
    t->kernel->rows->pdata[l] = rows;
  }
  for (size_t i = 0; i < kept; i++) t->members[i] = t->members[good[i]];
  t->kernel->n = t->n = t->report->models = kept;
  return true;
}

/* --- sums ------------------------------------------------------------------------------------------- */

/* Adds one layer's chosen views to the sums (n, n). */
static bool add_layer(Training *t, size_t layer, float *const sums[KERNEL_HEADS], GError **error) {
  const GArray *all = t->report->choice->candidates;
  Kernel *k = t->kernel;
  const KernelRows *rows = k->rows->pdata[layer];
  size_t n = k->n, views = 0;
  g_autofree KernelView *view = g_new(KernelView, all->len + 1);
  g_autofree const KernelCandidate **chosen = g_new(const KernelCandidate *, all->len + 1);
  g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_free);
  for (guint c = 0; c < all->len; c++) {
    const KernelCandidate *at = &g_array_index(all, KernelCandidate, c);
    if (!is_chosen(at) || strcmp(at->layer, k->layers->pdata[layer]) != 0) continue;
    chosen[views] = at;
    view[views++] = at->view;
    g_ptr_array_add(held, g_new0(float, n *n + 1));
  }
  if (!kernel_gram(rows, rows, view, views, (float *const *)held->pdata, t->progress, error)) return false;
  for (size_t v = 0; v < views; v++) {
    float *one = held->pdata[v];
    kernel_add_term(k, layer, view[v], chosen[v]->weight, kernel_scale_fit(one, n));
    for (int h = 0; h < KERNEL_HEADS; h++)
      if (sums[h] && chosen[v]->weight[h] > 0) axpy(chosen[v]->weight[h], one, sums[h], n * n);
  }
  return true;
}

static bool same_weights(const Kernel *k) {
  for (guint i = 0; i < k->terms->len; i++) {
    const KernelTerm *t = &g_array_index(k->terms, KernelTerm, i);
    if (fabsf(t->weight[0] - t->weight[1]) > 1e-6f) return false;
  }
  return true;
}

/* --- heads ------------------------------------------------------------------------------------------- */

static float *narrow(const double *x, size_t n) {
  float *out = g_new(float, n + 1);
  for (size_t i = 0; i < n; i++) out[i] = (float)x[i];
  return out;
}

/* The length of the centred answer that all but two in a hundred models reach when they are left out. */
static double least_norm(const KernelLambda *l, size_t n, size_t width) {
  g_autofree double *norm = g_new(double, n + 1);
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t j = 0; j < width; j++) {
      double x = (double)l->p[i * width + j] - l->fit->b[j];
      sum += x * x;
    }
    norm[i] = sqrt(sum);
  }
  sort_doubles(norm, n);
  return n >= 50 ? norm[n / 50] * 0.9 : 0;
}

static void take_head(Training *t, int h, KernelLambda *l, size_t width) {
  Kernel *k = t->kernel;
  float *a =
      t->marks ? landmarks_weights(t->marks, t->features, t->n, l->fit->a, width) : narrow(l->fit->a, k->n * width);
  k->head[h] = (KernelHead){width, a, narrow(l->fit->b, width), l->lambda};
  k->left_out[h] = t->report->right[h] = l->fair;
  if (h == KERNEL_SEEN) t->report->r2 = l->r2;
}

static void lambda_clear(KernelLambda *l) {
  kernel_fit_free(l->fit);
  g_free(l->p);
}

/* Lets directions share the answer where models left out are told better so. p (n, labels): ridge's answers for models
 * left out. */
static bool share_with_directions(Training *t, const KernelTarget *target, float *p, GError **error) {
  Kernel *k = t->kernel;
  size_t cells = target->n * target->width;
  g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func((GDestroyNotify)directions_free);
  g_autoptr(GPtrArray) answers = g_ptr_array_new_with_free_func(g_free);
  for (guint l = 0; l < k->layers->len; l++) {
    g_autofree float *left_out = g_new0(float, cells + 1);
    Directions *o = directions_fit(k->rows->pdata[l], l, target, left_out, t->progress, NULL);
    if (!progress_check(t->progress, error)) return false;
    if (!o) continue;
    g_ptr_array_add(found, o);
    g_ptr_array_add(answers, g_steal_pointer(&left_out));
  }
  g_autofree float *share = g_new0(float, found->len + 1);
  directions_mix(target, p, (float *const *)answers->pdata, found->len, share, &k->ridge);
  for (guint i = 0; i < answers->len; i++) {
    if (!(share[i] > 0)) continue;
    Directions *o = found->pdata[i];
    found->pdata[i] = NULL;
    o->weight = share[i];
    g_ptr_array_add(k->directions, o);
  }
  k->left_out[0] = t->report->right[0] = t->report->r2 = kernel_target_r2(target, p);
  return true;
}

/* The first head: text vectors or a number a label, whichever is right more often on models left out. */
static bool fit_seen(Training *t, const KernelEigen *e, GError **error) {
  g_autoptr(KernelTarget) vectors = kernel_target_new(t->task, t->members, t->n, false);
  g_autoptr(KernelTarget) numbers = t->task->has ? NULL : kernel_target_new(t->task, t->members, t->n, true);
  KernelLambda a, b = {.top1 = -1};
  if (!kernel_target_fit(vectors, e, false, true, &a, error)) return false;
  bool ok = !numbers || kernel_target_fit(numbers, e, false, true, &b, error);
  bool one_hot = t->kernel->one_hot = b.top1 > a.top1;
  if (ok) take_head(t, KERNEL_SEEN, one_hot ? &b : &a, one_hot ? numbers->width : vectors->width);
  if (ok && !numbers) t->kernel->least_norm = least_norm(&a, t->n, vectors->width);
  if (ok && t->task->has && !t->marks) ok = share_with_directions(t, vectors, a.p, error);
  lambda_clear(&a);
  lambda_clear(&b);
  return ok;
}

/* What an answer about a label never trained on is worth, by the answers p (n, width) for whole labels left out, each
 * among all labels, which is harder than most questions are. */
static void fit_doubt(Kernel *k, const KernelTarget *t, const float *p) {
  enum { MOST_JUDGED = 3000 };
  static const double wanted_right = 0.95;
  size_t by = (t->n + MOST_JUDGED - 1) / MOST_JUDGED, n = 0, width = t->width, c = t->labels;
  g_autofree float *y = g_new(float, (t->n / by + 1) * c + 1), *one = g_new(float, width + 1);
  g_autofree size_t *label = g_new(size_t, t->n + 1);
  g_autofree Answer *a = g_new0(Answer, t->n + 1);
  for (size_t i = 0; i < t->n; i += by, n++) {
    memcpy(one, p + i * width, width * sizeof *one);
    align_normalise(one, 1, width, NULL);
    gemm(false, true, 1, c, width, expf(KERNEL_SHARPNESS), one, width, t->text, width, 0, y + n * c, c);
    label[n] = t->label[i];
  }
  k->unseen_temperature = calibrate_softmax(y, label, n, c);
  for (size_t i = 0; i < n; i++) {
    bool right = score_rank(y + i * c, c, label[i]) == 0;
    softmax_row(y + i * c, c, k->unseen_temperature);
    for (size_t j = 0; j < c; j++) a[i].confidence = fmax(a[i].confidence, (double)y[i * c + j]);
    a[i].right = right;
  }
  k->unseen_threshold = answer_threshold(a, n, wanted_right);
}

/* The second: text vectors, by the errors on whole labels left out. */
static bool fit_unseen(Training *t, const KernelEigen *e, GError **error) {
  g_autoptr(KernelTarget) vectors = kernel_target_new(t->task, t->members, t->n, false);
  KernelLambda l;
  if (!kernel_target_fit(vectors, e, true, true, &l, error)) return false;
  take_head(t, KERNEL_UNSEEN, &l, vectors->width);
  t->kernel->least_norm = least_norm(&l, t->n, vectors->width);
  fit_doubt(t->kernel, vectors, l.p);
  lambda_clear(&l);
  return true;
}

static bool fit_heads(Training *t, float *const sums[KERNEL_HEADS], GError **error) {
  bool align = !t->task->has, same = align && same_weights(t->kernel);
  if (!progress_step(t->progress, "solving", 0, 2, error)) return false;
  g_autoptr(KernelEigen) e = kernel_eigen_new(sums[KERNEL_SEEN], t->n, error);
  if (!e || !fit_seen(t, e, error)) return false;
  if (align && !same) {
    kernel_eigen_free(e);
    e = kernel_eigen_new(sums[KERNEL_UNSEEN], t->n, error);
  }
  return e && progress_step(t->progress, "solving", 1, 2, error) && (!align || fit_unseen(t, e, error));
}

/* What belongs here, by the models that the kernel holds. */
static bool fit_gate(Training *t, float *const sums[KERNEL_HEADS], GError **error) {
  Kernel *k = t->kernel;
  g_autoptr(KernelTarget) target = kernel_target_new(t->task, t->members, k->n, false);
  int head = sums[KERNEL_UNSEEN] ? KERNEL_UNSEEN : KERNEL_SEEN;
  GError *problem = NULL;
  k->gate = kernel_gate_fit(k, head, sums[head], target, t->seed, t->progress, &problem);
  if (problem) g_propagate_error(error, problem);
  return !problem;
}

static bool build(Training *t, GError **error) {
  g_autofree bool *broken = g_new0(bool, t->n + 1), *there = g_new0(bool, t->n + 1);
  if (!read_layers(t, broken, there, error) || !keep_sound(t, broken, there, error)) return false;
  size_t cells = t->n * t->n;
  float *sums[KERNEL_HEADS] = {big_alloc(cells, error), NULL};
  bool ok = sums[0] != NULL;
  if (ok && !t->task->has) ok = (sums[1] = big_alloc(cells, error)) != NULL;
  for (guint l = 0; ok && l < t->kernel->layers->len; l++) ok = add_layer(t, l, sums, error);
  ok = ok && fit_heads(t, sums, error) && fit_gate(t, sums, error);
  big_free(sums[0], cells);
  big_free(sums[1], cells);
  return ok;
}

/* --- by landmarks ------------------------------------------------------------------------------------- */

/* Draws the landmarks, reads them, and leaves the kernel with them alone: its terms are scaled by them. */
static bool place_landmarks(Training *t, size_t most, uint64_t seed, Landmarks *marks[KERNEL_HEADS], GError **error) {
  Training l = *t;
  g_autofree size_t *order = g_new(size_t, t->n), *members = g_new(size_t, most + 1);
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  g_autofree bool *broken = g_new0(bool, most + 1), *there = g_new0(bool, most + 1);
  Rng rng;
  rng_init(&rng, seed, 79);
  for (size_t i = 0; i < t->n; i++) order[i] = i;
  rng_shuffle(&rng, order, t->n);
  for (size_t i = 0; i < most; i++) {
    members[i] = t->members[order[i]];
    g_ptr_array_add(models, t->models->pdata[order[i]]);
  }
  l.models = models, l.members = members, l.n = most;
  if (!read_layers(&l, broken, there, error) || !keep_sound(&l, broken, there, error)) return false;
  g_array_set_size(t->report->dropped, 0); /* they are met once more among all models */
  size_t cells = l.n * l.n;
  g_autofree float *first = g_new0(float, cells), *second = t->task->has ? NULL : g_new0(float, cells);
  float *const sums[KERNEL_HEADS] = {first, second};
  for (guint i = 0; i < t->kernel->layers->len; i++)
    if (!add_layer(&l, i, sums, error)) return false;
  for (int h = 0; h < KERNEL_HEADS; h++)
    if (sums[h] && !(marks[h] = landmarks_new(sums[h], l.n, error))) return false;
  return fit_gate(&l, sums, error);
}

/* Compares some models, from .. from + n of the training models, with the landmarks. Those that hold no numbers, or
 * nothing, are dropped; *kept counts the rows of c, and members, that are filled. */
static bool compare_some(Training *t, size_t from, size_t n, float *const c[KERNEL_HEADS], size_t *kept,
                         GError **error) {
  g_autoptr(GPtrArray) sets = g_ptr_array_new_with_free_func((GDestroyNotify)layer_set_free);
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  g_autofree bool *broken = g_new0(bool, n + 1), *there = g_new0(bool, n + 1);
  size_t m = t->kernel->n;
  g_autofree float *first = g_new0(float, n *m + 1), *second = c[1] ? g_new0(float, n *m + 1) : NULL;
  float *const sums[KERNEL_HEADS] = {first, second};
  for (size_t i = 0; i < n; i++) g_ptr_array_add(models, t->models->pdata[from + i]);
  for (guint l = 0; l < t->kernel->layers->len; l++) {
    LayerSet *set = layer_set_read(t->collection, models, t->kernel->layers->pdata[l], t->store, t->progress, error);
    if (!set) return false;
    g_ptr_array_add(sets, set);
    for (size_t i = 0; i < n; i++) broken[i] |= set->broken[i];
  }
  if (!kernel_likeness(t->kernel, sets, sums, there, NULL, t->progress, error)) return false;
  for (size_t i = 0; i < n; i++) {
    KernelDropped dropped = {t->members[from + i], broken[i]};
    if (broken[i] || !there[i]) {
      g_array_append_val(t->report->dropped, dropped);
      continue;
    }
    for (int h = 0; h < KERNEL_HEADS; h++)
      if (c[h]) memcpy(c[h] + *kept * m, sums[h] + i * m, m * sizeof(float));
    t->members[(*kept)++] = dropped.model;
  }
  return true;
}

/* Fits one head on F of its landmarks. */
static bool fit_by_landmarks(Training *t, int h, const Landmarks *marks, const float *c, GError **error) {
  float *f = landmarks_features(marks, c, t->n, error);
  g_autoptr(KernelEigen) e = f ? kernel_eigen_of_features(f, t->n, marks->rank, error) : NULL;
  t->marks = marks;
  t->features = f;
  bool ok = e && (h == KERNEL_SEEN ? fit_seen(t, e, error) : fit_unseen(t, e, error));
  if (f) t->report->missed = fmax(t->report->missed, landmarks_missed(marks, f, t->n));
  big_free(f, t->n * marks->rank);
  return ok;
}

static bool build_by_landmarks(Training *t, size_t most, uint64_t seed, GError **error) {
  Landmarks *marks[KERNEL_HEADS] = {NULL};
  size_t kept = 0, cells = 0;
  float *c[KERNEL_HEADS] = {NULL};
  bool ok = place_landmarks(t, MIN(most, t->n), seed, marks, error);
  t->report->landmarks = t->kernel->n;
  if (ok) cells = t->n * t->kernel->n;
  for (int h = 0; ok && h < KERNEL_HEADS; h++)
    if (marks[h]) ok = (c[h] = big_alloc(cells, error)) != NULL;
  for (size_t from = 0; ok && from < t->n; from += AT_ONCE)
    ok = progress_step(t->progress, "comparing with landmarks", from, t->n, error) &&
         compare_some(t, from, MIN((size_t)AT_ONCE, t->n - from), c, &kept, error);
  t->n = t->report->models = kept;
  for (int h = 0; ok && h < KERNEL_HEADS; h++)
    if (marks[h]) ok = fit_by_landmarks(t, h, marks[h], c[h], error);
  for (int h = 0; h < KERNEL_HEADS; h++) {
    big_free(c[h], cells);
    landmarks_free(marks[h]);
  }
  return ok;
}

Kernel *kernel_train(const Collection *collection, const Task *task, const GPtrArray *layers,
                     const DenseStoreOptions *store, uint64_t seed, size_t landmarks, const Progress *progress,
                     KernelReport **report, GError **error) {
  g_autoptr(KernelReport) r = g_new0(KernelReport, 1);
  r->dropped = g_array_new(FALSE, FALSE, sizeof(KernelDropped));
  r->warnings = g_ptr_array_new_with_free_func(g_free);
  r->right[1] = NAN;
  g_autoptr(Kernel) kernel = kernel_new();
  Training t = {collection, task, store, progress, r, NULL, NULL, 0, kernel, NULL, NULL, seed};
  list_models(&t);
  g_autoptr(KernelTarget) target = kernel_target_new(task, t.members, t.n, false);
  r->choice = kernel_choose(collection, t.models, layers, target, store, seed, r->warnings, progress, error);
  bool by_landmarks = t.n > (landmarks ? landmarks : (size_t)WHOLE);
  bool ok = r->choice && (by_landmarks ? build_by_landmarks(&t, landmarks ? landmarks : (size_t)LANDMARKS, seed, error)
                                       : build(&t, error));
  if (ok) r->shortcut = shortcut_measure(t.models, target, seed);
  g_ptr_array_unref(t.models);
  g_free(t.members);
  if (!ok) return NULL;
  *report = g_steal_pointer(&r);
  return g_steal_pointer(&kernel);
}
