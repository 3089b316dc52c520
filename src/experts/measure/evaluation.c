/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/measure/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "numerics/calibration.h"
#include "numerics/sorted.h"
#include "experts/kernel/shortcut.h"
#include "experts/measure/evaluation_bench.h"
#include "experts/measure/evaluation_neighbours.h"

/* Share of validation answers that must be right for an expert to speak. */
#define WANTED_RIGHT 0.95

/* --- confidence ----------------------------------------------------------------------------------- */

static size_t best_of(const float *x, size_t n) {
  size_t best = 0;
  for (size_t c = 1; c < n; c++)
    if (x[c] > x[best]) best = c;
  return best;
}

/* One answer a model (align) or a (model, class) pair (classify). */
static Answer *answers_of(const EvaluationPanel *p, bool classes, double temperature, size_t *n) {
  *n = classes ? p->n * p->classes : p->n;
  Answer *a = g_new(Answer, *n + 1);
  if (classes) {
    for (size_t k = 0; k < *n; k++) {
      double y = (double)p->logits[k] / temperature, sure = 1 / (1 + exp(-fabs(y)));
      a[k] = (Answer){sure, (y > 0) == (p->has[k] != 0)};
    }
    return a;
  }
  g_autofree float *row = g_new(float, p->classes + 1);
  for (size_t i = 0; i < p->n; i++) {
    memcpy(row, p->logits + i * p->classes, p->classes * sizeof *row);
    softmax_row(row, p->classes, temperature);
    size_t said = best_of(row, p->classes);
    a[i] = (Answer){(double)row[said], said == p->target[i]};
  }
  return a;
}

static double fit_temperature(const EvaluationPanel *val, bool classes) {
  return classes ? calibrate_sigmoid(val->logits, val->has, val->n, val->classes)
                 : calibrate_softmax(val->logits, val->target, val->n, val->classes);
}

static void measure_confidence(const EvaluationPanel *p, bool classes, double temperature, double threshold, Group *g) {
  size_t n;
  g_autofree Answer *raw = answers_of(p, classes, 1, &n);
  g_autofree Answer *tuned = answers_of(p, classes, temperature, &n);
  g->ece_raw = calibration_error(raw, n);
  g->ece = calibration_error(tuned, n);
  reliability_bins(tuned, n, g->bins);
  answer_rates(tuned, n, threshold, &g->answered, &g->answered_right);
}

/* The cosine that nine in ten right validation answers reach. */
static double fit_floor(const EvaluationBench *b, const EvaluationPanel *val) {
  g_autofree float *cosines = g_new(float, val->n + 1);
  size_t n = 0;
  for (size_t i = 0; i < val->n; i++) {
    const float *y = val->logits + i * val->classes;
    if (best_of(y, val->classes) == val->target[i]) cosines[n++] = y[val->target[i]];
  }
  if (n < 10) return NAN;
  sort_floats(cosines, n);
  return (double)cosines[n / 10] / exp((double)*b->expert->probex->tau);
}

/* Models of labels that the expert was never trained on, offered the trained ones: how many fall below
 * the floor? */
static double measure_refusal(const EvaluationBench *b, const Evaluation *e) {
  const Task *t = b->task;
  size_t r_t = b->width, n = 0, refused = 0;
  g_autofree float *y = g_new(float, t->seen + 1);
  for (size_t i = 0; i < t->models->len; i++) {
    if (t->split[i] != SPLIT_HOLDOUT) continue;
    gemm(false, true, 1, t->seen, r_t, 1, b->rep + i * r_t, r_t, b->mapped, r_t, 0, y, t->seen);
    refused += (double)y[best_of(y, t->seen)] < e->floor;
    n++;
  }
  return n ? (double)refused / (double)n : NAN;
}

static void calibrate(const EvaluationBench *b, Evaluation *e) {
  bool classes = b->task->has != NULL;
  EvaluationPanel val = evaluation_panel(b, SPLIT_VAL);
  size_t n;
  e->temperature = fit_temperature(&val, classes);
  g_autofree Answer *a = answers_of(&val, classes, e->temperature, &n);
  e->threshold = n ? answer_threshold(a, n, WANTED_RIGHT) : NAN;
  e->floor = classes ? NAN : fit_floor(b, &val);
  e->refused = classes ? NAN : measure_refusal(b, e);
  evaluation_panel_clear(&val);
}

/* --- retrieval ------------------------------------------------------------------------------------ */

typedef struct {
  float score;
  bool right;
} Found;

