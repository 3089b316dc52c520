/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/expert_run.h"

#include <string.h>

#include "core/error.h"
#include "encoders/concept_list.h"
#include "experts/train/preset.h"
#include "search/nearest.h"
#include "weights/layers/learnable.h"

void expert_words_clear(ExpertWords *w) {
  char **all[] = {&w->expert, &w->layer, &w->encoder, &w->prompts, &w->labels};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++) g_clear_pointer(all[i], g_free);
}

/* The name of layer N of the first model in which it has the expert's size. The caller frees it. */
static char *layer_at(const Collection *collection, const GPtrArray *models, const Expert *x, const char *number) {
  for (guint i = 0; x->probex && i < models->len; i++) {
    if (!expert_is_for(x, models->pdata[i])) continue;
    g_autoptr(WeightFile) file = collection_open_weights(collection, models->pdata[i], NULL);
    g_autoptr(GArray) layers = file ? learnable_list(file, NULL) : NULL;
    g_autofree char *name = layers ? preset_layer_numbered(file, layers, number) : NULL;
    const LayerInfo *l = name ? layer_find(layers, name) : NULL;
    if (l && l->d_out == x->probex->shape.d_out && l->d_in == x->probex->shape.d_in) return g_steal_pointer(&name);
  }
  return NULL;
}

static bool name_layer(const ExpertWords *w, const Collection *collection, const GPtrArray *models, Expert *x,
                       GError **error) {
  const ProbexShape *s = &x->probex->shape;
  bool number = w->layer && w->layer[0] == '#';
  char *wanted = number ? layer_at(collection, models, x, w->layer) : g_strdup(w->layer);
  if (wanted && x->layer && strcmp(wanted, x->layer) != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "the expert %s was trained on layer %s and says nothing of %s: leave --layer out, or name an expert of "
                "that layer with --expert",
                x->name, x->layer, wanted);
    g_free(wanted);
    return false;
  }
  if (wanted || number) {
    g_free(x->layer);
    x->layer = wanted;
  }
  if (x->layer) return true;
  if (number)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "layer %s of no model is %zu x %zu, as the expert %s takes it: the numbers are those of the authors' "
                "lists, from 0",
                w->layer, s->d_out, s->d_in, x->name);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                "the checkpoint %s does not say which layer it reads: name it with --layer", x->name);
  return false;
}

/* Names the classes, or what is chosen among, of an expert whose file names none. */
static bool name_labels(const ExpertWords *w, Expert *x, GError **error) {
  if (!w->labels || x->labels->len) return true;
  GError *problem = NULL;
  g_auto(GStrv) labels = concept_list_open(w->labels, &problem);
  if (problem) return g_propagate_error(error, problem), false;
  guint n = g_strv_length(labels);
  if (x->task == EXPERT_CLASSIFY && n != x->probex->shape.n_classes) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--labels names %u classes, and expert %s has %zu", n, x->name,
                x->probex->shape.n_classes);
    return false;
  }
  for (guint i = 0; i < n; i++) g_ptr_array_add(x->labels, safe_text(labels[i], -1));
  return true;
}

/* The layers that experts read, each once: "a, b". The caller frees it. */
static char *layers_of(const GPtrArray *experts) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  GString *all = g_string_new(NULL);
  for (guint i = 0; i < experts->len; i++) {
    const Expert *x = experts->pdata[i];
    if (!x->layer || !g_hash_table_add(seen, x->layer)) continue;
    g_string_append_printf(all, "%s%s", all->len ? ", " : "", x->layer);
  }
  return g_string_free(all, FALSE);
}

static bool reads_layer(const Collection *collection, const GPtrArray *models, const Expert *x, const char *layer) {
  g_autofree char *name = layer[0] == '#' ? layer_at(collection, models, x, layer) : g_strdup(layer);
  return x->layer && g_strcmp0(name, x->layer) == 0;
}

/* Keeps the experts of the layer that is named. Nobody is to take another one's answer for what it asked. */
static bool keep_layer(const ExpertWords *w, const Collection *collection, const GPtrArray *models, GPtrArray *experts,
                       GError **error) {
  if (!w->layer || !experts->len) return true;
  g_autofree char *layers = layers_of(experts);
  for (guint i = experts->len; i-- > 0;)
    if (!reads_layer(collection, models, experts->pdata[i], w->layer)) g_ptr_array_remove_index(experts, i);
  if (experts->len) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "no expert of this collection was trained on layer %s, but on %s: leave --layer out, or train one",
              w->layer, layers);
  return false;
}

/* All that may be meant when none is named, best first. */
static GPtrArray *unnamed(const ExpertWords *w, const Collection *collection, const GPtrArray *models,
                          GPtrArray *warnings, GError **error) {
  g_autoptr(GPtrArray) experts = expert_list(collection, warnings, error);
  return experts && keep_layer(w, collection, models, experts, error) ? g_steal_pointer(&experts) : NULL;
}

/* The one that is named, else the best, of the layer if one is named. */
static Expert *find_one(const ExpertWords *w, const Collection *collection, const GPtrArray *models, GError **error) {
  if (w->expert || !w->layer) return expert_find(collection, w->expert, error);
  g_autoptr(GPtrArray) experts = unnamed(w, collection, models, NULL, error);
  if (!experts) return NULL;
  return experts->len ? g_ptr_array_steal_index(experts, 0) : expert_find(collection, NULL, error);
}

Expert *expert_words_find(const ExpertWords *w, const Collection *collection, const GPtrArray *models, GError **error) {
  g_autoptr(Expert) x = find_one(w, collection, models, error);
  if (!x) return NULL;
  expert_set_encoder(x, w->encoder, w->prompts);
  if (!name_layer(w, collection, models, x, error) || !name_labels(w, x, error)) return NULL;
  return g_steal_pointer(&x);
}

GPtrArray *expert_words_list(const ExpertWords *w, const Collection *collection, const GPtrArray *models,
                             GPtrArray *warnings, GError **error) {
  if (!w->expert) return unnamed(w, collection, models, warnings, error);
  Expert *x = expert_words_find(w, collection, models, error);
  if (!x) return NULL;
  GPtrArray *one = g_ptr_array_new_with_free_func((GDestroyNotify)expert_free);
  g_ptr_array_add(one, x);
  return one;
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

static bool open_voice(ExpertRun *r, const ExpertWords *w, const Progress *progress, GError **error) {
  g_autoptr(GPtrArray) experts = expert_words_list(w, r->collection, r->models, NULL, error);
  if (!experts) return false;
  if (!experts->len) return expert_find(r->collection, NULL, error) != NULL; /* says that there is none */
  r->voices = voice_set_new(r->collection, r->models, experts);
  const Voice *v = open_first(r->voices, progress, error);
  if (!v) return false;
  r->expert = v->expert, r->encoder = v->encoder, r->rep = v->rep, r->warnings = v->warnings;
  return true;
}

int expert_run_open(ExpertRun *r, const char *root, const ExpertWords *words, const Globals *globals) {
  *r = (ExpertRun){0};
  r->collection = command_open(root, globals, &r->models);
  if (!r->collection) return STATUS_COULD_NOT;
  GError *error = NULL;
  CommandProgress p;
  bool ok = open_voice(r, words, command_progress_begin(&p, "Reading", globals), &error);
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
