/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train.h"

#include <math.h>
#include <string.h>

#include "core/adam.h"
#include "core/error.h"
#include "core/files.h"
#include "core/linalg.h"
#include "experts/align.h"
#include "experts/evaluation.h"
#include "experts/objective.h"
#include "experts/probex_pass.h"
#include "experts/task.h"

/* Everything one training run holds. */
typedef struct {
  const TrainOptions *options;
  const Progress *progress;
  Task *task;
  LayerSet *set;
  Probex *probex, *grad, *m, *v;   /* parameters, gradient, Adam's moments */
  float *best;                     /* (probex->n): parameters of the best epoch */
  ProbexPass *pass;
  Objective *objective;
  size_t *members[SPLIT_COUNT];    /* models of each split */
  float *e, *de;                   /* (batch, r_t) */
  uint64_t step, steps;
  double best_score, best_loss;
  float *centre;                   /* (d_out, d_in) that was subtracted, or NULL */
  TrainResult *result;
  gint64 started;
} Run;

static bool check_options(const TrainOptions *o, GError **error) {
  const char *problem = !o->epochs  ? "the number of epochs must be at least 1"
                        : !o->batch ? "the batch must be at least 1"
                        : !o->probes || !o->proj || !o->rep ? "probes, proj and rep must be at least 1"
                        : !(o->lr > 0 && o->lr < 10) ? "the learning rate must be above 0 and below 10"
                                                     : NULL;
  if (!problem) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, problem);
  return false;
}

/* The layer of the largest matrix; low-rank before dense, the first of equals. */
static char *choose_layer(const Collection *collection, const Model *model, GError **error) {
  g_autoptr(WeightFile) file = collection_open_weights(collection, model, error);
  if (!file) return NULL;
  g_autoptr(GArray) layers = layer_list(file, &model->scaling);
  const LayerInfo *best = NULL;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    bool larger = !best || l->form > best->form ||
                  (l->form == best->form && l->d_out * l->d_in > best->d_out * best->d_in);
    if (larger) best = l;
  }
  if (best) return g_strdup(best->name);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW, "%s has no layer to train on",
              model->shown);
  return NULL;
}

static void list_members(Run *r) {
  size_t n[SPLIT_COUNT] = {0};
  for (int s = 0; s < SPLIT_COUNT; s++) r->members[s] = g_new(size_t, r->task->counts[s] + 1);
  for (size_t i = 0; i < r->task->models->len; i++) {
    TaskSplit s = r->task->split[i];
    r->members[s][n[s]++] = i;
  }
}

/* Centres and scales the layers as the options say. */
static bool prepare_input(Run *r, GError **error) {
  TrainInput input = r->options->input;
  bool dense = r->set->form == LAYER_DENSE;
  const size_t *models = r->members[SPLIT_TRAIN];
  size_t n = r->task->counts[SPLIT_TRAIN];
  if (input == INPUT_DEFAULT) input = dense ? INPUT_CENTRED : INPUT_SCALED;
  if (input == INPUT_CENTRED && !dense) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "a low-rank layer is already a change from its base and is not centred: "
                        "use --input scaled or raw");
    return false;
  }
  if (input == INPUT_CENTRED) {
    r->centre = layer_set_mean(r->set, models, n);
    layer_set_subtract(r->set, r->centre);
  }
  if (input != INPUT_RAW) layer_set_normalise(r->set, layer_set_spread(r->set, models, n));
  return true;
}

static bool prepare_parameters(Run *r, GError **error) {
  const TrainOptions *o = r->options;
  ProbexShape shape = {.d_out = r->set->d_out, .d_in = r->set->d_in, .r_u = o->probes,
                       .r_v = o->proj, .r_t = o->rep, .d_text = r->task->d_text,
                       .n_classes = r->task->has ? r->task->seen : 0};
  Probex **all[] = {&r->probex, &r->grad, &r->m, &r->v};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (!(*all[i] = probex_new(&shape, error))) return false;
  r->best = big_alloc(r->probex->n, error);
  r->pass = probex_pass_new(r->probex, r->set, o->batch, error);
  r->objective = r->pass ? objective_new(r->task, r->probex, o->batch, error) : NULL;
  if (!r->best || !r->objective) return false;
  r->e = g_new(float, (size_t)o->batch * o->rep);
  r->de = g_new(float, (size_t)o->batch * o->rep);
  Rng rng;
  rng_init(&rng, o->seed, 1);
  probex_init(r->probex, &rng);
  return true;
}