static int best_first(const void *a, const void *b) {
  float x = ((const Found *)a)->score, y = ((const Found *)b)->score;
  return (x < y) - (x > y);
}

/* Mean over the labels of the precision among the first 1 and 5 models, and of average precision. */
static void measure_retrieval(const EvaluationPanel *p, Group *g) {
  g_autofree Found *f = g_new(Found, p->n + 1);
  size_t asked = 0;
  double at1 = 0, at5 = 0, map = 0;
  for (size_t c = 0; c < p->classes; c++) {
    size_t right = 0, total = 0;
    double ap = 0;
    for (size_t i = 0; i < p->n; i++) {
      f[i] = (Found){p->logits[i * p->classes + c], p->target[i] == c};
      total += f[i].right;
    }
    if (total == 0) continue;
    qsort(f, p->n, sizeof *f, best_first);
    for (size_t i = 0; i < p->n; i++) {
      if (!f[i].right) continue;
      right++;
      ap += (double)right / (double)(i + 1) / (double)total;
      at1 += i == 0;
      at5 += i < 5 ? 1.0 / 5 : 0;
    }
    map += ap;
    asked++;
  }
  g->precision1 = asked ? at1 / (double)asked : NAN;
  g->precision5 = asked ? at5 / (double)asked : NAN;
  g->map = asked ? map / (double)asked : NAN;
}

/* --- classes and confusions ----------------------------------------------------------------------- */

static void class_clear(void *data) { g_free(((ClassRow *)data)->label); }

static void confusion_clear(void *data) {
  g_free(((Confusion *)data)->right);
  g_free(((Confusion *)data)->said);
}

static int worst_first(gconstpointer a, gconstpointer b) {
  const ClassRow *x = a, *y = b;
  if (x->accuracy != y->accuracy) return x->accuracy > y->accuracy ? 1 : -1;
  return strcmp(x->label, y->label);
}

static int most_first(gconstpointer a, gconstpointer b) {
  const Confusion *x = a, *y = b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  int c = strcmp(x->right, y->right);
  return c ? c : strcmp(x->said, y->said);
}

static const char *label_at(const EvaluationBench *b, const EvaluationPanel *p, size_t c) {
  return b->task->labels->pdata[p->first + c];
}

/* Counts of (right, said) pairs that occurred: pair -> count. */
static void add_confusions(const EvaluationBench *b, const EvaluationPanel *p, GHashTable *pairs, GArray *out) {
  GHashTableIter it;
  gpointer key, count;
  g_hash_table_iter_init(&it, pairs);
  while (g_hash_table_iter_next(&it, &key, &count)) {
    size_t pair = GPOINTER_TO_SIZE(key), right = pair / p->classes, said = pair % p->classes;
    if (right == said) continue;
    Confusion row = {g_strdup(label_at(b, p, right)), g_strdup(label_at(b, p, said)), GPOINTER_TO_UINT(count)};
    g_array_append_val(out, row);
  }
}

/* Align: which label each model got. */
static void count_labels(const EvaluationBench *b, const EvaluationPanel *p, bool unseen, Evaluation *e) {
  g_autoptr(GHashTable) pairs = g_hash_table_new(NULL, NULL);
  g_autofree unsigned *n = g_new0(unsigned, p->classes), *right = g_new0(unsigned, p->classes);
  for (size_t i = 0; i < p->n; i++) {
    size_t said = best_of(p->logits + i * p->classes, p->classes), is = p->target[i];
    gpointer pair = GSIZE_TO_POINTER(is * p->classes + said);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(pairs, pair));
    g_hash_table_insert(pairs, pair, GUINT_TO_POINTER(count + 1));
    n[is]++;
    right[is] += said == is;
  }
  for (size_t c = 0; c < p->classes; c++) {
    if (n[c] == 0) continue;
    ClassRow row = {g_strdup(label_at(b, p, c)), unseen, n[c], (double)right[c] / n[c], NAN, NAN};
    g_array_append_val(e->classes, row);
  }
  add_confusions(b, p, pairs, e->confusions);
}

/* Classify: each class as a score of its own. */
static void count_classes(const EvaluationBench *b, const EvaluationPanel *p, Evaluation *e) {
  g_autofree float *y = g_new(float, p->n + 1);
  g_autofree unsigned char *has = g_new(unsigned char, p->n + 1);
  for (size_t c = 0; c < p->classes; c++) {
    unsigned n = 0;
    for (size_t i = 0; i < p->n; i++) {
      y[i] = p->logits[i * p->classes + c];
      n += has[i] = p->has[i * p->classes + c];
    }
    Score s = score_from_logits(y, has, p->n, 1);
    ClassRow row = {g_strdup(label_at(b, p, c)), false, n, s.accuracy, s.f1, s.ap};
    g_array_append_val(e->classes, row);
  }
}

