/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "numerics/adam.h"
#include "core/error.h"
#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "experts/train/train_team.h"

/* Starts from another expert's parameters: probes, projection and encoder, and the head where it is of the same
 * size. V is taken for the layers as they lie there, scaled. False when the shapes differ. */
static bool start_from(TrainRun *r, const Probex *from, GError **error) {
  Probex *p = r->probex;
  const ProbexShape *a = &p->shape, *b = &from->shape;
  if (a->views != b->views) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "%s: an expert of another kind or of other views than this run's", r->options->init);
    return false;
  }
  if (a->d_out != b->d_out || a->d_in != b->d_in || a->r_u != b->r_u || a->r_v != b->r_v || a->r_t != b->r_t) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "%s: an expert of %zu probes, %zu projections and %zu dimensions on %zu x %zu; this run has "
                "%zu, %zu, %zu on %zu x %zu (--probes, --proj, --rep)",
                r->options->init, b->r_u, b->r_v, b->r_t, b->d_out, b->d_in, a->r_u, a->r_v, a->r_t, a->d_out, a->d_in);
    return false;
  }
  memcpy(p->block, from->block, (size_t)(p->b - p->block) * sizeof(float)); /* up to the encoder */
  for (size_t i = 0; !a->views && i < a->r_v * a->d_out; i++) p->v[i] *= r->set->spread;
  memcpy(p->b, from->b, a->r_t * sizeof(float));
  if (a->d_text != b->d_text || a->n_classes != b->n_classes) return true;
  memcpy(p->head, from->head, (size_t)(p->block + p->n - p->head) * sizeof(float));
  return true;
}

bool train_prepare(TrainRun *r, GError **error) {
  const TrainOptions *o = r->options;
  ProbexShape shape = {.d_out = r->set->d_out,
                       .d_in = r->set->d_in,
                       .r_u = o->probes,
                       .r_v = o->proj,
                       .r_t = o->rep,
                       .d_text = r->task->d_text,
                       .n_classes = r->task->has ? r->task->seen : 0,
                       .linear = o->linear,
                       .views = r->views};
  Probex **all[] = {&r->probex, &r->grad, &r->m, &r->v};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (!(*all[i] = probex_new(&shape, error))) return false;
  r->best = big_alloc(r->probex->n, error);
  if (r->options->val_holdout && r->task->counts[SPLIT_VAL_HOLDOUT] &&
      !(r->best_holdout = big_alloc(r->probex->n, error)))
    return false;
  r->pass = probex_pass_new(r->probex, r->set, o->batch, error);
  r->objective = r->pass ? objective_new(r->task, r->probex, o->batch, error) : NULL;
  if (!r->best || !r->objective) return false;
  r->e = g_new(float, (size_t)o->batch * o->rep);
  r->de = g_new(float, (size_t)o->batch * o->rep);
  Rng rng;
  rng_init(&rng, o->seed, 1);
  probex_init(r->probex, &rng);
  if (o->cosines) *r->probex->tau = 0;
  return !r->init || start_from(r, r->init->probex, error);
}

double train_weight_decay(const TrainOptions *o) {
  static const double classes = 1e-3, alignment = 0;
  if (!isnan(o->weight_decay)) return (double)o->weight_decay;
  return o->task == EXPERT_CLASSIFY ? classes : alignment;
}

/* The step size of the next step. */
static float step_size(const TrainRun *r) {
  if (r->options->schedule == SCHEDULE_CONSTANT) return r->options->lr;
  return r->options->lr * (1 - (float)r->step / (float)r->steps);
}

/* The gradient of the loss on models[0..n), and the loss. */
static double gradient(TrainRun *r, const size_t *models, size_t n) {
  probex_forward(r->pass, r->probex, r->set, models, n, r->e);
  double loss = objective_step(r->objective, r->probex, models, r->e, n, r->de, r->grad);
  probex_backward(r->pass, r->probex, r->set, r->de, r->grad);
  return loss;
}

/* One Adam step on models[0..n), of which each rank takes its part. */
static bool train_batch(TrainRun *r, const size_t *models, size_t n, double *loss, GError **error) {
  AdamOptions adam = ADAM_DEFAULTS;
  adam.lr = step_size(r);
  adam.weight_decay = (float)train_weight_decay(r->options);
  size_t from, to;
  train_team_part(r, n, &from, &to);
  *loss = to > from ? gradient(r, models + from, to - from) : 0;
  if (!train_team_join(r, (double)(to - from) / (double)n, loss, error)) return false;
  adam_step(&adam, ++r->step, r->probex->block, r->grad->block, r->m->block, r->v->block, r->probex->n,
            linalg_threads());
  *r->probex->tau = r->options->cosines ? 0 : fminf(*r->probex->tau, ALIGN_MAX_TAU);
  return true;
}

