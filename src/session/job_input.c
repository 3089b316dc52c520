/* SPDX-License-Identifier: Apache-2.0 */
#include "session/job_input.h"

JobInput *job_input_new(const Engine *engine) {
  JobInput *task = g_new0(JobInput, 1);
  task->engine = *engine;
  return task;
}

static void job_input_free(gpointer data) {
  JobInput *task = data;
  snapshot_unref(task->wood);
  open_experts_unref(task->opened);
  g_clear_pointer(&task->p, model_unref);
  g_clear_pointer(&task->x, model_unref);
  sweep_board_unref(task->board);
  map_board_unref(task->map);
  g_strfreev(task->labels);
  g_free(task->text);
  g_free(task->layer);
  g_free(task->label_key);
  g_free(task->encoder);
  g_free(task->prompts);
  g_free(task->contents);
  g_clear_pointer(&task->nodes, g_ptr_array_unref);
  g_free(task);
}

void job_input_take_options(JobInput *task, const TrainOptions *options) {
  task->train = *options;
  task->train.layer = task->layer = g_strdup(options->layer);
  task->train.label_key = task->label_key = g_strdup(options->label_key);
  task->train.encoder = task->encoder = g_strdup(options->encoder);
  task->train.prompts = task->prompts = g_strdup(options->prompts);
}

guint64 job_input_submit(JobInput *task, const char *title, unsigned flags, JobRun run, GDestroyNotify free_result,
                         JobDone done, gpointer user) {
  JobSpec spec = {.title = title,
                  .urgent = flags & JOB_URGENT,
                  .quiet = flags & JOB_QUIET,
                  .lasting = flags & JOB_LASTING,
                  .run = run,
                  .input = task,
                  .free_input = job_input_free,
                  .free_result = free_result,
                  .done = done,
                  .user = user};
  return worker_submit(task->engine.worker, &spec);
}