/* --- all of it ------------------------------------------------------------------------------------ */

static Group group_none(void) {
  return (Group){.score = score_none(),
                 .ece = NAN,
                 .ece_raw = NAN,
                 .answered = NAN,
                 .answered_right = NAN,
                 .precision1 = NAN,
                 .precision5 = NAN,
                 .map = NAN};
}

static void measure_group(const EvaluationBench *b, TaskSplit split, Evaluation *e, Group *g) {
  bool classes = b->task->has != NULL;
  *g = group_none();
  EvaluationPanel p = evaluation_panel(b, split);
  if (p.n && p.classes) {
    g->score = evaluation_panel_score(&p, classes);
    if (!classes) g->score.control = task_control(b->task, split);
    bool own = split == SPLIT_HOLDOUT && expert_knows_unseen(b->expert);
    measure_confidence(&p, classes, own ? expert_temperature(b->expert, true) : e->temperature,
                       own ? expert_threshold(b->expert, true) : e->threshold, g);
    if (classes) {
      count_classes(b, &p, e);
    } else {
      measure_retrieval(&p, g);
      count_labels(b, &p, split == SPLIT_HOLDOUT, e);
    }
  }
  evaluation_panel_clear(&p);
}

static double measure_shortcut(const EvaluationBench *b) {
  const Task *t = b->task;
  g_autofree size_t *members = g_new(size_t, t->models->len + 1);
  size_t n = evaluation_members(t, SPLIT_TRAIN, members);
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  for (size_t i = 0; i < n; i++) g_ptr_array_add(models, t->models->pdata[members[i]]);
  if (n < 2) return NAN;
  g_autoptr(KernelTarget) target = kernel_target_new(t, members, n, false);
  return shortcut_measure(models, target, b->expert->seed);
}

static void measure_all(const EvaluationBench *b, Evaluation *e) {
  calibrate(b, e);
  measure_group(b, SPLIT_TEST, e, &e->seen);
  measure_group(b, SPLIT_HOLDOUT, e, &e->unseen);
  if (b->task->has) align_normalise(b->rep, b->task->models->len, b->width, NULL);
  NeighbourScores near = evaluation_neighbours(b);
  e->knn1 = near.knn1;
  e->knn5 = near.knn5;
  e->auc_knn = near.auc_knn;
  e->auc_lw = near.auc_lw;
  e->shortcut = measure_shortcut(b);
  g_array_sort(e->classes, worst_first);
  g_array_sort(e->confusions, most_first);
}

static Evaluation *evaluation_start(void) {
  Evaluation *e = g_new0(Evaluation, 1);
  e->classes = g_array_new(FALSE, FALSE, sizeof(ClassRow));
  g_array_set_clear_func(e->classes, class_clear);
  e->confusions = g_array_new(FALSE, FALSE, sizeof(Confusion));
  g_array_set_clear_func(e->confusions, confusion_clear);
  e->shortcut = e->knn1 = e->knn5 = e->auc_knn = e->auc_lw = e->refused = NAN;
  e->seen = e->unseen = group_none();
  return e;
}

Evaluation *evaluation_new(Collection *collection, const GPtrArray *models, const Expert *x, const Progress *progress,
                           GError **error) {
  g_autoptr(EvaluationBench) b = evaluation_bench_new(collection, models, x, true, progress, error);
  if (!b) return NULL;
  Evaluation *e = evaluation_start();
  measure_all(b, e);
  return e;
}

Evaluation *evaluation_fit(Collection *collection, const GPtrArray *models, const Expert *x, const Progress *progress,
                           GError **error) {
  g_autoptr(EvaluationBench) b = evaluation_bench_new(collection, models, x, false, progress, error);
  if (!b) return NULL;
  Evaluation *e = evaluation_start();
  EvaluationPanel p = evaluation_panel(b, SPLIT_TEST);
  calibrate(b, e);
  if (p.n && p.classes) measure_confidence(&p, b->task->has != NULL, e->temperature, e->threshold, &e->seen);
  evaluation_panel_clear(&p);
  return e;
}

void evaluation_free(Evaluation *e) {
  if (!e) return;
  g_array_unref(e->classes);
  g_array_unref(e->confusions);
  g_free(e);
}
