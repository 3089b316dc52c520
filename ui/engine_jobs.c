/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/engine_jobs.h"

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
};

/* What a job takes along. */
typedef struct {
  Engine engine;
  Wood *wood;
  Oracle *oracle;
  char *text;
  unsigned limit;
  TrainOptions train;
  char *layer, *label_key, *encoder;
} Errand;

static Errand *errand_new(const Engine *engine) {
  Errand *task = g_new0(Errand, 1);
  task->engine = *engine;
  return task;
}

static void errand_free(gpointer data) {
  Errand *task = data;
  wood_unref(task->wood);
  oracle_unref(task->oracle);
  g_free(task->text);
  g_free(task->layer);
  g_free(task->label_key);
  g_free(task->encoder);
  g_free(task);
}

Wood *wood_ref(Wood *wood) {
  atomic_fetch_add(&wood->refs, 1);
  return wood;
}

void wood_unref(Wood *wood) {
  if (!wood || atomic_fetch_sub(&wood->refs, 1) != 1) return;
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

static guint64 submit(Errand *task, const char *title, JobRun run, GDestroyNotify free_result,
                      bool quiet, bool urgent, JobDone done, gpointer user) {
  JobSpec spec = {.title = title, .urgent = urgent, .quiet = quiet, .run = run, .input = task,
                  .free_input = errand_free, .free_result = free_result, .done = done,
                  .user = user};
  return worker_submit(task->engine.worker, &spec);
}

static Wood *wood_new(const EngineOps *ops) {
  Wood *wood = g_new0(Wood, 1);
  wood->ops = ops;
  atomic_init(&wood->refs, 1);
  return wood;
}

/* Fills in models, labels and sizes from the catalog. */
static bool wood_read(Wood *wood, const Engine *engine, GError **error) {
  wood->models = engine->ops->models(engine->collection, error);
  if (!wood->models) return false;
  wood->skipped = engine->ops->skipped(engine->collection, error);
  if (!wood->skipped) return false;
  wood->label_key = models_label_key(wood->models);
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
  if (wood->forest) return wood;
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

static gpointer run_grow(gpointer input, const Progress *progress, GError **error) {
  const Errand *task = input;
  const Engine *engine = &task->engine;
  ForestOptions options = {.declared_only = false};
  Forest *forest =
      engine->ops->forest(engine->collection, task->wood->models, &options, progress, error);
  if (!forest) return NULL;
  Wood *wood = wood_new(engine->ops);
  /* Read again: the catalog knows now which tree each model is in. */
  wood->models = engine->ops->models(engine->collection, NULL);
  if (!wood->models) wood->models = g_ptr_array_ref(task->wood->models);
  wood->skipped = g_ptr_array_ref(task->wood->skipped);
  wood->label_key = task->wood->label_key;
  wood->bytes = task->wood->bytes;
  wood->scanned = task->wood->scanned;
  wood->forest = forest;
  wood->grown = true;
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
  return submit(errand_new(engine), "Reading the catalog", run_load, free_wood, true, false, done,
                user);
}

guint64 engine_scan(const Engine *engine, JobDone done, gpointer user) {
  return submit(errand_new(engine), "Looking for models", run_scan, free_wood, false, false, done,
                user);
}

guint64 engine_grow(const Engine *engine, Wood *wood, JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  return submit(task, "Growing the forest", run_grow, free_wood, false, false, done, user);
}

guint64 engine_open_experts(const Engine *engine, Wood *wood, JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  return submit(task, "Opening the experts", run_open_experts, free_oracle, false, false, done,
                user);
}

guint64 engine_train(const Engine *engine, Wood *wood, const TrainOptions *options, JobDone done,
                     gpointer user) {
  Errand *task = errand_new(engine);
  task->wood = wood_ref(wood);
  task->train = *options;
  task->train.layer = task->layer = g_strdup(options->layer);
  task->train.label_key = task->label_key = g_strdup(options->label_key);
  task->train.encoder = task->encoder = g_strdup(options->encoder);
  g_autofree char *title =
      g_strdup_printf("Training on %s", options->layer ? options->layer : "the widest layer");
  return submit(task, title, run_train, free_train_result, false, false, done, user);
}

guint64 engine_query(const Engine *engine, Oracle *oracle, const char *text, unsigned limit,
                     JobDone done, gpointer user) {
  Errand *task = errand_new(engine);
  task->oracle = oracle_ref(oracle);
  task->text = g_strdup(text);
  task->limit = limit;
  return submit(task, "Answering", run_query, free_reply, true, true, done, user);
}
