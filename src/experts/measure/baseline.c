/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/measure/baseline.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "experts/measure/gram.h"
#include "numerics/ridge.h"
#include "experts/measure/statistics.h"

const char *baseline_name(BaselineKind kind) { return kind == BASELINE_DENSE ? "dense" : "statnn"; }

/* One fit: the problem, and how its predictions are judged. */
typedef struct {
  const Task *task;
  RidgeProblem problem;
  size_t *train;
  float *y;
} Fit;

/* Targets of training model i: +-1 for each class, or its label's text vector. */
static void fill_target(const Task *t, size_t model, float *y, size_t width) {
  if (!t->has) {
    memcpy(y, t->text + t->target[model] * t->d_text, width * sizeof *y);
    return;
  }
  for (size_t j = 0; j < width; j++) y[j] = t->has[model * width + j] ? 1 : -1;
}

static void fit_init(Fit *f, const Task *t) {
  size_t width = t->has ? t->seen : t->d_text, m = 0;
  f->task = t;
  f->train = g_new(size_t, t->counts[SPLIT_TRAIN] + 1);
  f->y = g_new(float, t->counts[SPLIT_TRAIN] * width + 1);
  for (size_t i = 0; i < t->models->len; i++) {
    if (t->split[i] != SPLIT_TRAIN) continue;
    fill_target(t, i, f->y + m * width, width);
    f->train[m++] = i;
  }
  f->problem = (RidgeProblem){.n = t->models->len, .train = f->train, .m = m, .y = f->y, .width = width};
}

static void fit_clear(Fit *f) {
  g_free(f->train);
  g_free(f->y);
}

static Score score_classes(const Fit *f, const float *p, TaskSplit split) {
  const Task *t = f->task;
  size_t n = 0, c = t->seen;
  g_autofree float *logits = g_new(float, t->counts[split] * c + 1);
  g_autofree unsigned char *has = g_new(unsigned char, t->counts[split] * c + 1);
  for (size_t i = 0; i < t->models->len; i++) {
    if (t->split[i] != split) continue;
    memcpy(logits + n * c, p + i * c, c * sizeof *p);
    memcpy(has + n * c, t->has + i * c, c);
    n++;
  }
  return score_from_logits(logits, has, n, c);
}

static Score score_texts(const Fit *f, const float *p, TaskSplit split) {
  const Task *t = f->task;
  size_t first = split == SPLIT_HOLDOUT ? t->seen : 0, d = t->d_text, n = 0;
  size_t classes = split == SPLIT_HOLDOUT ? t->labels->len - t->seen : t->seen;
  g_autofree size_t *ranks = g_new(size_t, t->counts[split] + 1), *label = g_new(size_t, t->counts[split] + 1);
  g_autofree float *scores = g_new(float, classes + 1);
  for (size_t i = 0; i < t->models->len; i++) {
    if (t->split[i] != split) continue;
    gemm(false, true, 1, classes, d, 1, p + i * d, d, t->text + first * d, d, 0, scores, classes);
    label[n] = t->target[i];
    ranks[n++] = score_rank(scores, classes, t->target[i] - first);
  }
  return score_from_ranks(ranks, label, n, classes);
}

static Score score_split(const Fit *f, const float *p, TaskSplit split) {
  return f->task->has ? score_classes(f, p, split) : score_texts(f, p, split);
}

static double judge_validation(void *user, const float *p) {
  Score s = score_split(user, p, SPLIT_VAL);
  return score_headline(&s);
}

static float *gram_for(const Fit *f, const LayerSet *set, BaselineKind kind, uint64_t seed, const Progress *progress,
                       GError **error) {
  if (kind == BASELINE_DENSE) return gram_of_layers(set, progress, error);
  size_t width;
  g_autofree float *features = statistics_features(set, f->train, f->problem.m, seed, &width);
  return gram_of_features(features, set->n, width, error);
}

static bool fit_and_score(Fit *f, Baseline *out, GError **error) {
  const RidgeProblem *q = &f->problem;
  g_autofree float *p = g_new0(float, q->n * q->width + 1);
  bool judged = f->task->counts[SPLIT_VAL] > 0;
  g_autoptr(Ridge) r = judged ? ridge_choose(q, judge_validation, f, p, error) : ridge_solve(q, 0.1, error);
  if (!r) return false;
  if (!judged) ridge_predict(q, r, p);
  out->lambda = r->lambda;
  for (int s = 0; s < SPLIT_COUNT; s++)
    out->score[s] = s == SPLIT_TRAIN ? score_none() : score_split(f, p, (TaskSplit)s);
  return true;
}

bool baseline_measure(const Task *task, const LayerSet *set, BaselineKind kind, uint64_t seed, const Progress *progress,
                      Baseline *out, GError **error) {
  g_return_val_if_fail(set->n == task->models->len, false);
  Fit f;
  fit_init(&f, task);
  float *k = gram_for(&f, set, kind, seed, progress, error);
  f.problem.k = k;
  bool ok = k && fit_and_score(&f, out, error);
  big_free(k, set->n * set->n);
  fit_clear(&f);
  return ok;
}
