/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "collection/collection_team.h"
#include "core/error.h"
#include "core/files.h"
#include "experts/kernel/shortcut.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"
#include "experts/train/train_auto.h"
#include "experts/train/train_kernel.h"
#include "experts/train/train_place.h"
#include "experts/train/train_run.h"

/* A checkpoint that cannot be written is better known before the training than after. */
static bool check_out(const char *out, GError **error) {
  if (!out) return true;
  g_autofree char *folder = g_path_get_dirname(out);
  if (g_access(folder, W_OK) == 0) return true;
  g_autofree char *shown = g_filename_display_name(folder);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot write into %s: name another place with --out", shown);
  return false;
}

static bool check_options(const TrainOptions *o, GError **error) {
  const char *problem = !o->epochs                          ? "the number of epochs must be at least 1"
                        : !o->batch                         ? "the batch must be at least 1"
                        : !o->probes || !o->proj || !o->rep ? "probes, proj and rep must be at least 1"
                        : !(o->lr > 0 && o->lr < 10)        ? "the learning rate must be above 0 and below 10"
                                                            : NULL;
  if (!problem) return check_out(o->out, error);
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, problem);
  return false;
}

/* What must be known to encode texts again. */
static void name_encoder(Expert *x, const TextEncoder *encoder) {
  if (!encoder) return;
  x->encoder = g_strdup(text_encoder_name(encoder));
  x->prompts = g_strdup(text_encoder_prompts(encoder));
  x->fingerprint = g_strdup(text_encoder_fingerprint(encoder));
}

/* What an expert keeps of the options and of the task. */
static void dress(const TrainRun *r, Expert *x, const TextEncoder *encoder) {
  name_encoder(x, encoder);
  x->stop_words = g_strdup(r->options->stop_words);
  x->min_count = r->options->min_count;
  if (!x->split) x->split = task_record(r->task);
}

/* What stands beside its figures. */
static void set_controls(const TrainRun *r, Expert *x) {
  static const TaskSplit sides[] = {SPLIT_VAL, SPLIT_TEST, SPLIT_HOLDOUT};
  Score *scores[] = {&x->val, &x->test, &x->test_holdout};
  for (int k = 0; k < 3; k++)
    if (x->task == EXPERT_ALIGN) scores[k]->control = task_control(r->task, sides[k]);
}

static Probex *copy_of(const Probex *p, GError **error) {
  Probex *copy = probex_new(&p->shape, error);
  if (copy) memcpy(copy->block, p->block, p->n * sizeof(float));
  return copy;
}

/* Keeps what was measured last model by model, unless an earlier expert's is there. */
static void keep_judged(const TrainRun *r, TaskSplit split, Judged *j) {
  if (j->right) return;
  j->n = r->task->counts[split];
  j->right = g_new(double, j->n + 1);
  j->label = g_new(size_t, j->n + 1);
  objective_right(r->objective, j->right, j->label, j->n);
}

/* How good the present parameters are. */
static void measure_all(TrainRun *r, Expert *x) {
  x->val = train_measure(r, SPLIT_VAL, NULL);
  x->test = train_measure(r, SPLIT_TEST, NULL);
  keep_judged(r, SPLIT_TEST, &r->result->judged[0]);
  x->test_holdout = train_measure(r, SPLIT_HOLDOUT, NULL);
  keep_judged(r, SPLIT_HOLDOUT, &r->result->judged[1]);
}

/* An expert of the present parameters. */
static Expert *expert_of(TrainRun *r, const char *layer, const TextEncoder *encoder, GError **error) {
  const TrainOptions *o = r->options;
  const Task *t = r->task;
  Expert *x = expert_new();
  x->task = o->task;
  x->layer = g_strdup(layer);
  x->shapes = g_strdup(((const Model *)t->models->pdata[0])->shapes);
  x->tree = o->tree;
  x->label_key = g_strdup(t->key);
  x->seed = o->seed;
  x->run = train_finished_key(r->key, o);
  x->epochs = r->epoch;
  for (size_t i = 0; i < t->seen; i++) g_ptr_array_add(x->labels, g_strdup(t->labels->pdata[i]));
  measure_all(r, x);
  x->seconds = (double)(g_get_monotonic_time() - r->started) / 1e6;
  x->text_mean = t->text_mean ? g_memdup2(t->text_mean, t->d_text * sizeof(float)) : NULL;
  x->raw_text = o->raw_text;
  x->guard = guard_copy(r->guard);
  dress(r, x, encoder);
  set_controls(r, x);
  x->probex = r->compression ? compression_lift(r->compression, r->probex, error) : copy_of(r->probex, error);
  if (!x->probex) {
    expert_free(x);
    return NULL;
  }
  ProbexShape *s = &x->probex->shape;
  x->centre = r->centre ? g_memdup2(r->centre, s->d_out * s->d_in * sizeof(float)) : NULL;
  /* V (X / spread) U = (V / spread) X U: from here on the expert takes raw layers. */
  for (size_t i = 0; !s->views && i < s->r_v * s->d_out; i++) x->probex->v[i] /= r->set->spread;
  return x;
}

