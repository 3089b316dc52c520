/* SPDX-License-Identifier: Apache-2.0 */
#include "session/model_jobs.h"

#include "session/job_input.h"

enum { LABELS_SHOWN = 24, NEIGHBOURS = 200 };

void engine_free_diff(gpointer diff) { model_diff_free(diff); }
void engine_free_opinions(gpointer opinions) { g_ptr_array_unref(opinions); }
void engine_free_chart(gpointer chart) { chart_free(chart); }
static void engine_free_sayings(gpointer sayings) { g_hash_table_unref(sayings); }

void engine_free_figures(gpointer data) {
  FigurePair *pair = data;
  layer_figures_free(pair->own);
  layer_figures_free(pair->change);
  g_free(pair);
}

void engine_free_neighbours(gpointer data) {
  Neighbourhood *n = data;
  g_array_unref(n->near);
  g_free(n->expert);
  g_free(n);
}

static JobInput *about(const Engine *engine, Model *p, Model *x) {
  JobInput *task = job_input_new(engine);
  task->p = p ? model_ref(p) : NULL;
  task->x = x ? model_ref(x) : NULL;
  return task;
}

static gpointer run_diff(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  if (!t->p) return t->engine.ops->layers(t->engine.collection, t->x, error);
  return t->engine.ops->diff(t->engine.collection, t->p, t->x, progress, error);
}

guint64 engine_diff(const Engine *engine, Model *p, Model *x, JobDone done, gpointer user) {
  g_autofree char *title = g_strdup_printf("Comparing %s", x->name);
  return job_input_submit(about(engine, p, x), title, JOB_URGENT | (p ? 0 : JOB_QUIET), run_diff, engine_free_diff,
                          done, user);
}

static gpointer run_figures(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  LayerFigures *own, *change;
  if (!progress_check(progress, error)) return NULL;
  if (!t->engine.ops->figures(t->engine.collection, t->p, t->x, t->layer, &own, &change, error)) return NULL;
  FigurePair *pair = g_new(FigurePair, 1);
  *pair = (FigurePair){own, change};
  return pair;
}

guint64 engine_figures(const Engine *engine, Model *p, Model *x, const char *layer, JobDone done, gpointer user) {
  JobInput *task = about(engine, p, x);
  task->layer = g_strdup(layer);
  return job_input_submit(task, "Measuring a layer", JOB_URGENT | JOB_QUIET, run_figures, engine_free_figures, done,
                          user);
}

static gpointer run_card(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  if (!progress_check(progress, error)) return NULL;
  return t->engine.ops->card(t->engine.collection, t->x, error);
}

guint64 engine_card(const Engine *engine, Model *model, JobDone done, gpointer user) {
  return job_input_submit(about(engine, NULL, model), "Reading a card", JOB_URGENT | JOB_QUIET, run_card, g_free, done,
                          user);
}

static JobInput *with_experts(JobInput *task, Snapshot *wood, OpenExperts *opened) {
  task->wood = snapshot_ref(wood);
  task->opened = open_experts_ref(opened);
  return task;
}

static VoiceSet *voices_of(const JobInput *t) { return open_experts_voices(t->opened, &t->engine, t->wood); }

static gpointer run_opinions(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return t->engine.ops->opinions(voices_of(t), t->x, t->labels, LABELS_SHOWN, progress, error);
}

guint64 engine_opinions(const Engine *engine, Snapshot *wood, OpenExperts *opened, Model *model, char *const *labels,
                        JobDone done, gpointer user) {
  JobInput *task = with_experts(about(engine, NULL, model), wood, opened);
  task->labels = labels ? g_strdupv((char **)labels) : NULL;
  return job_input_submit(task, "Asking the experts", JOB_URGENT | JOB_QUIET, run_opinions, engine_free_opinions, done,
                          user);
}

static gpointer run_neighbours(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  SafeText *expert;
  GArray *near = t->engine.ops->neighbours(voices_of(t), t->x, NEIGHBOURS, &expert, progress, error);
  if (!near) return NULL;
  Neighbourhood *n = g_new(Neighbourhood, 1);
  *n = (Neighbourhood){near, expert};
  return n;
}

guint64 engine_neighbours(const Engine *engine, Snapshot *wood, OpenExperts *opened, Model *model, JobDone done,
                          gpointer user) {
  return job_input_submit(with_experts(about(engine, NULL, model), wood, opened), "Looking for neighbours",
                          JOB_URGENT | JOB_QUIET, run_neighbours, engine_free_neighbours, done, user);
}

static gpointer run_chart(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return t->engine.ops->chart(voices_of(t), t->expert, progress, error);
}

static JobInput *for_expert(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert) {
  JobInput *task = with_experts(job_input_new(engine), wood, opened);
  task->expert = opened->experts->pdata[expert];
  return task;
}

guint64 engine_chart(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, JobDone done,
                     gpointer user) {
  return job_input_submit(for_expert(engine, wood, opened, expert), "Drawing the map", JOB_URGENT, run_chart,
                          engine_free_chart, done, user);
}

static void show_map(void *board, const float *xy, unsigned done, unsigned total) {
  map_board_show(board, xy, done, total);
}

static gpointer run_spread(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  double kept;
  if (!t->engine.ops->spread(voices_of(t), t->expert, show_map, t->map, &kept, progress, error)) return NULL;
  pthread_mutex_lock(&t->map->lock);
  t->map->kept = kept;
  pthread_mutex_unlock(&t->map->lock);
  return g_strdup("");
}

guint64 engine_spread(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, MapBoard *board,
                      JobDone done, gpointer user) {
  JobInput *task = for_expert(engine, wood, opened, expert);
  task->map = map_board_ref(board);
  return job_input_submit(task, "Laying out the map", 0, run_spread, g_free, done, user);
}

static gpointer run_sayings(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return t->engine.ops->sayings(voices_of(t), t->expert, progress, error);
}

guint64 engine_sayings(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, JobDone done,
                       gpointer user) {
  JobInput *task = for_expert(engine, wood, opened, expert);
  g_autofree char *title = g_strdup_printf("Asking %s of every model", task->expert->name);
  return job_input_submit(task, title, JOB_URGENT, run_sayings, engine_free_sayings, done, user);
}

void engine_free_evaluation(gpointer evaluation) { evaluation_free(evaluation); }

static gpointer run_evaluate(gpointer input, const Progress *progress, GError **error) {
  const JobInput *t = input;
  return t->engine.ops->evaluate(t->engine.collection, t->wood->models, t->expert, progress, error);
}

guint64 engine_evaluate(const Engine *engine, Snapshot *wood, OpenExperts *opened, guint expert, JobDone done,
                        gpointer user) {
  JobInput *task = for_expert(engine, wood, opened, expert);
  g_autofree char *title = g_strdup_printf("Judging %s", task->expert->name);
  return job_input_submit(task, title, JOB_URGENT, run_evaluate, engine_free_evaluation, done, user);
}
