/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/voice.h"

struct VoiceSet {
  const Collection *collection;
  GPtrArray *models, *experts;
  GHashTable *encoders; /* description and prompts -> TextEncoder*, owned */
  GHashTable *voices;   /* Expert* -> Voice*, owned */
  unsigned opens, refs;
};

bool voice_speaks_of(const Voice *v, const Model *m) {
  return v->expert->tree < 0 || m->tree < 0 || m->tree == v->expert->tree;
}

static void voice_free(gpointer data) {
  Voice *v = data;
  representations_free(v->rep);
  g_ptr_array_unref(v->warnings);
  g_free(v);
}

VoiceSet *voice_set_new(const Collection *collection, const GPtrArray *models, const GPtrArray *experts) {
  VoiceSet *set = g_new0(VoiceSet, 1);
  set->collection = collection;
  set->models = g_ptr_array_ref((GPtrArray *)models);
  set->experts = g_ptr_array_ref((GPtrArray *)experts);
  set->encoders = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)text_encoder_free);
  set->voices = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, voice_free);
  set->refs = 1;
  return set;
}

VoiceSet *voice_set_ref(VoiceSet *set) {
  set->refs++;
  return set;
}

void voice_set_unref(VoiceSet *set) {
  if (!set || --set->refs) return;
  g_hash_table_unref(set->voices);
  g_hash_table_unref(set->encoders);
  g_ptr_array_unref(set->experts);
  g_ptr_array_unref(set->models);
  g_free(set);
}

const Collection *voice_set_collection(const VoiceSet *set) { return set->collection; }
const GPtrArray *voice_set_models(const VoiceSet *set) { return set->models; }
const GPtrArray *voice_set_experts(const VoiceSet *set) { return set->experts; }
unsigned voice_set_opens(const VoiceSet *set) { return set->opens; }

/* The encoder that an expert was trained with, shared by all that were trained with it. Borrowed; NULL with an
 * error. */
static TextEncoder *encoder_of(VoiceSet *set, const Expert *x, GError **error) {
  g_autofree char *key =
      g_strdup_printf("%s\n%s\n%d", x->encoder ? x->encoder : "words", x->prompts ? x->prompts : "", x->raw_text);
  TextEncoder *e = g_hash_table_lookup(set->encoders, key);
  if (!e && (e = expert_open_encoder(x, error))) g_hash_table_insert(set->encoders, g_steal_pointer(&key), e);
  return e && expert_takes_encoder(x, e, error) ? e : NULL;
}

static bool open_parts(VoiceSet *set, Voice *v, const Progress *progress, GError **error) {
  const Expert *x = v->expert;
  if (x->task == EXPERT_ALIGN && !(v->encoder = encoder_of(set, x, error))) return false;
  set->opens++;
  v->rep = representations_open(set->collection, x, set->models, v->warnings, progress, error);
  return v->rep != NULL;
}

const Voice *voice_set_open(VoiceSet *set, const Expert *expert, const Progress *progress, GError **error) {
  Voice *v = g_hash_table_lookup(set->voices, expert);
  if (v) return v;
  v = g_new0(Voice, 1);
  v->expert = expert;
  v->warnings = g_ptr_array_new_with_free_func(g_free);
  if (open_parts(set, v, progress, error)) {
    g_hash_table_insert(set->voices, (gpointer)expert, v);
    return v;
  }
  voice_free(v);
  return NULL;
}
