/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/measure/ensemble.h"

#include "core/error.h"
#include "numerics/linalg.h"
#include "experts/measure/evaluation_bench.h"

static const TaskSplit splits[] = {SPLIT_VAL, SPLIT_TEST, SPLIT_HOLDOUT};

/* Adds an expert's logits to those of the others. */
static bool add_panel(EvaluationPanel *sum, const EvaluationPanel *p, double temperature, GError **error) {
  if (p->n != sum->n || p->classes != sum->classes) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                        "the experts of an ensemble must have the same models and labels");
    return false;
  }
  axpy((float)(1 / temperature), p->logits, sum->logits, p->n * p->classes);
  return true;
}

/* One expert's say on all three splits; the first one starts the sums. */
static bool add_expert(Collection *collection, const GPtrArray *models, const Expert *x, bool first,
                       const Progress *progress, EvaluationPanel sums[3], GError **error) {
  g_autoptr(EvaluationBench) b = evaluation_bench_new(collection, models, x, false, progress, error);
  bool ok = b != NULL;
  for (int s = 0; s < 3 && ok; s++) {
    EvaluationPanel p = evaluation_panel(b, splits[s]);
    if (first) {
      for (size_t i = 0; i < p.n * p.classes; i++) p.logits[i] /= (float)x->temperature;
      sums[s] = p;
      continue;
    }
    ok = add_panel(&sums[s], &p, x->temperature, error);
    evaluation_panel_clear(&p);
  }
  return ok;
}

bool ensemble_measure(Collection *collection, const GPtrArray *models, const GPtrArray *experts, unsigned k,
                      const Progress *progress, Ensemble *out, GError **error) {
  EvaluationPanel sums[3] = {{0}, {0}, {0}};
  bool ok = experts->len > 0, classes = false;
  k = MIN(k, experts->len);
  for (unsigned i = 0; i < k && ok; i++) {
    const Expert *x = experts->pdata[i];
    classes = x->task == EXPERT_CLASSIFY;
    ok = add_expert(collection, models, x, i == 0, progress, sums, error);
  }
  Score *scores[] = {&out->val, &out->test, &out->test_holdout};
  for (int s = 0; s < 3; s++) {
    *scores[s] = ok ? evaluation_panel_score(&sums[s], classes) : score_none();
    evaluation_panel_clear(&sums[s]);
  }
  return ok;
}
