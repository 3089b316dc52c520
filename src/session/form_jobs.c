/* SPDX-License-Identifier: Apache-2.0 */
#include "session/form_jobs.h"

#include "session/job_input.h"

void engine_free_label_counts(gpointer counts) {
  if (counts) g_ptr_array_unref(counts);
}

static gpointer run_label_counts(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return label_counts(t->wood->models, progress, error);
}

guint64 engine_label_counts(const Engine *engine, Snapshot *wood, JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  return job_input_submit(task, "Counting labels", JOB_URGENT | JOB_QUIET, run_label_counts, engine_free_label_counts,
                          done, user);
}

static gpointer run_train_counts(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  g_autofree TrainCounts *counts = g_new0(TrainCounts, 1);
  bool ok = t->engine.ops->counts(t->engine.collection, t->wood->models, &t->train, progress, counts, error);
  return ok ? g_steal_pointer(&counts) : NULL;
}

guint64 engine_train_counts(const Engine *engine, Snapshot *wood, const TrainOptions *options, JobDone done,
                            gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  job_input_take_options(task, options);
  return job_input_submit(task, "Counting models", JOB_URGENT | JOB_QUIET, run_train_counts, g_free, done, user);
}
