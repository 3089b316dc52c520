/* SPDX-License-Identifier: Apache-2.0 */
/* What a query needs, loaded once. */
#include <string.h>

#include "core/error.h"
#include "search/query_private.h"

void query_index_free(QueryIndex *index) {
  if (!index) return;
  declared_words_free(index->declared);
  g_hash_table_unref(index->answered);
  g_hash_table_unref(index->places);
  g_hash_table_unref(index->training);
  g_array_unref(index->speakers);
  voice_set_unref(index->voices);
  g_ptr_array_unref(index->cannot);
  g_ptr_array_unref(index->models);
  g_free(index);
}

/* An expert that could not be heard, and why. */
typedef struct {
  const Expert *expert;
  char *why;
} Mute;

static void mute_clear(void *data) { g_free(((Mute *)data)->why); }

/* Why an expert cannot be heard, as a sentence that names it. The caller frees it. */
static char *mute_reason(const Expert *x, const GError *problem) {
  if (g_str_has_prefix(problem->message, "expert ")) return g_strdup(problem->message);
  return g_strdup_printf("expert %s: %s", x->name, problem->message);
}

static void copy_line(gpointer line, gpointer to) { g_ptr_array_add(to, g_strdup(line)); }

/* Lets an expert speak for its architecture; one that cannot is added to `mutes`. False only
 * when cancelled. */
static bool add_speaker(QueryIndex *index, const Expert *x, GArray *mutes, const Progress *progress, GError **error) {
  g_autoptr(GError) problem = NULL;
  const Voice *v = voice_set_open(index->voices, x, progress, &problem);
  if (v) g_ptr_array_foreach(v->warnings, copy_line, index->cannot);
  if (v && v->rep->models->len) {
    Speaker speaker = {v, {1, 0, 0}};
    g_array_append_val(index->speakers, speaker);
    for (guint i = 0; i < v->rep->models->len; i++)
      if (voice_speaks_of(v, v->rep->models->pdata[i])) g_hash_table_add(index->answered, v->rep->models->pdata[i]);
    return true;
  }
  if (g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
  }
  if (!problem) return true;
  Mute mute = {x, mute_reason(x, problem)};
  g_array_append_val(mutes, mute);
  return true;
}

/* Does a better expert speak for all that this one could? */
static bool is_spoken_for(const QueryIndex *index, const Expert *x) {
  for (guint i = 0; i < index->speakers->len; i++) {
    const Expert *other = g_array_index(index->speakers, Speaker, i).voice->expert;
    if (g_strcmp0(other->shapes, x->shapes) == 0 && (other->tree < 0 || other->tree == x->tree)) return true;
  }
  return false;
}

/* Models that nobody speaks for: those of one tree, or of one architecture where no tree is known. */
typedef struct {
  const Model *example;
  unsigned count;
} Silent;

static int largest_first(gconstpointer a, gconstpointer b) {
  const Silent *x = a, *y = b;
  if (x->count != y->count) return x->count > y->count ? -1 : 1;
  return strcmp(x->example->path, y->example->path);
}

static GArray *silent_groups(const QueryIndex *index) {
  g_autoptr(GHashTable) places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Silent));
  for (guint i = 0; i < index->models->len; i++) {
    const Model *m = index->models->pdata[i];
    if (g_hash_table_contains(index->answered, m)) continue;
    char *key =
        m->tree >= 0 ? g_strdup_printf("%d", m->tree) : g_strdup_printf("shapes %s", m->shapes ? m->shapes : "");
    gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(places, key));
    Silent fresh = {m, 0};
    if (!at) g_array_append_val(groups, fresh), at = groups->len;
    g_array_index(groups, Silent, at - 1).count++;
    g_hash_table_replace(places, key, GSIZE_TO_POINTER(at));
  }
  g_array_sort(groups, largest_first);
  return groups;
}

