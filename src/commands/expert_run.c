/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/expert_run.h"

#include "core/error.h"
#include "search/nearest.h"

/* The encoder that the run's expert was trained with; classes need none. */
static bool open_encoder(ExpertRun *r, GError **error) {
  if (r->expert->task != EXPERT_ALIGN) return true;
  r->encoder = expert_open_encoder(r->expert, error);
  return r->encoder && expert_takes_encoder(r->expert, r->encoder, error);
}

/* The best expert whose encoder is as it was; when there is none, the best one's trouble. */
static bool open_best(ExpertRun *r, GError **error) {
  g_autoptr(GPtrArray) all = expert_list(r->collection, NULL, NULL);
  g_autoptr(GError) first = NULL;
  while (all->len) {
    g_autoptr(GError) problem = NULL;
    r->expert = g_ptr_array_steal_index(all, 0);
    if (open_encoder(r, &problem)) return true;
    if (!first) first = g_steal_pointer(&problem);
    g_clear_pointer(&r->encoder, text_encoder_free);
    g_clear_pointer(&r->expert, expert_free);
  }
  if (first) return g_propagate_error(error, g_steal_pointer(&first)), false;
  r->expert = expert_find(r->collection, NULL, error); /* says that there is none */
  return r->expert != NULL;
}

static bool open_parts(ExpertRun *r, const char *expert, const char *layer, const Progress *progress, GError **error) {
  if (!expert && !open_best(r, error)) return false;
  if (expert && !(r->expert = expert_find(r->collection, expert, error))) return false;
  if (layer) {
    g_free(r->expert->layer);
    r->expert->layer = g_strdup(layer);
  }
  if (!r->expert->layer) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "the checkpoint %s does not say which layer it reads: name it with --layer", expert);
    return false;
  }
  if (!r->encoder && !open_encoder(r, error)) return false;
  r->rep = representations_open(r->collection, r->expert, r->models, r->warnings, progress, error);
  return r->rep != NULL;
}

int expert_run_open(ExpertRun *r, const char *root, const char *expert, const char *layer, const Globals *globals) {
  *r = (ExpertRun){.warnings = g_ptr_array_new_with_free_func(g_free)};
  r->collection = command_open(root, globals, &r->models);
  if (!r->collection) return STATUS_COULD_NOT;
  GError *error = NULL;
  CommandProgress p;
  bool ok = open_parts(r, expert, layer, command_progress_begin(&p, "Reading", globals), &error);
  command_progress_end(&p);
  return ok ? STATUS_DONE : command_fail(error);
}

void expert_run_clear(ExpertRun *r) {
  representations_free(r->rep);
  text_encoder_free(r->encoder);
  expert_free(r->expert);
  g_clear_pointer(&r->models, g_ptr_array_unref);
  collection_free(r->collection);
  g_clear_pointer(&r->warnings, g_ptr_array_unref);
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
