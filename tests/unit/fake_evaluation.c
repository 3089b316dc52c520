/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/fake_evaluation.h"

#include <math.h>

#include "core/error.h"

GArray *fake_curve(guint epochs, double height) {
  GArray *curve = g_array_new(FALSE, FALSE, sizeof(EpochRow));
  for (guint i = 1; i <= epochs; i++) {
    EpochRow row = {.loss = 2.0 / i, .val_loss = 2.2 / i, .val_score = height - (height - 0.02) / i};
    g_array_append_val(curve, row);
  }
  return curve;
}

bool fake_counts(Collection *collection, const GPtrArray *models, const TrainOptions *options, const Progress *progress,
                 TrainCounts *counts, GError **error) {
  (void)collection, (void)progress;
  if (options->tree > 0) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW, "tree 2 has 1 labelled model; 8 are needed");
    return false;
  }
  *counts = (TrainCounts){.train = models->len, .val = 2, .test = 3, .unseen = 1, .labels = 5};
  return true;
}

static void class_clear(void *data) { g_free(((ClassRow *)data)->label); }

static void confusion_clear(void *data) {
  g_free(((Confusion *)data)->right);
  g_free(((Confusion *)data)->said);
}

static Score score_of(double rate, unsigned n) {
  Score s = score_none();
  s.top1 = rate, s.chance = 0.02, s.n = n, s.classes = 50;
  s.low = rate - 0.08, s.high = rate + 0.09;
  return s;
}

/* A little surer than right, and worst at telling hares from foxes. */
static Group judged(double rate, unsigned n) {
  Group g = {.score = score_of(rate, n), .ece = 0.04, .ece_raw = 0.11, .answered = 0.8, .answered_right = 0.9};
  for (int b = 2; b < RELIABILITY_BINS; b++)
    g.bins[b] = (ReliabilityBin){.n = 4 * (size_t)b, .confidence = 0.1 * b + 0.05, .right = 0.09 * b};
  return g;
}

Evaluation *fake_evaluate(Collection *collection, const GPtrArray *models, const Expert *expert,
                          const Progress *progress, GError **error) {
  static const struct {
    const char *right, *said;
    unsigned count;
  } pairs[] = {{"a brown hare", "a red fox", 7}, {"a barn owl", "a brown hare", 3}, {"moss", "狐", 1}};
  (void)collection, (void)models;
  if (!progress_step(progress, "measuring", 1, 1, error)) return NULL;
  Evaluation *e = g_new0(Evaluation, 1);
  e->seen = judged(0.61, 80);
  if (expert->task == EXPERT_ALIGN) e->unseen = judged(0.41, 120);
  e->refused = 0.41;
  e->shortcut = 0.12;
  e->classes = g_array_new(FALSE, FALSE, sizeof(ClassRow));
  e->confusions = g_array_new(FALSE, FALSE, sizeof(Confusion));
  g_array_set_clear_func(e->classes, class_clear);
  g_array_set_clear_func(e->confusions, confusion_clear);
  for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
    ClassRow row = {g_strdup(pairs[i].right), i == 1, 12, 0.2 + 0.3 * (double)i, NAN, NAN};
    g_array_append_val(e->classes, row);
    if (expert->task != EXPERT_ALIGN) continue;
    Confusion pair = {g_strdup(pairs[i].right), g_strdup(pairs[i].said), pairs[i].count};
    g_array_append_val(e->confusions, pair);
  }
  return e;
}
