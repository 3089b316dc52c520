/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include "collection/card_body.h"
#include "collection/hand/by_hand.h"
#include "session/job_input.h"
#include "search/filter.h"

const EngineOps engine_ops = {
    .root = collection_root,
    .scan = collection_scan,
    .models = by_hand_models_quietly,
    .skipped = collection_skipped,
    .forest = forest_build,
    .forest_free = forest_free,
    .experts = expert_list,
    .index = query_index_open,
    .index_free = query_index_free,
    .query = query_run,
    .answer_free = query_answer_free,
    .train = expert_train,
    .sweep = sweep_run,
    .diff = model_diff_new,
    .layers = model_layers_new,
    .figures = model_layer_figures,
    .card = card_body_read,
    .opinions = opinions_new,
    .neighbours = neighbours_new,
    .chart = chart_new,
    .sayings = sayings_new,
    .put = collection_put,
    .get = collection_get,
};

Snapshot *snapshot_ref(Snapshot *wood) {
  atomic_fetch_add(&wood->refs, 1);
  return wood;
}

void snapshot_unref(Snapshot *wood) {
  if (!wood || atomic_fetch_sub(&wood->refs, 1) != 1) return;
  g_strfreev(wood->haystacks);
  if (wood->forest) wood->ops->forest_free(wood->forest);
  g_clear_pointer(&wood->models, g_ptr_array_unref);
  g_clear_pointer(&wood->skipped, g_ptr_array_unref);
  g_free(wood);
}

OpenExperts *open_experts_ref(OpenExperts *oracle) {
  atomic_fetch_add(&oracle->refs, 1);
  return oracle;
}

void open_experts_unref(OpenExperts *oracle) {
  if (!oracle || atomic_fetch_sub(&oracle->refs, 1) != 1) return;
  if (oracle->index) oracle->ops->index_free(oracle->index);
  g_clear_pointer(&oracle->experts, g_ptr_array_unref);
  g_clear_pointer(&oracle->warnings, g_ptr_array_unref);
  g_free(oracle->problem);
  g_free(oracle);
}

static void bar_clear(void *data) { g_free(((SweepBar *)data)->layer); }

SweepBoard *sweep_board_new(void) {
  SweepBoard *board = g_new0(SweepBoard, 1);
  pthread_mutex_init(&board->lock, NULL);
  board->bars = g_array_new(FALSE, TRUE, sizeof(SweepBar));
  g_array_set_clear_func(board->bars, bar_clear);
  atomic_init(&board->refs, 1);
  return board;
}

SweepBoard *sweep_board_ref(SweepBoard *board) {
  atomic_fetch_add(&board->refs, 1);
  return board;
}

void sweep_board_unref(SweepBoard *board) {
  if (!board || atomic_fetch_sub(&board->refs, 1) != 1) return;
  pthread_mutex_destroy(&board->lock);
  g_array_unref(board->bars);
  g_free(board);
}

void reply_free(Reply *reply) {
  if (!reply) return;
  if (reply->answer) reply->oracle->ops->answer_free(reply->answer);
  open_experts_unref(reply->oracle);
  g_free(reply->text);
  g_free(reply);
}

static void free_wood(gpointer wood) { snapshot_unref(wood); }
static void free_oracle(gpointer oracle) { open_experts_unref(oracle); }
static void free_reply(gpointer reply) { reply_free(reply); }
static void free_train_result(gpointer result) { train_result_free(result); }

static Snapshot *snapshot_new(const EngineOps *ops) {
  Snapshot *wood = g_new0(Snapshot, 1);
  wood->ops = ops;
  atomic_init(&wood->refs, 1);
  return wood;
}

void snapshot_fold(Snapshot *wood) {
  wood->haystacks = g_new(char *, wood->forest->nodes->len + 1);
  for (guint i = 0; i < wood->forest->nodes->len; i++)
    wood->haystacks[i] = node_haystack(forest_node(wood->forest, i), wood->label_key);
  wood->haystacks[wood->forest->nodes->len] = NULL;
}

static void note_concepts(Snapshot *wood) {
  for (guint i = 0; i < wood->models->len && !wood->concepts; i++) {
    g_autofree char *concept = model_concept_text(wood->models->pdata[i], wood->label_key);
    wood->concepts = concept != NULL;
  }
}

/* Fills in models, labels and sizes from the catalog. */
static bool snapshot_read(Snapshot *wood, const Engine *engine, GError **error) {
  wood->models = engine->ops->models(engine->collection, error);
  if (!wood->models) return false;
  wood->skipped = engine->ops->skipped(engine->collection, error);
  if (!wood->skipped) return false;
  wood->label_key = models_label_key(wood->models);
  note_concepts(wood);
  for (guint i = 0; i < wood->models->len; i++) wood->bytes += ((const Model *)wood->models->pdata[i])->bytes;
  return true;
}

static Snapshot *snapshot_from_catalog(const Engine *engine, const Progress *progress, GError **error) {
  Snapshot *wood = snapshot_new(engine->ops);
  ForestOptions cards = {.declared_only = true};
  if (snapshot_read(wood, engine, error))
    wood->forest = engine->ops->forest(engine->collection, wood->models, &cards, progress, error);
  if (wood->forest) {
    snapshot_fold(wood);
    return wood;
  }
  snapshot_unref(wood);
  return NULL;
}

static gpointer run_load(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  return snapshot_from_catalog(&task->engine, progress, error);
}

static gpointer run_scan(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  ScanSummary summary;
  if (!task->engine.ops->scan(task->engine.collection, progress, &summary, error)) return NULL;
  Snapshot *wood = snapshot_from_catalog(&task->engine, progress, error);
  if (wood) wood->scanned = true;
  return wood;
}

