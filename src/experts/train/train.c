/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/train.h"

#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "collection/stamp.h"
#include "core/error.h"
#include "core/files.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"
#include "experts/kernel/view_strength.h"
#include "experts/measure/evaluation.h"
#include "experts/probex/multiview.h"
#include "experts/train/train_kernel.h"
#include "experts/train/preset.h"
#include "experts/train/train_run.h"

/* A checkpoint that cannot be written is better known before the training than after. */
static bool check_out(const char *out, GError **error) {
  if (!out) return true;
  g_autofree char *folder = g_path_get_dirname(out);
  if (g_access(folder, W_OK) == 0) return true;
  g_autofree char *shown = g_filename_display_name(folder);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot write into %s", shown);
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

/* The layer of the largest matrix; low-rank before dense, the first of equals. */
static const LayerInfo *largest_layer(const GArray *layers) {
  const LayerInfo *best = NULL;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    bool larger =
        !best || l->form > best->form || (l->form == best->form && l->d_out * l->d_in > best->d_out * best->d_in);
    if (larger) best = l;
  }
  return best;
}

/* The canonical name of what the user wrote: a name, #N in upstream's order, or nothing. */
static char *choose_layer(const Collection *collection, const Model *model, const char *wanted, GError **error) {
  if (wanted && wanted[0] != '#') return g_strdup(wanted);
  g_autoptr(WeightFile) file = collection_open_weights(collection, model, error);
  if (!file) return NULL;
  g_autoptr(GArray) layers = layer_list(file, NULL);
  char *name = NULL;
  if (wanted) {
    name = preset_layer_at(file, layers, (size_t)g_ascii_strtoull(wanted + 1, NULL, 10));
  } else {
    const LayerInfo *largest = largest_layer(layers);
    name = largest ? g_strdup(largest->name) : NULL;
  }
  if (!name)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s has %u layers and no %s", model->shown, layers->len,
                wanted ? wanted : "layer to train on");
  return name;
}

/* Models whose layer holds what is no number are in no split. */
static void leave_out_broken(TrainRun *r) {
  for (size_t i = 0; i < r->set->n; i++) {
    if (!r->set->broken[i] && !r->set->zero[i]) continue;
    const Model *m = r->task->models->pdata[i];
    r->task->counts[r->task->split[i]]--;
    r->task->split[i] = SPLIT_COUNT;
    if (!r->result->left_out++) r->result->left_out_first = g_strdup(m->shown);
    left_out_add(r->task->left_out,
                 r->set->broken[i] ? "its layer holds what is no number, or numbers beyond 1e15"
                                   : "it changes nothing: all zeros",
                 m->shown);
  }
}

static void list_members(TrainRun *r) {
  size_t n[SPLIT_COUNT] = {0};
  for (int s = 0; s < SPLIT_COUNT; s++) r->members[s] = g_new(size_t, r->task->counts[s] + 1);
  for (size_t i = 0; i < r->task->models->len; i++) {
    TaskSplit s = r->task->split[i];
    if (s < SPLIT_COUNT) r->members[s][n[s]++] = i;
  }
}

/* Centres and scales the layers as the options say. */
static bool prepare_input(TrainRun *r, GError **error) {
  TrainInput input = r->options->input;
  bool dense = r->set->form == LAYER_DENSE, views = r->options->kind == TRAIN_MULTIVIEW;
  const size_t *models = r->members[SPLIT_TRAIN];
  size_t n = r->task->counts[SPLIT_TRAIN];
  if (views && input != INPUT_DEFAULT && input != INPUT_RAW) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "several views take raw layers, and bring their responses to one mean and spread themselves: "
                        "leave --input out");
    return false;
  }
  if (input == INPUT_DEFAULT) input = views ? INPUT_RAW : dense ? INPUT_CENTRED : INPUT_SCALED;
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

/* A finished run's key: its state's key and how long it was to run. */
static uint64_t finished_key(uint64_t key, const TrainOptions *o) {
  return hash_name_step(key, o->epochs + ((uint64_t)o->patience << 32)) | 1;
}