/* What the training models' facts tell without their weights. */
static double measure_shortcut(const TrainRun *r) {
  const Task *t = r->task;
  size_t n = t->counts[SPLIT_TRAIN];
  g_autoptr(GPtrArray) models = g_ptr_array_new();
  for (size_t i = 0; i < n; i++) g_ptr_array_add(models, t->models->pdata[r->members[SPLIT_TRAIN][i]]);
  g_autoptr(KernelTarget) target = kernel_target_new(t, r->members[SPLIT_TRAIN], n, false);
  return shortcut_measure(models, target, r->options->seed);
}

/* The expert of the best epoch, and with the options the best by labels never trained on. */
static bool finish(TrainRun *r, const char *layer, const TextEncoder *encoder, GError **error) {
  TrainResult *result = r->result;
  if (r->options->baselines) result->shortcut = measure_shortcut(r);
  result->expert = expert_of(r, layer, encoder, error);
  if (!result->expert || !r->best_holdout) return result->expert != NULL;
  memcpy(r->probex->block, r->best_holdout, r->probex->n * sizeof(float));
  result->held_out = expert_of(r, layer, encoder, error);
  if (result->held_out) result->held_out->run = hash_name_step(result->held_out->run, 1) | 1;
  return result->held_out != NULL;
}

/* Beyond, the Gram matrix and its factor take more than the training. */
enum { BASELINE_MODELS = 8000 };

static bool measure_baselines(TrainRun *r, GError **error) {
  bool wanted = r->options->baselines && r->set->n <= BASELINE_MODELS;
  for (int k = 0; k < BASELINE_COUNT && wanted; k++)
    wanted = baseline_measure(r->task, r->set, (BaselineKind)k, r->options->seed, r->progress, &r->result->baselines[k],
                              NULL);
  r->result->has_baselines = wanted;
  return progress_check(r->progress, error); /* nothing else about a baseline undoes a training */
}

static void run_clear(TrainRun *r) {
  task_free(r->task);
  layer_set_free(r->set);
  Probex *blocks[] = {r->probex, r->grad, r->m, r->v};
  if (r->together) big_free(r->together, r->grad->n + 1);
  if (r->best && r->grad) big_free(r->best, r->grad->n);
  if (r->best_holdout) big_free(r->best_holdout, r->grad->n);
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) probex_free(blocks[i]);
  probex_pass_free(r->pass);
  objective_free(r->objective);
  for (int s = 0; s < SPLIT_COUNT; s++) g_free(r->members[s]);
  compression_free(r->compression);
  expert_free(r->init);
  guard_free(r->guard);
  g_free(r->centre);
  g_free(r->resume);
  g_free(r->e);
  g_free(r->de);
}

/* Where the state between epochs is kept: beside the experts, under the expert's name. */
static void place_state(TrainRun *r, const TextEncoder *encoder, const Collection *collection, const char *layer) {
  const char *state = collection_state(collection);
  r->key = train_run_key(r->task, r->options, encoder, collection, layer);
  if (r->init) r->key = hash_name_bytes(r->key, r->init->probex->block, r->init->probex->n * sizeof(float));
  if (!state || collection_is_read_only(collection)) return;
  g_autofree char *folder = g_build_filename(state, "training", NULL);
  g_autofree char *name = train_expert_name(layer, r->options->task, r->views ? TRAIN_MULTIVIEW : TRAIN_PROBEX);
  g_autofree char *file = g_strconcat(name, ".state", NULL);
  if (dir_make(folder, NULL)) r->resume = g_build_filename(folder, file, NULL);
}

TextEncoder *train_open_encoder(const TrainOptions *o, GError **error) {
  g_autoptr(TextEncoder) e = text_encoder_open(o->encoder, error);
  if (!e || !text_encoder_set_prompts(e, o->prompts, error)) return NULL;
  text_encoder_keep_length(e, o->raw_text);
  return g_steal_pointer(&e);
}

