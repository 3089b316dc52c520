/* SPDX-License-Identifier: Apache-2.0 */
/* What a query needs, loaded once. */
#include <string.h>

#include "core/error.h"
#include "search/query_private.h"

static void voice_free(void *data) {
  Voice *v = data;
  representations_free(v->rep);
  g_free(v);
}

void query_index_free(QueryIndex *index) {
  if (!index) return;
  said_index_free(index->said);
  g_hash_table_unref(index->answered);
  g_ptr_array_unref(index->voices);
  g_ptr_array_unref(index->experts);
  g_ptr_array_unref(index->cannot);
  g_hash_table_unref(index->encoders);
  g_ptr_array_unref(index->models);
  g_free(index);
}

const GPtrArray *query_index_experts(const QueryIndex *index) { return index->experts; }

const GPtrArray *query_index_models(const QueryIndex *index) { return index->models; }

static TextEncoder *encoder_of(QueryIndex *index, const Expert *x, GError **error) {
  g_autofree char *key = g_strdup_printf("%s\n%s", x->encoder ? x->encoder : "words",
                                         x->prompts ? x->prompts : "");
  TextEncoder *e = g_hash_table_lookup(index->encoders, key);
  if (e) return e;
  e = expert_open_encoder(x, error);
  if (e) g_hash_table_insert(index->encoders, g_steal_pointer(&key), e);
  return e;
}

/* Lets an expert speak for its architecture; trouble becomes a line of `cannot`. False only
 * when cancelled. */
static bool add_voice(QueryIndex *index, const Expert *x, const Collection *collection,
                      const Progress *progress, GError **error) {
  g_autoptr(GError) problem = NULL;
  Voice *v = g_new0(Voice, 1);
  v->expert = x;
  v->fusion = (Fusion){1, 0, 0};
  v->encoder = encoder_of(index, x, &problem);
  if (v->encoder)
    v->rep = representations_open(collection, x, index->models, index->cannot, progress, &problem);
  if (v->rep && v->rep->models->len) {
    g_ptr_array_add(index->voices, v);
    for (guint i = 0; i < v->rep->models->len; i++)
      g_hash_table_add(index->answered, v->rep->models->pdata[i]);
    return true;
  }
  voice_free(v);
  if (g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  if (problem)
    g_ptr_array_add(index->cannot, g_strdup_printf("expert %s: %s", x->name, problem->message));
  return true;
}

static bool has_voice(const QueryIndex *index, const char *shapes) {
  for (guint i = 0; i < index->voices->len; i++) {
    const Voice *v = index->voices->pdata[i];
    if (strcmp(v->expert->shapes, shapes) == 0) return true;
  }
  return false;
}

/* Architectures that nobody speaks for, with how many models they have. */
static void list_silent(QueryIndex *index) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  unsigned silent = 0;
  for (guint i = 0; i < index->models->len; i++) {
    const Model *m = index->models->pdata[i];
    if (m->shapes && has_voice(index, m->shapes)) continue;
    silent++;
    if (m->shapes) g_hash_table_add(seen, m->shapes);
  }
  unsigned kinds = g_hash_table_size(seen);
  if (silent)
    g_ptr_array_add(index->cannot,
                    g_strdup_printf("%u model%s of %u other architecture%s: no expert was trained",
                                    silent, silent == 1 ? "" : "s", kinds, kinds == 1 ? "" : "s"));
}

/* Several voices must be made comparable; one alone need not. */
static void fit_voices(QueryIndex *index) {
  for (guint i = 0; i < index->voices->len && index->voices->len > 1; i++) {
    Voice *v = index->voices->pdata[i];
    g_autoptr(GError) problem = NULL;
    if (!fusion_fit(v->expert, v->encoder, v->rep, &v->fusion, &problem))
      g_ptr_array_add(index->cannot,
                      g_strdup_printf("expert %s cannot be compared with others: %s",
                                      v->expert->name, problem->message));
  }
}

QueryIndex *query_index_open(Collection *collection, const GPtrArray *models,
                             const Progress *progress, GError **error) {
  g_autoptr(QueryIndex) index = g_new0(QueryIndex, 1);
  index->voices = g_ptr_array_new_with_free_func(voice_free);
  index->cannot = g_ptr_array_new_with_free_func(g_free);
  index->answered = g_hash_table_new(g_direct_hash, g_direct_equal);
  index->models = g_ptr_array_ref((GPtrArray *)models);
  index->encoders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify)text_encoder_free);
  index->experts = expert_list(collection, index->cannot, error);
  for (guint i = 0; i < index->experts->len; i++) {
    const Expert *x = index->experts->pdata[i];
    if (x->task != EXPERT_ALIGN || !x->shapes || !x->layer || has_voice(index, x->shapes)) continue;
    if (!add_voice(index, x, collection, progress, error)) return NULL;
  }
  list_silent(index);
  fit_voices(index);
  return g_steal_pointer(&index);
}