static bool train_epoch(TrainRun *r, double val_score, double *mean_loss, GError **error) {
  size_t n = r->task->counts[SPLIT_TRAIN], batch = r->options->batch;
  double sum = 0;
  rng_shuffle(&r->rng, r->members[SPLIT_TRAIN], n);
  for (size_t at = 0; at < n; at += batch) {
    size_t k = MIN(batch, n - at);
    double loss;
    if (!train_batch(r, r->members[SPLIT_TRAIN] + at, k, &loss, error)) return false;
    sum += loss * (double)k;
    ProgressNote note = {.phase = "training",
                         .done = r->step,
                         .total = r->steps,
                         .loss = loss,
                         .accuracy = val_score,
                         .chance = r->val_chance};
    if (!progress_note(r->progress, &note, error)) return false;
  }
  *mean_loss = sum / (double)n;
  return true;
}

Score train_measure(TrainRun *r, TaskSplit split, double *loss) {
  size_t n = r->task->counts[split], batch = r->options->batch;
  objective_begin(r->objective, r->probex, split);
  for (size_t at = 0; at < n; at += batch) {
    size_t k = MIN(batch, n - at);
    probex_forward(r->pass, r->probex, r->set, r->members[split] + at, k, r->e);
    objective_add(r->objective, r->probex, r->members[split] + at, r->e, k);
  }
  return objective_end(r->objective, loss);
}

/* Keeps the parameters when validation says they are the best so far; without validation the
 * last epoch's. */
static void keep_best(TrainRun *r, const EpochRow *row, unsigned epoch) {
  bool measured = isfinite(row->val_score), later = r->options->ties_later;
  bool better = !measured || row->val_score > r->best_score ||
                (row->val_score == r->best_score && (later || row->val_loss < r->best_loss));
  if (!better) return;
  r->best_score = row->val_score;
  r->best_loss = row->val_loss;
  r->result->best_epoch = epoch;
  memcpy(r->best, r->probex->block, r->probex->n * sizeof(float));
}

/* The same by labels that are never trained on. */
static void keep_best_holdout(TrainRun *r, unsigned epoch) {
  Score s = train_measure(r, SPLIT_VAL_HOLDOUT, NULL);
  double score = score_headline(&s);
  if (score < r->best_holdout_score || (score == r->best_holdout_score && !r->options->ties_later)) return;
  r->best_holdout_score = score;
  r->result->held_out_epoch = epoch;
  memcpy(r->best_holdout, r->probex->block, r->probex->n * sizeof(float));
}

/* Whether this epoch, 1-based, is one after which validation chooses. */
static bool is_validated(const TrainRun *r, unsigned epoch) {
  return r->options->every < 2 || epoch % r->options->every == 0 || epoch == r->options->epochs;
}

/* One epoch: its training, its validation, its row of the curve. */
static bool run_epoch(TrainRun *r, double *val_score, GError **error) {
  EpochRow row;
  gint64 start = g_get_monotonic_time();
  if (!train_epoch(r, *val_score, &row.loss, error)) return false;
  if (!isfinite(row.loss)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE,
                "the training diverged in epoch %u: its loss is no number; try a smaller step size (--lr)",
                r->epoch + 1);
    return false;
  }
  r->training += (double)(g_get_monotonic_time() - start) / 1e6;
  bool validated = is_validated(r, ++r->epoch);
  row.val_loss = row.val_score = NAN;
  if (validated && team_leads(r->team)) {
    Score val = train_measure(r, SPLIT_VAL, &row.val_loss);
    *val_score = row.val_score = score_headline(&val);
    r->val_chance = val.chance;
    keep_best(r, &row, r->epoch);
  }
  if (validated && r->best_holdout && team_leads(r->team)) keep_best_holdout(r, r->epoch);
  g_array_append_val(r->result->curve, row);
  return train_team_settle(r, error);
}

/* True when validation has not improved for as many epochs as the user's patience. */
static bool is_tired(const TrainRun *r) {
  unsigned patience = r->options->patience;
  return patience && r->epoch - r->result->best_epoch >= patience;
}

bool train_epochs(TrainRun *r, GError **error) {
  size_t n = r->task->counts[SPLIT_TRAIN], batch = r->options->batch;
  r->steps = r->options->epochs * ((n + batch - 1) / batch);
  r->best_score = r->best_holdout_score = -1;
  r->val_chance = NAN;
  rng_init(&r->rng, r->options->seed, 2);
  train_state_load(r);
  if (!train_team_begin(r, error)) return false;
  double val_score = r->best_score >= 0 ? r->best_score : NAN;
  while (r->epoch < r->options->epochs && !is_tired(r)) {
    if (!run_epoch(r, &val_score, error)) return false;
    train_state_save(r);
  }
  r->result->models_per_second = (double)n * r->epoch / r->training;
  memcpy(r->probex->block, r->best, r->probex->n * sizeof(float));
  return true;
}
