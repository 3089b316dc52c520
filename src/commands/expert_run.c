/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/expert_run.h"

#include "core/error.h"
#include "search/nearest.h"

/* The experts to choose from: the one that is named, or all, best first. NULL with an error. */
static GPtrArray *candidates(const Collection *collection, const char *name, const char *layer, GError **error) {
  if (!name) return expert_list(collection, NULL, error);
  Expert *x = expert_find(collection, name, error);
  if (!x) return NULL;
  GPtrArray *one = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  g_ptr_array_add(one, x);
  if (layer) {
    g_free(x->layer);
    x->layer = g_strdup(layer);
  }
  if (x->layer) return one;
  g_ptr_array_unref(one);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "the checkpoint %s does not say which layer it reads: name it with --layer", name);
  return NULL;
}

/* The first that can be opened; when there is none, the first one's trouble. */
static const Voice *open_first(VoiceSet *voices, const Progress *progress, GError **error) {
  const GPtrArray *experts = voice_set_experts(voices);
  g_autoptr(GError) first = NULL;
  for (guint i = 0; i < experts->len; i++) {
    g_autoptr(GError) problem = NULL;
    const Voice *v = voice_set_open(voices, experts->pdata[i], progress, &problem);
    if (v) return v;
    if (!first) first = g_steal_pointer(&problem);
    if (!progress_check(progress, NULL)) break;
  }
  if (first) g_propagate_error(error, g_steal_pointer(&first));
  return NULL;
}

static bool open_voice(ExpertRun *r, const char *expert, const char *layer, const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) experts = candidates(r->collection, expert, layer, error);
  if (!experts) return false;
  if (!experts->len) return expert_find(r->collection, NULL, error) != NULL; /* says that there is none */
  r->voices = voice_set_new(r->collection, r->models, experts);
  const Voice *v = open_first(r->voices, progress, error);
  if (!v) return false;
  r->expert = v->expert, r->encoder = v->encoder, r->rep = v->rep, r->warnings = v->warnings;
  return true;
}

int expert_run_open(ExpertRun *r, const char *root, const char *expert, const char *layer, const Globals *globals) {
  *r = (ExpertRun){0};
  r->collection = command_open(root, globals, &r->models);
  if (!r->collection) return STATUS_COULD_NOT;
  GError *error = NULL;
  CommandProgress p;
  bool ok = open_voice(r, expert, layer, command_progress_begin(&p, "Reading", globals), &error);
  command_progress_end(&p);
  return ok ? STATUS_DONE : command_fail(error);
}

void expert_run_clear(ExpertRun *r) {
  voice_set_unref(r->voices);
  g_clear_pointer(&r->models, g_ptr_array_unref);
  collection_free(r->collection);
}

gssize expert_run_find(const ExpertRun *r, const char *what, int *status) {
  GError *error = NULL;
  g_autoptr(Model) model = collection_find(r->models, what, &error);
  gssize row = model ? nearest_row(r->rep, model) : -1;
  if (model && row < 0)
    g_set_error(&error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "expert %s does not speak of %s: it has another architecture", r->expert->name, model->shown);
  if (error) *status = command_fail(error);
  return row;
}