/* Replaces the layers by their coordinates in the common spaces. */
static bool compress(TrainRun *r, GError **error) {
  if (r->options->compress > 0) {
    r->compression = compression_find(r->set, r->members[SPLIT_TRAIN], r->task->counts[SPLIT_TRAIN],
                                      r->options->compress, r->progress, error);
    LayerSet *small = r->compression ? compression_apply(r->compression, r->set, r->progress, error) : NULL;
    if (!small) return false;
    layer_set_free(r->set);
    r->set = small;
  }
  r->result->energy = r->compression ? r->compression->energy : 1;
  r->result->trained_out = r->set->d_out;
  r->result->trained_in = r->set->d_in;
  return true;
}

/* The branches: the user's, or those whose side of the weights says at least half as much as the best side does. A
 * branch without signal costs more than it brings. */
static bool choose_views(TrainRun *r, GError **error) {
  static const unsigned branches[SIDE_COUNT] = {1U << VIEW_XU | 1U << VIEW_XTU, 1U << VIEW_XXTU, 1U << VIEW_XTXU};
  double *r2 = r->result->view_r2, best = 0;
  if (r->options->kind != TRAIN_MULTIVIEW) return true;
  r->views = r->options->views;
  if (r->views) return true;
  r->result->views_chosen = true;
  if (!view_strength(r->set, r->task, r->members[SPLIT_TRAIN], r->task->counts[SPLIT_TRAIN], r->options->seed,
                     r->progress, r2, error))
    return false;
  for (int s = 0; s < SIDE_COUNT; s++) best = fmax(best, r2[s]);
  for (int s = 0; s < SIDE_COUNT; s++) r->views |= best > 0 && r2[s] >= best / 2 ? branches[s] : 0;
  if (!r->views) r->views = VIEW_ALL;
  return true;
}

