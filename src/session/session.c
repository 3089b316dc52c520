/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include "collection/read/card_body.h"
#include "session/job_input.h"
#include "search/filter.h"

const EngineOps engine_ops = {
    .root = collection_root,
    .scan = collection_scan,
    .models = collection_models,
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

Wood *wood_ref(Wood *wood) {
  atomic_fetch_add(&wood->refs, 1);
  return wood;
}

void wood_unref(Wood *wood) {
  if (!wood || atomic_fetch_sub(&wood->refs, 1) != 1) return;
  g_strfreev(wood->haystacks);
  if (wood->forest) wood->ops->forest_free(wood->forest);
  g_clear_pointer(&wood->models, g_ptr_array_unref);
  g_clear_pointer(&wood->skipped, g_ptr_array_unref);
  g_free(wood);
}

Oracle *oracle_ref(Oracle *oracle) {
  atomic_fetch_add(&oracle->refs, 1);
  return oracle;
}

void oracle_unref(Oracle *oracle) {
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
  oracle_unref(reply->oracle);
  g_free(reply->text);
  g_free(reply);
}

static void free_wood(gpointer wood) { wood_unref(wood); }
static void free_oracle(gpointer oracle) { oracle_unref(oracle); }
static void free_reply(gpointer reply) { reply_free(reply); }
static void free_train_result(gpointer result) { train_result_free(result); }

static Wood *wood_new(const EngineOps *ops) {
  Wood *wood = g_new0(Wood, 1);
  wood->ops = ops;
  atomic_init(&wood->refs, 1);
  return wood;
}

void wood_fold(Wood *wood) {
  wood->haystacks = g_new(char *, wood->forest->nodes->len + 1);
  for (guint i = 0; i < wood->forest->nodes->len; i++)
    wood->haystacks[i] = node_haystack(forest_node(wood->forest, i), wood->label_key);
  wood->haystacks[wood->forest->nodes->len] = NULL;
}

static void note_concepts(Wood *wood) {
  for (guint i = 0; i < wood->models->len && !wood->concepts; i++) {
    g_autofree char *concept = model_concept_text(wood->models->pdata[i], wood->label_key);
    wood->concepts = concept != NULL;
  }
}

/* Fills in models, labels and sizes from the catalog. */
static bool wood_read(Wood *wood, const Engine *engine, GError **error) {
  wood->models = engine->ops->models(engine->collection, error);
  if (!wood->models) return false;
  wood->skipped = engine->ops->skipped(engine->collection, error);
  if (!wood->skipped) return false;
  wood->label_key = models_label_key(wood->models);
  note_concepts(wood);
  for (guint i = 0; i < wood->models->len; i++)
    wood->bytes += ((const Model *)wood->models->pdata[i])->bytes;
  return true;
}

static Wood *wood_from_catalog(const Engine *engine, const Progress *progress, GError **error) {
  Wood *wood = wood_new(engine->ops);
  ForestOptions cards = {.declared_only = true};
  if (wood_read(wood, engine, error))
    wood->forest =
        engine->ops->forest(engine->collection, wood->models, &cards, progress, error);
  if (wood->forest) {
    wood_fold(wood);
    return wood;
  }
  wood_unref(wood);
  return NULL;
}

static gpointer run_load(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  return wood_from_catalog(&task->engine, progress, error);
}

static gpointer run_scan(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  ScanSummary summary;
  if (!task->engine.ops->scan(task->engine.collection, progress, &summary, error)) return NULL;
  Wood *wood = wood_from_catalog(&task->engine, progress, error);
  if (wood) wood->scanned = true;
  return wood;
}

/* Models are read before their forest is grown, so that they do not know their trees yet. */
static void note_trees(Wood *wood) {
  for (guint i = 0; i < wood->models->len; i++)
    ((Model *)wood->models->pdata[i])->tree = forest_node(wood->forest, i)->tree;
}

/* Read again, for a cancelled scan leaves more in the catalog than it told of. */
static gpointer run_grow(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  const Engine *engine = &task->engine;
  ForestOptions options = {.declared_only = false};
  Wood *wood = wood_new(engine->ops);
  if (wood_read(wood, engine, error))
    wood->forest = engine->ops->forest(engine->collection, wood->models, &options, progress, error);
  if (!wood->forest) {
    wood_unref(wood);
    return NULL;
  }
  note_trees(wood);
  wood->scanned = task->wood->scanned;
  wood->grown = true;
  wood_fold(wood);
  return wood;
}

static gpointer run_open_experts(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  const Engine *engine = &task->engine;
  Oracle *oracle = g_new0(Oracle, 1);
  oracle->ops = engine->ops;
  atomic_init(&oracle->refs, 1);
  oracle->warnings = g_ptr_array_new_with_free_func(g_free);
  oracle->experts = engine->ops->experts(engine->collection, oracle->warnings, error);
  if (!oracle->experts || !progress_check(progress, error)) {
    oracle_unref(oracle);
    return NULL;
  }
  g_autoptr(GError) problem = NULL;
  oracle->index =
      engine->ops->index(engine->collection, task->wood->models, progress, &problem);
  if (problem) oracle->problem = g_strdup(problem->message);
  return oracle;
}

static gpointer run_train(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  return task->engine.ops->train(task->engine.collection, task->wood->models, &task->train,
                                 progress, error);
}

static gpointer run_query(gpointer input, const Progress *progress, GError **error) {
  Errand *task = input;
  if (!progress_check(progress, error)) return NULL;
  QueryAnswer *answer =
      task->engine.ops->query(task->oracle->index, task->text, task->limit, error);
  if (!answer) return NULL;
  Reply *reply = g_new0(Reply, 1);
  reply->text = g_steal_pointer(&task->text);
  reply->answer = answer;
  reply->oracle = oracle_ref(task->oracle);
  return reply;
}

guint64 engine_load(const Engine *engine, JobDone done, gpointer user) {
  return errand_submit(errand_new(engine), "Reading the catalog", ERRAND_QUIET, run_load, free_wood,
                       done, user);
}

guint64 engine_scan(const Engine *engine, JobDone done, gpointer user) {
  return errand_submit(errand_new(engine), "Looking for models", 0, run_scan, free_wood, done, user);
}

guint64 engine_grow(const Engine *engine, Wood *wood, JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  return errand_submit(task, "Growing the forest", 0, run_grow, free_wood, done, user);
}

guint64 engine_open_experts(const Engine *engine, Wood *wood, JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  return errand_submit(task, "Opening the experts", 0, run_open_experts, free_oracle, done, user);
}

static gpointer run_nothing(gpointer input, const Progress *progress, GError **error) {
  (void)input, (void)progress, (void)error;
  return NULL;
}

void engine_drop_wood(const Engine *engine, Wood *wood) {
  if (!wood) return;
  Errand *task = errand_new(engine);
  task->wood = wood;
  errand_submit(task, "Letting go of a forest", ERRAND_QUIET | ERRAND_URGENT, run_nothing, NULL, NULL, NULL);
}

static void take_options(Errand *task, const TrainOptions *options) {
  task->train = *options;
  task->train.layer = task->layer = g_strdup(options->layer);
  task->train.label_key = task->label_key = g_strdup(options->label_key);
  task->train.encoder = task->encoder = g_strdup(options->encoder);
}

guint64 engine_train(const Engine *engine, Wood *wood, const TrainOptions *options, JobDone done,
                     gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  take_options(task, options);
  g_autofree char *title =
      g_strdup_printf("Training on %s", options->layer ? options->layer : "the widest layer");
  return errand_submit(task, title, 0, run_train, free_train_result, done, user);
}

/* The sweep's own progress counts layers, the training inside it batches: a title tells neither. */
static void add_bar(void *user, const Expert *expert, bool again, unsigned done, unsigned total) {
  SweepBoard *board = user;
  (void)done;
  SweepBar bar = {g_strdup(expert->layer ? expert->layer : expert->name),
                  score_headline(&expert->val), score_headline(&expert->test_holdout), again};
  pthread_mutex_lock(&board->lock);
  g_array_append_val(board->bars, bar);
  board->total = total;
  pthread_mutex_unlock(&board->lock);
}

static gpointer run_sweep(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  return task->engine.ops->sweep(task->engine.collection, task->wood->models, &task->train,
                                 task->text, add_bar, task->board, warnings, progress, error);
}

static void free_experts(gpointer experts) { g_ptr_array_unref(experts); }

guint64 engine_sweep(const Engine *engine, Wood *wood, const TrainOptions *options,
                     const char *pattern, SweepBoard *board, JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  task->board = sweep_board_ref(board);
  task->text = pattern && *pattern ? g_strdup(pattern) : NULL;
  take_options(task, options);
  return errand_submit(task, "Sweeping the layers", 0, run_sweep, free_experts, done, user);
}

guint64 engine_query(const Engine *engine, Oracle *oracle, const char *text, unsigned limit,
                     JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->oracle = oracle_ref(oracle);
  task->text = g_strdup(text);
  task->limit = limit;
  return errand_submit(task, "Answering", ERRAND_QUIET | ERRAND_URGENT, run_query, free_reply, done,
                       user);
}
