/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/objective.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "experts/probex/classify.h"

struct Objective {
  const Task *task;
  size_t capacity;
  /* Alignment: */
  AlignPass *align;
  size_t *target;        /* (capacity) */
  float *candidates;     /* (classes, r_t): mapped text of the split's labels */
  float *scores;         /* (classes) */
  size_t first, classes; /* the split's labels */
  size_t *ranks, *label; /* (models): of what was judged */
  /* Classes: */
  float *y;           /* (capacity, classes) */
  float *logits;      /* (models, classes) */
  unsigned char *has; /* (models, classes) */
  /* Both: */
  size_t judged;
  double loss;
};

Objective *objective_new(const Task *task, const Probex *p, size_t capacity, GError **error) {
  g_autoptr(Objective) o = g_new0(Objective, 1);
  size_t labels = task->labels->len, models = task->models->len;
  o->task = task;
  o->capacity = capacity;
  if (task->has) {
    o->y = g_new(float, (capacity * labels));
    o->logits = g_new(float, (models * labels));
    o->has = g_new(unsigned char, (models * labels));
    return g_steal_pointer(&o);
  }
  o->align = align_pass_new(p, capacity, labels, error);
  o->target = g_new(size_t, capacity);
  o->candidates = g_new(float, labels * p->shape.r_t);
  o->scores = g_new(float, labels);
  o->ranks = g_new(size_t, models + 1);
  o->label = g_new(size_t, models + 1);
  return o->align ? g_steal_pointer(&o) : NULL;
}

void objective_free(Objective *o) {
  if (!o) return;
  align_pass_free(o->align);
  g_free(o->target);
  g_free(o->candidates);
  g_free(o->scores);
  g_free(o->ranks);
  g_free(o->label);
  g_free(o->y);
  g_free(o->logits);
  g_free(o->has);
  g_free(o);
}

/* Loss against the labels first .. first + classes. */
static double aligned_loss(Objective *o, const Probex *p, size_t first, size_t classes, const size_t *models,
                           const float *e, size_t n, float *de, Probex *grad) {
  for (size_t i = 0; i < n; i++) o->target[i] = o->task->target[models[i]] - first;
  return align_loss(o->align, p, o->task->text + first * o->task->d_text, classes, e, o->target, n, de, grad);
}

double objective_step(Objective *o, const Probex *p, const size_t *models, const float *e, size_t n, float *de,
                      Probex *grad) {
  if (o->task->has) return classify_loss(p, e, o->task->has, models, n, o->y, de, grad);
  return aligned_loss(o, p, 0, o->task->seen, models, e, n, de, grad);
}

void objective_begin(Objective *o, const Probex *p, TaskSplit split) {
  const Task *t = o->task;
  bool unseen = split >= SPLIT_HOLDOUT;
  o->judged = 0;
  o->loss = 0;
  o->first = unseen ? t->seen : 0;
  o->classes = unseen ? t->labels->len - t->seen : t->seen;
  if (!t->has) align_map_text(p, t->text + o->first * t->d_text, o->classes, o->candidates);
}

static void rank_batch(Objective *o, const Probex *p, const float *e, size_t n) {
  size_t r_t = p->shape.r_t;
  for (size_t i = 0; i < n; i++) {
    gemm(false, true, 1, o->classes, r_t, 1, e + i * r_t, r_t, o->candidates, r_t, 0, o->scores, o->classes);
    o->label[o->judged + i] = o->target[i];
    o->ranks[o->judged + i] = score_rank(o->scores, o->classes, o->target[i]);
  }
}

void objective_add(Objective *o, const Probex *p, const size_t *models, const float *e, size_t n) {
  const Task *t = o->task;
  size_t c = o->classes;
  if (t->has) {
    float *y = o->logits + o->judged * c;
    o->loss += (double)n * classify_loss(p, e, t->has, models, n, y, NULL, NULL);
    for (size_t i = 0; i < n; i++) memcpy(o->has + (o->judged + i) * c, t->has + models[i] * c, c);
  } else {
    o->loss += (double)n * aligned_loss(o, p, o->first, c, models, e, n, NULL, NULL);
    rank_batch(o, p, e, n);
  }
  o->judged += n;
}

void objective_right(const Objective *o, double *right, size_t *label, size_t n) {
  g_return_if_fail(n <= o->judged);
  for (size_t i = 0; i < n; i++) {
    label[i] = o->task->has ? i : o->label[i];
    if (!o->task->has) right[i] = o->ranks[i] == 0;
    size_t good = 0;
    for (size_t j = 0; o->task->has && j < o->classes; j++)
      good += (o->logits[i * o->classes + j] > 0) == o->has[i * o->classes + j];
    if (o->task->has) right[i] = (double)good / (double)o->classes;
  }
}

Score objective_end(Objective *o, double *loss) {
  if (loss) *loss = o->judged ? o->loss / (double)o->judged : NAN;
  return o->task->has ? score_from_logits(o->logits, o->has, o->judged, o->classes)
                      : score_from_ranks(o->ranks, o->label, o->judged, o->classes);
}