/* "mid_block.0-align": the layer's name as a file name. */
static char *expert_name(const char *layer, ExpertTask task, bool views) {
  const char *kind = views ? "-views" : "";
  char *name = g_strdup_printf("%s%s-%s", layer, kind, task == EXPERT_ALIGN ? "align" : "classify");
  return g_strcanon(name, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-", '_');
}

/* The expert from a finished run; takes its parameters. */
static Expert *finish(TrainRun *r, const char *layer, GError **error) {
  Expert *x = expert_new();
  const Model *any = r->task->models->pdata[0];
  x->task = r->options->task;
  x->layer = g_strdup(layer);
  x->shapes = g_strdup(any->shapes);
  x->tree = r->options->tree;
  x->label_key = g_strdup(r->task->key);
  x->seed = r->options->seed;
  x->run = finished_key(r->key, r->options);
  x->epochs = r->epoch;
  for (size_t i = 0; i < r->task->seen; i++) g_ptr_array_add(x->labels, g_strdup(r->task->labels->pdata[i]));
  x->val = train_measure(r, SPLIT_VAL, NULL);
  x->test = train_measure(r, SPLIT_TEST, NULL);
  r->result->right = g_new(double, r->task->counts[SPLIT_TEST]);
  objective_right(r->objective, r->result->right, r->task->counts[SPLIT_TEST]);
  x->test_holdout = train_measure(r, SPLIT_HOLDOUT, NULL);
  x->seconds = (double)(g_get_monotonic_time() - r->started) / 1e6;
  x->text_mean = g_steal_pointer(&r->task->text_mean);
  x->probex = r->compression ? compression_lift(r->compression, r->probex, error) : g_steal_pointer(&r->probex);
  if (!x->probex) {
    expert_free(x);
    return NULL;
  }
  x->centre = g_steal_pointer(&r->centre);
  /* V (X / spread) U = (V / spread) X U: from here on the expert takes raw layers. */
  ProbexShape *s = &x->probex->shape;
  for (size_t i = 0; !s->views && i < s->r_v * s->d_out; i++) x->probex->v[i] /= r->set->spread;
  return x;
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

/* The first of NAME, NAME-2, NAME-3, … that is free or holds the same run: an expert that was trained
 * otherwise is never written over. *free_name gets the name. */
static char *free_path(const char *folder, const char *name, uint64_t run, char **free_name) {
  for (unsigned k = 1;; k++) {
    g_autofree char *numbered = k == 1 ? g_strdup(name) : g_strdup_printf("%s-%u", name, k);
    g_autofree char *file = g_strconcat(numbered, ".safetensors", NULL);
    char *path = g_build_filename(folder, file, NULL);
    g_autoptr(Expert) other = g_file_test(path, G_FILE_TEST_EXISTS) ? expert_load(path, NULL) : NULL;
    if (!g_file_test(path, G_FILE_TEST_EXISTS) || (other && other->run == run)) {
      *free_name = g_steal_pointer(&numbered);
      return path;
    }
    g_free(path);
  }
}

/* Where the checkpoint goes and what it is called; no path when nothing may be written. */
static bool place(const Collection *collection, const TrainOptions *o, Expert *x, GError **error) {
  g_autofree char *folder = expert_folder(collection);
  if (o->out) {
    x->name = g_path_get_basename(o->out);
    x->path = g_strdup(o->out);
    return true;
  }
  g_autofree char *name = expert_name(x->kernel ? "kernel" : x->layer, x->task, x->probex->shape.views);
  if (!folder || collection_is_read_only(collection)) { /* lives as long as the program */
    x->name = g_steal_pointer(&name);
    return true;
  }
  x->path = free_path(folder, name, x->run, &x->name);
  return dir_make(folder, error);
}

/* Fits what the expert says of its own certainty. This computes all representations, which are kept. */
static bool calibrate(Collection *collection, const GPtrArray *models, Expert *x, const Progress *progress,
                      GError **error) {
  g_autoptr(Evaluation) e = evaluation_fit(collection, models, x, progress, error);
  if (!e) return false;
  x->temperature = e->temperature;
  x->threshold = e->threshold;
  x->floor = e->floor;
  x->answered = e->seen.answered;
  x->answered_right = e->seen.answered_right;
  return true;
}

static void run_clear(TrainRun *r) {
  task_free(r->task);
  layer_set_free(r->set);
  Probex *blocks[] = {r->probex, r->grad, r->m, r->v};
  if (r->best && r->grad) big_free(r->best, r->grad->n);
  for (size_t i = 0; i < G_N_ELEMENTS(blocks); i++) probex_free(blocks[i]);
  probex_pass_free(r->pass);
  objective_free(r->objective);
  for (int s = 0; s < SPLIT_COUNT; s++) g_free(r->members[s]);
  compression_free(r->compression);
  expert_free(r->init);
  g_free(r->centre);
  g_free(r->resume);
  g_free(r->e);
  g_free(r->de);
}

/* Everything that decides what a run computes: its state is taken up by an equal run alone. */
static uint64_t run_key(const Task *task, const TrainOptions *o, const TextEncoder *encoder,
                        const Collection *collection, const char *layer) {
  g_autofree char *text =
      g_strdup_printf("7|%d|%u|%d|%d|%d|%d|%u|%s|%s|%s|%d|%u|%u|%u|%u|%a|%a|%a|%" G_GUINT64_FORMAT, o->kind, o->views,
                      o->task, o->linear, o->half, o->input, o->schedule == SCHEDULE_LINEAR ? o->epochs : 0, layer,
                      task->key, encoder ? text_encoder_fingerprint(encoder) : "", o->tree, o->batch, o->probes,
                      o->proj, o->rep, (double)o->lr, train_weight_decay(o), o->compress, o->seed);
  uint64_t h = hash_name_bytes(HASH_NAME_BEGIN, text, strlen(text));
  for (guint i = 0; i < task->models->len; i++) {
    uint64_t stamp = model_stamp_hash(collection, task->models->pdata[i]);
    h = hash_name_bytes(hash_name_bytes(h, &stamp, sizeof stamp), &task->split[i], sizeof task->split[i]);
    const void *labels = task->has ? (const void *)(task->has + i * task->seen) : &task->target[i];
    h = hash_name_bytes(h, labels, task->has ? task->seen : sizeof task->target[i]);
  }
  for (guint i = 0; i < task->labels->len; i++)
    h = hash_name_bytes(h, task->labels->pdata[i], strlen(task->labels->pdata[i]) + 1);
  return h;
}

/* Where the state between epochs is kept: beside the experts, under the expert's name. */
static void place_state(TrainRun *r, const TextEncoder *encoder, const Collection *collection, const char *layer) {
  const char *state = collection_state(collection);
  r->key = run_key(r->task, r->options, encoder, collection, layer);
  if (r->init) r->key = hash_name_bytes(r->key, r->init->probex->block, r->init->probex->n * sizeof(float));
  if (!state || collection_is_read_only(collection)) return;
  g_autofree char *folder = g_build_filename(state, "training", NULL);
  g_autofree char *name = expert_name(layer, r->options->task, r->views);
  g_autofree char *file = g_strconcat(name, ".state", NULL);
  if (dir_make(folder, NULL)) r->resume = g_build_filename(folder, file, NULL);
}

/* Stores a trained expert, with what it says of its own certainty. */
static bool store(Collection *collection, const GPtrArray *models, const TrainOptions *o, Expert *x,
                  const Progress *progress, GError **error) {
  return (x->name || place(collection, o, x, error)) && calibrate(collection, models, x, progress, error) &&
         (!x->path || expert_save(x, x->path, error));
}

TextEncoder *train_open_encoder(const TrainOptions *o, GError **error) {
  g_autoptr(TextEncoder) e = text_encoder_open(o->encoder, error);
  if (!e || !text_encoder_set_prompts(e, o->prompts, error)) return NULL;
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
                        .progress = progress};
  return task_new(models, &wanted, error);
}

/* What of the task an expert keeps, and what is told of it. */
static void take_task(TrainRun *r, Expert *x) {
  Task *t = r->task;
  TrainResult *result = r->result;
  if (!x->split) x->split = task_record(t);
  Score *scores[] = {&x->val, &x->test, &x->test_holdout};
  static const TaskSplit sides[] = {SPLIT_VAL, SPLIT_TEST, SPLIT_HOLDOUT};
  for (int k = 0; k < 3; k++)
    if (x->task == EXPERT_ALIGN) scores[k]->control = task_control(t, sides[k]);
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
  g_autofree char *folder = expert_folder(collection),
                  *name = expert_name(o->layer, o->task, o->kind == TRAIN_MULTIVIEW);
  if (!task || !folder) return NULL;
  g_autofree char *found = NULL;
  uint64_t run = finished_key(run_key(task, o, encoder, collection, o->layer), o);
  g_autofree char *path = free_path(folder, name, run, &found);
  return g_file_test(path, G_FILE_TEST_EXISTS) ? expert_load(path, NULL) : NULL;
}

/* What must be known to encode texts again. */
static void name_encoder(Expert *x, const TextEncoder *encoder) {
  x->encoder = g_strdup(text_encoder_name(encoder));
  x->prompts = g_strdup(text_encoder_prompts(encoder));
  x->fingerprint = g_strdup(text_encoder_fingerprint(encoder));
}

/* Task, layers and what is done to them before training. *layer gets the layer's name. */
static bool gather(TrainRun *r, Collection *collection, const GPtrArray *models, TextEncoder *encoder, char **layer,
                   GError **error) {
  const TrainOptions *o = r->options;
  r->task = train_task(collection, models, o, encoder, r->progress, error);
  if (!r->task) return false;
  *layer = choose_layer(collection, r->task->models->pdata[0], o->layer, error);
  if (!*layer) return false;
  bool keep = collection_is_read_only(collection); /* then nothing is written, not even that */
  DenseStoreOptions store = {.half = o->half, .memory = keep ? 0 : o->memory, .folder = collection_state(collection)};
  gint64 start = g_get_monotonic_time();
  r->set = layer_set_read(collection, r->task->models, *layer, &store, r->progress, error);
  r->result->reading = (double)(g_get_monotonic_time() - start) / 1e6;
  if (!r->set) return false;
  leave_out_broken(r);
  list_members(r);
  if (r->task->counts[SPLIT_TRAIN] == 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW, "no training model's %s holds numbers one can reckon with",
                *layer);
    return false;
  }
  return prepare_input(r, error) && compress(r, error) && choose_views(r, error);
}

