/* SPDX-License-Identifier: Apache-2.0 */
#include "session/hand_jobs.h"

#include "session/job_input.h"

static gpointer run_set(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  if (!progress_check(progress, error)) return NULL;
  bool ok = t->engine.ops->set_by_hand(t->engine.collection, t->wood->models, t->x, t->label_key, t->text, error);
  return ok ? g_strdup("") : NULL;
}

guint64 engine_set_by_hand(const Engine *engine, Snapshot *wood, Model *model, const char *key, const char *value,
                           JobDone done, gpointer user) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  task->x = model_ref(model);
  task->label_key = g_strdup(key);
  task->text = g_strdup(value);
  return job_input_submit(task, "Keeping what was set by hand", JOB_URGENT | JOB_QUIET | JOB_LASTING, run_set, g_free,
                          done, user);
}

static gpointer run_change(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  if (!progress_check(progress, error)) return NULL;
  bool ok = t->text ? t->engine.ops->rename_expert(t->expert, t->text, error)
                    : t->engine.ops->remove_expert(t->expert, error);
  return ok ? g_strdup("") : NULL;
}

guint64 engine_change_expert(const Engine *engine, OpenExperts *opened, guint expert, const char *name, JobDone done,
                             gpointer user) {
  JobInput *task = job_input_new(engine);
  task->opened = open_experts_ref(opened);
  task->expert = opened->experts->pdata[expert];
  task->text = g_strdup(name);
  return job_input_submit(task, name ? "Renaming an expert" : "Deleting an expert",
                          JOB_URGENT | JOB_QUIET | JOB_LASTING, run_change, g_free, done, user);
}