/* One Adam step on models[0..n). Returns the loss. */
static double train_batch(Run *r, const size_t *models, size_t n) {
  AdamOptions adam = ADAM_DEFAULTS;
  adam.lr = r->options->lr;
  adam.weight_decay = r->options->weight_decay;
  probex_forward(r->pass, r->probex, r->set, models, n, r->e);
  double loss = objective_step(r->objective, r->probex, models, r->e, n, r->de, r->grad);
  probex_backward(r->pass, r->probex, r->set, r->de, r->grad);
  adam_step(&adam, ++r->step, r->probex->block, r->grad->block, r->m->block, r->v->block,
            r->probex->n, linalg_threads());
  *r->probex->tau = fminf(*r->probex->tau, ALIGN_MAX_TAU);
  return loss;
}

static bool train_epoch(Run *r, Rng *rng, double val_score, double *mean_loss, GError **error) {
  size_t n = r->task->counts[SPLIT_TRAIN], batch = r->options->batch;
  double sum = 0;
  rng_shuffle(rng, r->members[SPLIT_TRAIN], n);
  for (size_t at = 0; at < n; at += batch) {
    size_t k = MIN(batch, n - at);
    double loss = train_batch(r, r->members[SPLIT_TRAIN] + at, k);
    sum += loss * (double)k;
    ProgressNote note = {.phase = "training", .done = r->step, .total = r->steps, .loss = loss,
                         .accuracy = val_score};
    if (!progress_note(r->progress, &note, error)) return false;
  }
  *mean_loss = sum / (double)n;
  return true;
}

/* How well the present parameters do on a split. */
static Score measure(Run *r, TaskSplit split, double *loss) {
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
static void keep_best(Run *r, const EpochRow *row, unsigned epoch) {
  bool measured = isfinite(row->val_score);
  bool better = !measured || row->val_score > r->best_score ||
                (row->val_score == r->best_score && row->val_loss < r->best_loss);
  if (!better) return;
  r->best_score = row->val_score;
  r->best_loss = row->val_loss;
  r->result->best_epoch = epoch;
  memcpy(r->best, r->probex->block, r->probex->n * sizeof(float));
}

static bool run_epochs(Run *r, GError **error) {
  size_t n = r->task->counts[SPLIT_TRAIN], batch = r->options->batch;
  r->steps = r->options->epochs * ((n + batch - 1) / batch);
  r->best_score = -1;
  Rng rng;
  rng_init(&rng, r->options->seed, 2);
  double val_score = NAN, training = 0;
  for (unsigned epoch = 1; epoch <= r->options->epochs; epoch++) {
    EpochRow row;
    gint64 start = g_get_monotonic_time();
    if (!train_epoch(r, &rng, val_score, &row.loss, error)) return false;
    training += (double)(g_get_monotonic_time() - start) / 1e6;
    Score val = measure(r, SPLIT_VAL, &row.val_loss);
    val_score = row.val_score = score_headline(&val);
    g_array_append_val(r->result->curve, row);
    keep_best(r, &row, epoch);
  }
  r->result->models_per_second = (double)n * r->options->epochs / training;
  memcpy(r->probex->block, r->best, r->probex->n * sizeof(float));
  return true;
}

/* "mid_block.0-align": the layer's name as a file name. */
static char *expert_name(const char *layer, ExpertTask task) {
  char *name = g_strdup_printf("%s-%s", layer, task == EXPERT_ALIGN ? "align" : "classify");
  return g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');
}

/* The expert from a finished run; takes its parameters. */
static Expert *finish(Run *r, const char *layer) {
  Expert *x = expert_new();
  const Model *any = r->task->models->pdata[0];
  x->task = r->options->task;
  x->layer = g_strdup(layer);
  x->shapes = g_strdup(any->shapes);
  x->tree = r->options->tree >= 0 ? r->options->tree : any->tree;
  x->encoder = r->task->has ? NULL : g_strdup(r->options->encoder);
  x->label_key = g_strdup(r->task->key);
  x->seed = r->options->seed;
  x->epochs = r->options->epochs;
  for (size_t i = 0; i < r->task->seen; i++)
    g_ptr_array_add(x->labels, g_strdup(r->task->labels->pdata[i]));
  x->val = measure(r, SPLIT_VAL, NULL);
  x->test = measure(r, SPLIT_TEST, NULL);
  x->test_holdout = measure(r, SPLIT_HOLDOUT, NULL);
  x->seconds = (double)(g_get_monotonic_time() - r->started) / 1e6;
  x->text_mean = g_steal_pointer(&r->task->text_mean);
  x->probex = g_steal_pointer(&r->probex);
  x->centre = g_steal_pointer(&r->centre);
  /* V (X / spread) U = (V / spread) X U: from here on the expert takes raw layers. */
  ProbexShape *s = &x->probex->shape;
  for (size_t i = 0; i < s->r_v * s->d_out; i++) x->probex->v[i] /= r->set->spread;
  return x;
}

static bool measure_baselines(Run *r, GError **error) {
  r->result->has_baselines = r->options->baselines;
  for (int k = 0; k < BASELINE_COUNT && r->options->baselines; k++)
    if (!baseline_measure(r->task, r->set, (BaselineKind)k, r->options->seed, r->progress,
                          &r->result->baselines[k], error))
      return false;
  return true;
}

/* Where the checkpoint goes and what it is called; no path when nothing may be written. */
static bool place(const Collection *collection, const TrainOptions *o, Expert *x, GError **error) {
  g_autofree char *folder = expert_folder(collection);
  x->name = o->out ? g_path_get_basename(o->out) : expert_name(x->layer, x->task);
  if (o->out) {
    x->path = g_strdup(o->out);
    return true;
  }
  if (!folder || collection_is_read_only(collection)) return true; /* lives as long as the program */
  g_autofree char *file = g_strconcat(x->name, ".safetensors", NULL);
  x->path = g_build_filename(folder, file, NULL);
  return dir_make(folder, error);
}

/* Fits what the expert says of its own certainty. This computes all representations, which are kept. */
static bool calibrate(Collection *collection, const GPtrArray *models, Expert *x,
                      const Progress *progress, GError **error) {
  g_autoptr(Evaluation) e = evaluation_new(collection, models, x, progress, error);
  if (!e) return false;
  x->temperature = e->temperature;
  x->threshold = e->threshold;
  x->answered = e->seen.answered;
  x->answered_right = e->seen.answered_right;
  return true;
}

static void run_clear(Run *r) {
  task_free(r->task);
  layer_set_free(r->set);
  Probex *blocks[] = {r->probex, r->grad, r->m, r->v};
  if (r->best) big_free(r->best, r->grad->n);
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) probex_free(blocks[i]);
  probex_pass_free(r->pass);
  objective_free(r->objective);
  for (int s = 0; s < SPLIT_COUNT; s++) g_free(r->members[s]);
  g_free(r->centre);
  g_free(r->e);
  g_free(r->de);
}