/* The expert is stored: what would have brought it back is not needed any more. */
static bool drop_state(TrainRun *r) {
  train_state_drop(r);
  return true;
}

static bool train(TrainRun *r, Collection *collection, const GPtrArray *models, TextEncoder *encoder, GError **error) {
  g_autofree char *layer = NULL;
  if (!gather(r, collection, models, encoder, &layer, error)) return false;
  if (r->options->init && !(r->init = expert_load(r->options->init, error))) return false;
  place_state(r, encoder, collection, layer);
  if (!train_prepare(r, error) || !train_epochs(r, error) || !measure_baselines(r, error)) return false;
  Expert *x = r->result->expert = finish(r, layer, error);
  if (!x) return false;
  g_clear_pointer(&r->set, layer_set_free); /* what follows reads a few layers at a time */
  if (encoder) name_encoder(x, encoder);
  x->stop_words = g_strdup(r->options->stop_words);
  x->min_count = r->options->min_count;
  take_task(r, x);
  return store(collection, models, r->options, x, r->progress, error) && drop_state(r);
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
  if (r->options->layer && !(layer = choose_layer(collection, any, r->options->layer, error))) return false;
  Expert *x = r->result->expert =
      train_kernel(collection, models, r->task, layer, r->options, r->progress, r->result, error);
  if (!x) return false;
  if (encoder) name_encoder(x, encoder);
  x->stop_words = g_strdup(r->options->stop_words);
  x->min_count = r->options->min_count;
  x->run = finished_key(run_key(r->task, r->options, encoder, collection, x->layer), r->options);
  x->split = task_record(r->task);
  if (!place(collection, r->options, x, error)) return false; /* what measuring computes is kept under its name */
  if (!train_kernel_measure(collection, models, x, r->progress, r->result, error)) return false;
  take_task(r, x);
  x->seconds = (double)(g_get_monotonic_time() - r->started) / 1e6;
  return store(collection, models, r->options, x, r->progress, error);
}