Task *train_task(Collection *collection, const GPtrArray *models, const TrainOptions *o, TextEncoder *encoder,
                 const Progress *progress, GError **error) {
  TaskOptions wanted = {.tree = o->tree,
                        .label = {o->label_key, o->stop_words, o->min_count, false},
                        .encoder = encoder,
                        .seed = o->seed,
                        .collection = collection,
                        .kin = o->kin,
                        .kin_only = o->kin_only,
                        .raw_text = o->raw_text,
                        .val_holdout = o->val_holdout,
                        .progress = progress};
  return task_new(models, &wanted, error);
}

/* What is told of the task. */
static void take_task(TrainRun *r) {
  Task *t = r->task;
  TrainResult *result = r->result;
  if (!result->left_out_by) result->left_out_by = left_out_new();
  left_out_join(result->left_out_by, t->left_out);
  result->warnings = g_ptr_array_ref(t->warnings);
  memcpy(result->joined, t->joined, sizeof t->joined);
  result->models[3] = (unsigned)t->counts[SPLIT_HOLDOUT];
}

Expert *expert_trained_before(Collection *collection, const GPtrArray *models, const TrainOptions *o) {
  bool align = o->task == EXPERT_ALIGN;
  g_autoptr(TextEncoder) encoder = align ? train_open_encoder(o, NULL) : NULL;
  g_autoptr(Task) task = !align || encoder ? train_task(collection, models, o, encoder, NULL, NULL) : NULL;
  g_autofree char *folder = expert_folder(collection), *name = train_expert_name(o->layer, o->task, o->kind);
  if (!task || !folder) return NULL;
  g_autofree char *found = NULL;
  uint64_t run = train_finished_key(train_run_key(task, o, encoder, collection, o->layer), o);
  g_autofree char *path = train_free_path(folder, name, run, &found);
  return g_file_test(path, G_FILE_TEST_EXISTS) ? expert_load(path, NULL) : NULL;
}

/* The expert is stored: what would have brought it back is not needed any more. */
static bool drop_state(TrainRun *r) {
  train_state_drop(r);
  return true;
}

/* Stores what was trained: the second expert first, so that the first is the last word. */
static bool store(TrainRun *r, Collection *collection, const GPtrArray *models, GError **error) {
  Expert *held_out = r->result->held_out, *x = r->result->expert;
  if (r->result->curve->len) x->curve = g_array_ref(r->result->curve);
  if (r->options->trial) return true;
  if (held_out && !(train_place(collection, r->options, held_out, "-val_holdout", error) &&
                    train_store(collection, models, r->options, held_out, r->progress, error)))
    return false;
  return train_store(collection, models, r->options, x, r->progress, error);
}

/* What is left is the leader's. */
static bool go_on_alone(Collection *collection, GError **error) {
  return team_leave(collection_set_team(collection, NULL), error);
}

static bool train(TrainRun *r, Collection *collection, const GPtrArray *models, TextEncoder *encoder, GError **error) {
  g_autofree char *layer = NULL;
  if (!train_gather(r, collection, models, encoder, &layer, error)) return false;
  if (r->options->init && !(r->init = expert_load(r->options->init, error))) return false;
  place_state(r, encoder, collection, layer);
  r->team = collection_team(collection);
  if (!train_prepare(r, error) || !train_epochs(r, error) || !go_on_alone(collection, error) ||
      !measure_baselines(r, error) || !finish(r, layer, encoder, error))
    return false;
  g_clear_pointer(&r->set, layer_set_free); /* what follows reads a few layers at a time */
  take_task(r);
  return store(r, collection, models, error) && drop_state(r);
}

/* The encoder that the task needs: none for classes. False with an error when it cannot be had. */
static bool open_encoder(const TrainOptions *o, TextEncoder **encoder, GError **error) {
  *encoder = NULL;
  if (o->task != EXPERT_ALIGN) return true;
  *encoder = train_open_encoder(o, error);
  return *encoder != NULL;
}

/* A kernel expert over all layers, or the one that is asked for. */
static bool train_in_closed_form(TrainRun *r, Collection *collection, const GPtrArray *models, TextEncoder *encoder,
                                 GError **error) {
  r->task = train_task(collection, models, r->options, encoder, r->progress, error);
  if (!r->task) return false;
  g_autofree char *layer = NULL;
  const Model *any = r->task->models->pdata[0];
  if (r->options->layer && !(layer = train_choose_layer(collection, any, r->options->layer, error))) return false;
  Expert *x = r->result->expert =
      train_kernel(collection, models, r->task, layer, r->options, r->progress, r->result, error);
  if (!go_on_alone(collection, x ? error : NULL) || !x) return false;
  x->run = train_finished_key(train_run_key(r->task, r->options, encoder, collection, x->layer), r->options);
  dress(r, x, encoder);
  if (!train_place(collection, r->options, x, "", error))
    return false; /* what measuring computes is kept under its name */
  if (!train_kernel_measure(collection, models, x, r->progress, r->result, error)) return false;
  r->result->shortcut = r->result->kernel->shortcut;
  set_controls(r, x);
  take_task(r);
  x->seconds = (double)(g_get_monotonic_time() - r->started) / 1e6;
  return train_store(collection, models, r->options, x, r->progress, error);
}

