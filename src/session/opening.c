/* SPDX-License-Identifier: Apache-2.0 */
#include "session/opening.h"

/* The steps in their order: what is said when one fails. */
static const char *const troubles[OPENING_STEPS] = {
    [OPENING_LOAD] = "The catalog cannot be read",
    [OPENING_SCAN] = "The collection cannot be scanned",
    [OPENING_GROW] = "The forest cannot be grown",
    [OPENING_EXPERTS] = "The experts cannot be opened",
};

static OpeningStep step_of(const Opening *o, guint64 id) {
  OpeningStep step = OPENING_LOAD;
  while (step < OPENING_EXPERTS && o->jobs[step] != id) step++;
  return step;
}

static void take_snapshot(Opening *o, Snapshot *wood) {
  snapshot_unref(o->wood);
  o->wood = snapshot_ref(wood);
  o->ops->snapshot(o->user, wood);
}

static bool on_step(gpointer user, guint64 id, gpointer result, const GError *error) {
  Opening *o = user;
  OpeningStep step = step_of(o, id);
  o->jobs[step] = 0;
  if (error) o->ops->failed(o->user, troubles[step], error);
  if (step == OPENING_EXPERTS) {
    if (result) o->ops->experts(o->user, result);
    return !result;
  }
  if (result) take_snapshot(o, result);
  opening_start(o, step + 1);
  return false;
}

/* One job leads to the next, but not when somebody waits to leave. */
static bool may_start(const Opening *o, OpeningStep step) {
  if (o->jobs[step] || o->held) return false;
  if (step == OPENING_SCAN) return !o->jobs[OPENING_GROW];
  return step == OPENING_LOAD || o->wood;
}

void opening_start(Opening *o, OpeningStep step) {
  if (!may_start(o, step)) return;
  guint64 *job = &o->jobs[step];
  if (step == OPENING_LOAD) *job = engine_load(o->engine, on_step, o);
  if (step == OPENING_SCAN) *job = engine_scan(o->engine, on_step, o);
  if (step == OPENING_GROW) *job = engine_grow(o->engine, o->wood, on_step, o);
  if (step == OPENING_EXPERTS) *job = engine_open_experts(o->engine, o->wood, on_step, o);
}

void opening_clear(Opening *o) { g_clear_pointer(&o->wood, snapshot_unref); }

bool opening_run(const Engine *engine, OpeningTold told, void *user, Snapshot **wood, OpenExperts **opened,
                 GError **error) {
  *wood = NULL, *opened = NULL;
  told(user, OPENING_SCAN);
  Snapshot *scanned = snapshot_scan(engine, NULL, error);
  if (!scanned) return false;
  told(user, OPENING_GROW);
  *wood = snapshot_grow(engine, scanned, NULL, error);
  snapshot_unref(scanned);
  if (!*wood) return false;
  told(user, OPENING_EXPERTS);
  *opened = open_experts_new(engine, error);
  if (!*opened) g_clear_pointer(wood, snapshot_unref);
  return *opened != NULL;
}