/* The largest groups by name, the others summed up. */
static void list_silent(QueryIndex *index) {
  enum { NAMED = 5 };
  g_autoptr(GArray) groups = silent_groups(index);
  unsigned rest = 0;
  for (guint i = 0; i < groups->len; i++) {
    const Silent *s = &g_array_index(groups, Silent, i);
    g_autofree char *tree =
        s->example->tree >= 0 ? g_strdup_printf("tree %d", s->example->tree + 1) : g_strdup("an architecture");
    if (i >= NAMED) rest += s->count;
    else if (s->count == 1)
      g_ptr_array_add(index->cannot, g_strdup_printf("%s: no expert was trained for it", s->example->shown));
    else
      g_ptr_array_add(index->cannot, g_strdup_printf("%s of %u models such as %s: no expert was trained", tree,
                                                     s->count, s->example->shown));
  }
  if (rest)
    g_ptr_array_add(index->cannot, g_strdup_printf("%u models of %u smaller trees or architectures: no expert was "
                                                   "trained",
                                                   rest, groups->len - NAMED));
}

/* Several voices must be made comparable; one alone need not. */
static void fit_speakers(QueryIndex *index) {
  for (guint i = 0; i < index->speakers->len && index->speakers->len > 1; i++) {
    Speaker *s = &g_array_index(index->speakers, Speaker, i);
    const Voice *v = s->voice;
    g_autoptr(GError) problem = NULL;
    if (!fusion_fit(v->expert, v->encoder, v->rep, &s->fusion, &problem))
      g_ptr_array_add(index->cannot, g_strdup_printf("expert %s cannot be compared with others: %s", v->expert->name,
                                                     problem->message));
  }
}

/* The best expert of each architecture, or tree; those that cannot be heard are named unless another
 * speaks in their place. */
static bool add_speakers(QueryIndex *index, const Progress *progress, GError **error) {
  const GPtrArray *experts = voice_set_experts(index->voices);
  g_autoptr(GArray) mutes = g_array_new(FALSE, FALSE, sizeof(Mute));
  g_array_set_clear_func(mutes, mute_clear);
  for (guint i = 0; i < experts->len; i++) {
    const Expert *x = experts->pdata[i];
    if (x->task != EXPERT_ALIGN || !x->layer || is_spoken_for(index, x)) continue;
    if (!add_speaker(index, x, mutes, progress, error)) return false;
  }
  for (guint i = 0; i < mutes->len; i++) {
    const Mute *mute = &g_array_index(mutes, Mute, i);
    if (!is_spoken_for(index, mute->expert)) g_ptr_array_add(index->cannot, g_strdup(mute->why));
  }
  return true;
}

static QueryIndex *index_new(VoiceSet *voices, GPtrArray *cannot) {
  QueryIndex *index = g_new0(QueryIndex, 1);
  const GPtrArray *models = voice_set_models(voices);
  index->voices = voice_set_ref(voices);
  index->speakers = g_array_new(FALSE, FALSE, sizeof(Speaker));
  index->cannot = cannot;
  index->answered = g_hash_table_new(g_direct_hash, g_direct_equal);
  index->models = g_ptr_array_ref((GPtrArray *)models);
  index->declared = declared_words_new(models);
  index->training = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, (GDestroyNotify)training_set_free);
  index->places = g_hash_table_new(g_direct_hash, g_direct_equal);
  for (guint i = 0; i < models->len; i++) g_hash_table_insert(index->places, models->pdata[i], GUINT_TO_POINTER(i + 1));
  return index;
}

QueryIndex *query_index_open_voices(VoiceSet *voices, const GPtrArray *warnings, const Progress *progress,
                                    GError **error) {
  g_autoptr(QueryIndex) index = index_new(voices, g_ptr_array_new_with_free_func(g_free));
  g_ptr_array_foreach((GPtrArray *)warnings, copy_line, index->cannot);
  if (!add_speakers(index, progress, error)) return NULL;
  list_silent(index);
  fit_speakers(index);
  return g_steal_pointer(&index);
}

QueryIndex *query_index_open(Collection *collection, const GPtrArray *models, const Progress *progress,
                             GError **error) {
  g_autoptr(GPtrArray) warnings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GPtrArray) experts = expert_list(collection, warnings, error);
  if (!experts) return NULL;
  g_autoptr(VoiceSet) voices = voice_set_new(collection, models, experts);
  return query_index_open_voices(voices, warnings, progress, error);
}
