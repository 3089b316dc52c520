/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include "session/job_input.h"

void reply_free(Reply *reply) {
  if (!reply) return;
  if (reply->answer) reply->opened->ops->answer_free(reply->answer);
  open_experts_unref(reply->opened);
  g_free(reply->text);
  g_free(reply);
}

static void free_wood(gpointer wood) { snapshot_unref(wood); }
static void free_opened(gpointer opened) { open_experts_unref(opened); }
static void free_reply(gpointer reply) { reply_free(reply); }
static void free_train_result(gpointer result) { train_result_free(result); }

static gpointer run_load(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  return snapshot_load(&task->engine, progress, error);
}

static gpointer run_scan(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  return snapshot_scan(&task->engine, progress, error);
}

static gpointer run_grow(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  return snapshot_grow(&task->engine, task->wood, progress, error);
}

static gpointer run_open_experts(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  OpenExperts *opened = open_experts_new(&task->engine, error);
  if (!opened || !progress_check(progress, error)) {
    open_experts_unref(opened);
    return NULL;
  }
  g_autoptr(GError) problem = NULL;
  open_experts_index(opened, &task->engine, task->wood, progress, &problem);
  if (problem) opened->problem = g_strdup(problem->message);
  return opened;
}

static gpointer run_train(gpointer input, const Progress *progress, GError **error) {
  const JobInput *task = input;
  return task->engine.ops->train(task->engine.collection, task->wood->models, &task->train, progress, error);
}

static gpointer run_query(gpointer input, const Progress *progress, GError **error) {
  JobInput *task = input;
  if (!progress_check(progress, error)) return NULL;
  QueryAnswer *answer = task->engine.ops->query(task->opened->index, task->text, task->limit, error);
  if (!answer) return NULL;
  Reply *reply = g_new0(Reply, 1);
  reply->text = g_steal_pointer(&task->text);
  reply->answer = answer;
  reply->opened = open_experts_ref(task->opened);
  return reply;
}

guint64 engine_load(const Engine *engine, JobDone done, gpointer user) {
  return job_input_submit(job_input_new(engine), "Reading the catalog", JOB_QUIET, run_load, free_wood, done, user);
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
  return job_input_submit(task, "Opening the experts", 0, run_open_experts, free_opened, done, user);
}

static gpointer run_nothing(gpointer input, const Progress *progress, GError **error) {
  (void)input, (void)progress, (void)error;
  return NULL;
}

void engine_drop_wood(const Engine *engine, Snapshot *wood) {
  if (!wood) return;
  JobInput *task = job_input_new(engine);
  task->wood = wood;
  job_input_submit(task, "Letting go of a forest", JOB_QUIET | JOB_URGENT, run_nothing, NULL, NULL, NULL);
}

guint64 engine_train(const Engine *engine, Snapshot *wood, const TrainOptions *options, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  job_input_take_options(task, options);
  g_autofree char *title = g_strdup_printf("Training on %s", options->layer ? options->layer : "the widest layer");
  return job_input_submit(task, title, 0, run_train, free_train_result, done, user);
}

/* The sweep's own progress counts layers, the training inside it batches: a title tells neither. */
static void add_bar(void *user, const Expert *expert, bool again, unsigned done, unsigned total) {
  SweepBoard *board = user;
  (void)done;
  SweepBar bar = {g_strdup(expert->layer ? expert->layer : expert->name), score_headline(&expert->val),
                  score_headline(&expert->test_holdout), expert->val.chance, again};
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
  job_input_take_options(task, options);
  return job_input_submit(task, "Sweeping the layers", 0, run_sweep, free_experts, done, user);
}

guint64 engine_query(const Engine *engine, OpenExperts *opened, const char *text, unsigned limit, JobDone done,
                     gpointer user) {
  JobInput *task = job_input_new(engine);
  task->opened = open_experts_ref(opened);
  task->text = g_strdup(text);
  task->limit = limit;
  return job_input_submit(task, "Answering", JOB_QUIET | JOB_URGENT, run_query, free_reply, done, user);
}
