/* SPDX-License-Identifier: Apache-2.0 */
#include "session/keeping_jobs.h"

#include "session/job_input.h"

void duplicates_free(gpointer data) {
  Duplicates *d = data;
  if (!d) return;
  if (d->groups) g_ptr_array_unref(d->groups);
  snapshot_unref(d->wood);
  g_free(d);
}

void conflicts_free(gpointer data) {
  Conflicts *c = data;
  if (!c) return;
  g_ptr_array_unref(c->list);
  snapshot_unref(c->wood);
  g_free(c);
}

void engine_free_space(gpointer report) { space_report_free(report); }

Duplicates *duplicates_find(const Engine *engine, Snapshot *wood, KeepRule rule, GError **error) {
  GPtrArray *groups = engine->ops->duplicates(engine->collection, wood->forest, rule, NULL, error);
  if (!groups) return NULL;
  g_autoptr(GPtrArray) paths = keep_paths_that_go(groups);
  Duplicates *d = g_new(Duplicates, 1);
  *d = (Duplicates){snapshot_ref(wood), rule, groups, engine->ops->freed(engine->ops->root(engine->collection), paths)};
  return d;
}

static gpointer run_duplicates(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return progress_check(progress, error) ? duplicates_find(&t->engine, t->wood, (KeepRule)t->limit, error) : NULL;
}

/* About the whole wood. */
static JobInput *about(const Engine *engine, Snapshot *wood) {
  JobInput *task = job_input_new(engine);
  task->wood = snapshot_ref(wood);
  return task;
}

guint64 engine_duplicates(const Engine *engine, Snapshot *wood, KeepRule rule, JobDone done, gpointer user) {
  JobInput *task = about(engine, wood);
  task->limit = rule;
  return job_input_submit(task, "Looking at copies", JOB_URGENT, run_duplicates, duplicates_free, done, user);
}

SpaceReport *space_measure(const Engine *engine, Snapshot *wood, GError **error) {
  const char *root = engine->ops->root(engine->collection);
  const GPtrArray *places = engine->ops->places ? engine->ops->places(engine->collection) : NULL;
  g_autoptr(DiskSurvey) survey = engine->ops->survey(root, places, wood->models, error);
  return survey ? space_report_new(root, wood->forest, survey) : NULL;
}

static gpointer run_space(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return progress_check(progress, error) ? space_measure(&t->engine, t->wood, error) : NULL;
}

guint64 engine_space(const Engine *engine, Snapshot *wood, JobDone done, gpointer user) {
  return job_input_submit(about(engine, wood), "Measuring the disk", JOB_URGENT, run_space, engine_free_space, done,
                          user);
}

Conflicts *conflicts_find(Snapshot *wood) {
  Conflicts *c = g_new(Conflicts, 1);
  *c = (Conflicts){snapshot_ref(wood), conflicts_list(wood->forest)};
  return c;
}

static gpointer run_conflicts(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return progress_check(progress, error) ? conflicts_find(t->wood) : NULL;
}

guint64 engine_conflicts(const Engine *engine, Snapshot *wood, JobDone done, gpointer user) {
  return job_input_submit(about(engine, wood), "Looking for conflicts", JOB_URGENT | JOB_QUIET, run_conflicts,
                          conflicts_free, done, user);
}