/* Models are read before their forest is grown, so that they do not know their trees yet. */
static void note_trees(Snapshot *wood) {
  for (guint i = 0; i < wood->models->len; i++)
    ((Model *)wood->models->pdata[i])->tree = forest_node(wood->forest, i)->tree;
}

/* Read again, for a cancelled scan leaves more in the catalog than it told of. */
static gpointer run_grow(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  const Engine *engine = &task->engine;
  ForestOptions options = {.declared_only = false};
  Snapshot *wood = snapshot_new(engine->ops);
  if (snapshot_read(wood, engine, error))
    wood->forest = engine->ops->forest(engine->collection, wood->models, &options, progress, error);
  if (!wood->forest) {
    snapshot_unref(wood);
    return NULL;
  }
  note_trees(wood);
  wood->scanned = task->wood->scanned;
  wood->grown = true;
  snapshot_fold(wood);
  return wood;
}

static gpointer run_open_experts(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  const Engine *engine = &task->engine;
  OpenExperts *oracle = g_new0(OpenExperts, 1);
  oracle->ops = engine->ops;
  atomic_init(&oracle->refs, 1);
  oracle->warnings = g_ptr_array_new_with_free_func(g_free);
  oracle->experts = engine->ops->experts(engine->collection, oracle->warnings, error);
  if (!oracle->experts || !progress_check(progress, error)) {
    open_experts_unref(oracle);
    return NULL;
  }
  g_autoptr(GError) problem = NULL;
  oracle->index = engine->ops->index(engine->collection, task->wood->models, progress, &problem);
  if (problem) oracle->problem = g_strdup(problem->message);
  return oracle;
}

static gpointer run_train(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  return task->engine.ops->train(task->engine.collection, task->wood->models, &task->train, progress, error);
}

static gpointer run_query(gpointer input, const Progress *progress, GError **error) {
  JobInput *task = input;
  if (!progress_check(progress, error)) return NULL;
  QueryAnswer *answer = task->engine.ops->query(task->oracle->index, task->text, task->limit, error);
  if (!answer) return NULL;
  Reply *reply = g_new0(Reply, 1);
  reply->text = g_steal_pointer(&task->text);
  reply->answer = answer;
  reply->oracle = open_experts_ref(task->oracle);
  return reply;
}

guint64 engine_load(const Engine *engine, JobDone done, gpointer user) {
  return job_input_submit(job_input_new(engine), "Reading the catalog", ERRAND_QUIET, run_load, free_wood, done, user);
}

guint64 engine_scan(const Engine *engine, JobDone done, gpointer user) {
  return job_input_submit(job_input_new(engine), "Looking for models", 0, run_scan, free_wood, done, user);
}

guint64 engine_grow(const Engine *engine, Snapshot *wood, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  return job_input_submit(task, "Growing the forest", 0, run_grow, free_wood, done, user);
}

guint64 engine_open_experts(const Engine *engine, Snapshot *wood, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  return job_input_submit(task, "Opening the experts", 0, run_open_experts, free_oracle, done, user);
}

static gpointer run_nothing(gpointer input, const Progress *progress, GError **error) {
  (void)input, (void)progress, (void)error;
  return NULL;
}

void engine_drop_wood(const Engine *engine, Snapshot *wood) {
  if (!wood) return;
  JobInput *task = job_input_new(engine);
  task->wood = wood;
  job_input_submit(task, "Letting go of a forest", ERRAND_QUIET | ERRAND_URGENT, run_nothing, NULL, NULL, NULL);
}

static void take_options(JobInput *task, const TrainOptions *options) {
  task->train = *options;
  task->train.layer = task->layer = g_strdup(options->layer);
  task->train.label_key = task->label_key = g_strdup(options->label_key);
  task->train.encoder = task->encoder = g_strdup(options->encoder);
}

guint64 engine_train(const Engine *engine, Snapshot *wood, const TrainOptions *options, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  take_options(task, options);
  g_autofree char *title = g_strdup_printf("Training on %s", options->layer ? options->layer : "the widest layer");
  return job_input_submit(task, title, 0, run_train, free_train_result, done, user);
}

/* The sweep's own progress counts layers, the training inside it batches: a title tells neither. */
static void add_bar(void *user, const Expert *expert, bool again, unsigned done, unsigned total) {
  SweepBoard *board = user;
  (void)done;
  SweepBar bar = {g_strdup(expert->layer ? expert->layer : expert->name), score_headline(&expert->val),
                  score_headline(&expert->test_holdout), again};
  pthread_mutex_lock(&board->lock);
  g_array_append_val(board->bars, bar);
  board->total = total;
  pthread_mutex_unlock(&board->lock);
}

static gpointer run_sweep(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  return task->engine.ops->sweep(task->engine.collection, task->wood->models, &task->train, task->text, add_bar,
                                 task->board, warnings, progress, error);
}

static void free_experts(gpointer experts) { g_ptr_array_unref(experts); }

guint64 engine_sweep(const Engine *engine, Snapshot *wood, const TrainOptions *options, const char *pattern,
                     SweepBoard *board, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  task->board = sweep_board_ref(board);
  task->text = pattern && *pattern ? g_strdup(pattern) : NULL;
  take_options(task, options);
  return job_input_submit(task, "Sweeping the layers", 0, run_sweep, free_experts, done, user);
}

guint64 engine_query(const Engine *engine, OpenExperts *oracle, const char *text, unsigned limit, JobDone done,
                     gpointer user) {
  JobInput *task = job_input_new(engine);
  task->oracle = open_experts_ref(oracle);
  task->text = g_strdup(text);
  task->limit = limit;
  return job_input_submit(task, "Answering", ERRAND_QUIET | ERRAND_URGENT, run_query, free_reply, done, user);
}