static bool train(Run *r, Collection *collection, const GPtrArray *models, TextEncoder *encoder,
                  GError **error) {
  const TrainOptions *o = r->options;
  TaskOptions wanted = {.tree = o->tree, .key = o->label_key, .encoder = encoder, .seed = o->seed};
  r->task = task_new(models, &wanted, error);
  if (!r->task) return false;
  g_autofree char *layer = o->layer ? g_strdup(o->layer)
                                    : choose_layer(collection, r->task->models->pdata[0], error);
  if (!layer) return false;
  r->set = layer_set_read(collection, r->task->models, layer, 0, r->progress, error);
  if (!r->set) return false;
  list_members(r);
  if (!prepare_input(r, error) || !prepare_parameters(r, error) || !run_epochs(r, error) ||
      !measure_baselines(r, error))
    return false;
  Expert *x = r->result->expert = finish(r, layer);
  if (encoder) x->fingerprint = g_strdup(text_encoder_fingerprint(encoder));
  return place(collection, o, x, error) && calibrate(collection, models, x, r->progress, error) &&
         (!x->path || expert_save(x, x->path, error));
}

TrainResult *expert_train(Collection *collection, const GPtrArray *models,
                          const TrainOptions *options, const Progress *progress, GError **error) {
  if (!check_options(options, error)) return NULL;
  bool align = options->task == EXPERT_ALIGN;
  g_autoptr(TextEncoder) encoder = align ? text_encoder_open(options->encoder, error) : NULL;
  if (align && !encoder) return NULL;
  g_autoptr(TrainResult) result = g_new0(TrainResult, 1);
  result->curve = g_array_new(FALSE, FALSE, sizeof(EpochRow));
  Run r = {.options = options, .progress = progress, .result = result,
           .started = g_get_monotonic_time()};
  bool ok = train(&r, collection, models, encoder, error);
  if (ok)
    for (int s = 0; s < 3; s++) result->models[s] = (unsigned)r.task->counts[s];
  run_clear(&r);
  return ok ? g_steal_pointer(&result) : NULL;
}

void train_result_free(TrainResult *result) {
  if (!result) return;
  expert_free(result->expert);
  g_array_unref(result->curve);
  g_free(result);
}
