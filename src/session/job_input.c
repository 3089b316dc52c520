/* SPDX-License-Identifier: Apache-2.0 */
#include "session/job_input.h"

Errand *errand_new(const Engine *engine) {
  Errand *errand = g_new0(Errand, 1);
  errand->engine = *engine;
  return errand;
}

static void errand_free(gpointer data) {
  Errand *errand = data;
  wood_unref(errand->wood);
  oracle_unref(errand->oracle);
  g_clear_pointer(&errand->p, model_unref);
  g_clear_pointer(&errand->x, model_unref);
  sweep_board_unref(errand->board);
  g_strfreev(errand->labels);
  g_free(errand->text);
  g_free(errand->layer);
  g_free(errand->label_key);
  g_free(errand->encoder);
  g_free(errand);
}

guint64 errand_submit(Errand *errand, const char *title, unsigned flags, JobRun run,
                      GDestroyNotify free_result, JobDone done, gpointer user) {
  JobSpec spec = {.title = title, .urgent = flags & ERRAND_URGENT, .quiet = flags & ERRAND_QUIET,
                  .run = run, .input = errand, .free_input = errand_free,
                  .free_result = free_result, .done = done, .user = user};
  return worker_submit(errand->engine.worker, &spec);
}
