/* SPDX-License-Identifier: Apache-2.0 */
#include "search/query.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/linalg.h"
#include "experts/representation.h"

/* One expert with what it says of every model it may judge. */
typedef struct {
  const Expert *expert;
  TextEncoder *encoder;  /* borrowed */
  Representations *rep;
} Voice;

struct QueryIndex {
  GPtrArray *experts;    /* of Expert*, owned */
  GHashTable *encoders;  /* description -> TextEncoder*, owned */
  GPtrArray *voices;     /* of Voice*: one for each architecture, its best expert */
  GPtrArray *cannot;     /* of SafeText */
};

static void voice_free(void *data) {
  Voice *v = data;
  representations_free(v->rep);
  g_free(v);
}

void query_index_free(QueryIndex *index) {
  if (!index) return;
  g_ptr_array_unref(index->voices);
  g_ptr_array_unref(index->experts);
  g_ptr_array_unref(index->cannot);
  g_hash_table_unref(index->encoders);
  g_free(index);
}

const GPtrArray *query_index_experts(const QueryIndex *index) { return index->experts; }

static TextEncoder *encoder_of(QueryIndex *index, const Expert *x, GError **error) {
  const char *description = x->encoder ? x->encoder : "words";
  TextEncoder *e = g_hash_table_lookup(index->encoders, description);
  if (e) return e;
  e = text_encoder_open(description, error);
  if (e) g_hash_table_insert(index->encoders, g_strdup(description), e);
  return e;
}

/* Lets an expert speak for its architecture; trouble becomes a line of `cannot`. False only
 * when cancelled. */
static bool add_voice(QueryIndex *index, const Expert *x, const Collection *collection,
                      const GPtrArray *models, const Progress *progress, GError **error) {
  g_autoptr(GError) problem = NULL;
  Voice *v = g_new0(Voice, 1);
  v->expert = x;
  v->encoder = encoder_of(index, x, &problem);
  if (v->encoder)
    v->rep = representations_open(collection, x, models, index->cannot, progress, &problem);
  if (v->rep && v->rep->models->len) {
    g_ptr_array_add(index->voices, v);
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
static void list_silent(QueryIndex *index, const GPtrArray *models) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  unsigned silent = 0;
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
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

QueryIndex *query_index_open(Collection *collection, const GPtrArray *models,
                             const Progress *progress, GError **error) {
  g_autoptr(QueryIndex) index = g_new0(QueryIndex, 1);
  index->voices = g_ptr_array_new_with_free_func(voice_free);
  index->cannot = g_ptr_array_new_with_free_func(g_free);
  index->encoders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify)text_encoder_free);
  index->experts = expert_list(collection, index->cannot, error);
  for (guint i = 0; i < index->experts->len; i++) {
    const Expert *x = index->experts->pdata[i];
    if (x->task != EXPERT_ALIGN || !x->shapes || !x->layer || has_voice(index, x->shapes)) continue;
    if (!add_voice(index, x, collection, models, progress, error)) return NULL;
  }
  list_silent(index, models);
  return g_steal_pointer(&index);
}

static void hit_clear(void *data) { model_unref(((QueryHit *)data)->model); }

static int best_first(gconstpointer a, gconstpointer b) {
  const QueryHit *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return strcmp(x->model->path, y->model->path);
}

/* Scores of one voice's models for the text. */
static bool ask(const Voice *v, const char *text, QueryAnswer *answer, GError **error) {
  size_t r_t = v->rep->width, n = v->rep->models->len;
  g_autofree float *wanted = g_new(float, r_t);
  g_autofree float *scores = g_new(float, n);
  char ***unknown = answer->unknown ? NULL : &answer->unknown;
  if (!expert_map_text(v->expert, v->encoder, text, wanted, unknown, error)) return false;
  gemm(false, true, n, 1, r_t, 1, v->rep->rows, r_t, wanted, r_t, 0, scores, 1);
  for (size_t i = 0; i < n; i++) {
    QueryHit hit = {.model = model_ref(v->rep->models->pdata[i]), .score = scores[i],
                    .expert = v->expert};
    g_array_append_val(answer->hits, hit);
  }
  return true;
}

QueryAnswer *query_run(QueryIndex *index, const char *text, unsigned limit, GError **error) {
  if (index->voices->len == 0) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                        "no expert can answer yet: train one first (copse train DIR --task align)");
    return NULL;
  }
  g_autoptr(QueryAnswer) answer = g_new0(QueryAnswer, 1);
  answer->hits = g_array_new(FALSE, FALSE, sizeof(QueryHit));
  g_array_set_clear_func(answer->hits, hit_clear);
  answer->cannot = g_ptr_array_ref(index->cannot);
  for (guint i = 0; i < index->voices->len; i++)
    if (!ask(index->voices->pdata[i], text, answer, error)) return NULL;
  g_array_sort(answer->hits, best_first);
  if (limit && answer->hits->len > limit) g_array_set_size(answer->hits, limit);
  return g_steal_pointer(&answer);
}

void query_answer_free(QueryAnswer *answer) {
  if (!answer) return;
  g_array_unref(answer->hits);
  g_strfreev(answer->unknown);
  g_ptr_array_unref(answer->cannot);
  g_free(answer);
}
