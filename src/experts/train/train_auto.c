/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train_auto.h"

#include <math.h>

/* Validation of which so much is right leaves nothing that a few dozen models could tell apart; models that it takes;
 * multiply-adds that trials may take, some minutes of them. */
static const double enough = 0.9, most_work = 5e11;
enum { LEAST_VALIDATION = 10 };

/* Multiply-adds of a trial: forth and back of every model in every epoch. */
static double work_of(const TrainResult *kernel, const TrainOptions *o) {
  const KernelRows *r = kernel->expert->kernel->rows->pdata[0];
  double n = (double)kernel->models[0], d = (double)r->d_out, e = (double)r->d_in, u = o->probes;
  double rank = r->n ? (double)r->first[r->n] / (double)r->n : 0;
  double layer = r->form == LAYER_DENSE ? 6 * d * e * u : rank * (d + e) * (u + (double)o->proj);
  return 3 * n * o->epochs * (layer + u * (double)o->proj * (double)o->rep);
}

bool train_auto_can_win(const TrainResult *kernel, const TrainOptions *o, const char **why) {
  const Score *val = &kernel->expert->val;
  *why = val->n < LEAST_VALIDATION    ? "there are too few models to choose by"
         : score_merit(val) >= enough ? "the closed form is right so often that none could be told to be better"
         : work_of(kernel, o) > most_work
             ? "they would take many minutes here (--expert multiview or probex with --layer trains one)"
             : NULL;
  return !*why;
}

TrainOptions train_auto_trial(const char *layer, const TrainOptions *options, TrainKind kind) {
  TrainOptions o = *options;
  o.kind = kind;
  o.layer = layer;
  o.baselines = false;
  o.trial = true;
  return o;
}

void train_auto_note(TrainResult *result, const Expert *x) {
  TrainTrial t = {expert_kind_name(x), x->val, x->test, x->test_holdout, x->seconds};
  if (!result->trials) result->trials = g_array_new(FALSE, TRUE, sizeof t);
  g_array_append_val(result->trials, t);
}

bool train_auto_wins(const Expert *trial, const Expert *best) {
  double p = score_merit(&best->val), q = score_merit(&trial->val);
  double error = sqrt(fmax(p * (1 - p), 0) / (double)MAX(best->val.n, 1u));
  return isfinite(q) && (!isfinite(p) || q > p + error);
}
