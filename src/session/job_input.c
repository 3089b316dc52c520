/* SPDX-License-Identifier: Apache-2.0 */
#include "session/job_input.h"

JobInput *job_input_new(const Engine *engine) {
  JobInput *errand = g_new0(JobInput, 1);
  errand->engine = *engine;
  return errand;
}

static void job_input_free(gpointer data) {
  JobInput *errand = data;
  snapshot_unref(errand->wood);
  open_experts_unref(errand->oracle);
  g_clear_pointer(&errand->p, model_unref);
  g_clear_pointer(&errand->x, model_unref);
  sweep_board_unref(errand->board);
  map_board_unref(errand->map);
  g_strfreev(errand->labels);
  g_free(errand->text);
  g_free(errand->layer);
  g_free(errand->label_key);
  g_free(errand->encoder);
  g_free(errand->prompts);
  g_free(errand->contents);
  g_clear_pointer(&errand->nodes, g_ptr_array_unref);
  g_free(errand);
}

void job_input_take_options(JobInput *task, const TrainOptions *options) {
  task->train = *options;
  task->train.layer = task->layer = g_strdup(options->layer);
  task->train.label_key = task->label_key = g_strdup(options->label_key);
  task->train.encoder = task->encoder = g_strdup(options->encoder);
  task->train.prompts = task->prompts = g_strdup(options->prompts);
}

guint64 job_input_submit(JobInput *errand, const char *title, unsigned flags, JobRun run, GDestroyNotify free_result,
                         JobDone done, gpointer user) {
  JobSpec spec = {.title = title,
                  .urgent = flags & ERRAND_URGENT,
                  .quiet = flags & ERRAND_QUIET,
                  .lasting = flags & ERRAND_LASTING,
                  .run = run,
                  .input = errand,
                  .free_input = job_input_free,
                  .free_result = free_result,
                  .done = done,
                  .user = user};
  return worker_submit(errand->engine.worker, &spec);
}