static bool is_by_steps(const TrainOptions *o) { return o->kind == TRAIN_PROBEX || o->kind == TRAIN_MULTIVIEW; }

TrainResult *expert_train(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                          const Progress *progress, GError **error) {
  g_autoptr(TextEncoder) encoder = NULL;
  if (!check_options(options, error) || !open_encoder(options, &encoder, error)) return NULL;
  g_autoptr(TrainResult) result = g_new0(TrainResult, 1);
  result->curve = g_array_new(FALSE, FALSE, sizeof(EpochRow));
  TrainRun r = {.options = options, .progress = progress, .result = result, .started = g_get_monotonic_time()};
  bool ok = (is_by_steps(options) ? train : train_in_closed_form)(&r, collection, models, encoder, error);
  if (ok)
    for (int s = 0; s < 3; s++) result->models[s] = (unsigned)r.task->counts[s];
  run_clear(&r);
  return ok ? g_steal_pointer(&result) : NULL;
}

bool expert_baseline(Collection *collection, const GPtrArray *models, const TrainOptions *options, BaselineKind kind,
                     const Progress *progress, Baseline *out, char **layer, GError **error) {
  g_autoptr(TextEncoder) encoder = NULL;
  if (!open_encoder(options, &encoder, error)) return false;
  TrainResult unused = {0};
  TrainRun r = {.options = options, .progress = progress, .result = &unused};
  bool ok = gather(&r, collection, models, encoder, layer, error) &&
            baseline_measure(r.task, r.set, kind, options->seed, progress, out, error);
  run_clear(&r);
  return ok;
}

void train_result_free(TrainResult *result) {
  if (!result) return;
  expert_free(result->expert);
  g_array_unref(result->curve);
  kernel_report_free(result->kernel);
  g_free(result->right);
  g_free(result->left_out_first);
  g_clear_pointer(&result->left_out_by, g_ptr_array_unref);
  g_clear_pointer(&result->warnings, g_ptr_array_unref);
  g_free(result);
}