static bool is_by_steps(const TrainOptions *o) { return o->kind == TRAIN_PROBEX || o->kind == TRAIN_MULTIVIEW; }

static TrainResult *train_one(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                              const Progress *progress, GError **error) {
  g_autoptr(TextEncoder) encoder = NULL;
  if (!check_options(options, error) || !open_encoder(options, &encoder, error)) return NULL;
  g_autoptr(TrainResult) result = g_new0(TrainResult, 1);
  result->curve = g_array_new(FALSE, FALSE, sizeof(EpochRow));
  result->shortcut = NAN;
  TrainRun r = {.options = options, .progress = progress, .result = result, .started = g_get_monotonic_time()};
  bool ok = (is_by_steps(options) ? train : train_in_closed_form)(&r, collection, models, encoder, error);
  if (ok)
    for (int s = 0; s < 3; s++) result->models[s] = (unsigned)r.task->counts[s];
  run_clear(&r);
  return ok ? g_steal_pointer(&result) : NULL;
}

/* Tries a form beside `best`; whichever is ahead is returned, the other freed. A form that cannot be trained here is
 * passed over; NULL when cancelled. */
static TrainResult *try_form(Collection *collection, const GPtrArray *models, const TrainOptions *trial,
                             TrainResult *best, const Progress *progress, GError **error) {
  TrainResult *r = train_one(collection, models, trial, progress, NULL);
  if (!r) {
    if (progress_check(progress, error)) return best;
    train_result_free(best);
    return NULL;
  }
  train_auto_note(best, r->expert);
  bool wins = train_auto_wins(r->expert, best->expert);
  if (wins) r->trials = g_steal_pointer(&best->trials);
  train_result_free(wins ? best : r);
  return wins ? r : best;
}

/* The closed form is there: trained forms beside it. */
static TrainResult *choose_form(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                                TrainResult *kernel, const Progress *progress, GError **error) {
  static const TrainKind kinds[] = {TRAIN_MULTIVIEW, TRAIN_PROBEX};
  train_auto_note(kernel, kernel->expert);
  if (!train_auto_can_win(kernel, options, &kernel->not_tried)) return kernel;
  g_autofree char *layer = g_strdup(kernel->expert->layer);
  TrainResult *best = kernel;
  for (size_t k = 0; best && k < G_N_ELEMENTS(kinds); k++) {
    TrainOptions trial = train_auto_trial(layer, options, kinds[k]);
    best = try_form(collection, models, &trial, best, progress, error);
  }
  bool other = best && !best->kernel;
  if (!other || train_store(collection, models, options, best->expert, progress, error)) return best;
  train_result_free(best);
  return NULL;
}

TrainResult *expert_train(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                          const Progress *progress, GError **error) {
  TrainResult *r = train_one(collection, models, options, progress, error);
  return r && options->kind == TRAIN_AUTO ? choose_form(collection, models, options, r, progress, error) : r;
}

bool expert_baseline(Collection *collection, const GPtrArray *models, const TrainOptions *options, BaselineKind kind,
                     const Progress *progress, Baseline *out, char **layer, GError **error) {
  g_autoptr(TextEncoder) encoder = NULL;
  if (!open_encoder(options, &encoder, error)) return false;
  TrainResult unused = {0};
  TrainRun r = {.options = options, .progress = progress, .result = &unused, .bare = true};
  bool ok = train_gather(&r, collection, models, encoder, layer, error) &&
            baseline_measure(r.task, r.set, kind, options->seed, progress, out, error);
  run_clear(&r);
  return ok;
}

void train_result_free(TrainResult *result) {
  if (!result) return;
  expert_free(result->expert);
  expert_free(result->held_out);
  g_array_unref(result->curve);
  kernel_report_free(result->kernel);
  g_clear_pointer(&result->trials, g_array_unref);
  for (int k = 0; k < 2; k++) {
    g_free(result->judged[k].right);
    g_free(result->judged[k].label);
  }
  g_free(result->state_note);
  g_free(result->left_out_first);
  g_clear_pointer(&result->left_out_by, g_ptr_array_unref);
  g_clear_pointer(&result->warnings, g_ptr_array_unref);
  g_free(result);
}
