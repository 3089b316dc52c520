/* SPDX-License-Identifier: Apache-2.0 */
#include "session/snapshot.h"

#include <string.h>

#include "lineage/forest/outline.h"
#include "search/filter.h"
#include "search/fuzzy.h"

Snapshot *snapshot_ref(Snapshot *wood) {
  atomic_fetch_add(&wood->refs, 1);
  return wood;
}

void snapshot_unref(Snapshot *wood) {
  if (!wood || atomic_fetch_sub(&wood->refs, 1) != 1) return;
  g_free(wood->haystacks);
  g_free(wood->hay);
  g_free(wood->letters);
  g_free(wood->order);
  g_free(wood->parent);
  name_set_free(wood->names);
  if (wood->forest) wood->ops->forest_free(wood->forest);
  g_clear_pointer(&wood->models, g_ptr_array_unref);
  g_clear_pointer(&wood->skipped, g_ptr_array_unref);
  g_free(wood);
}

OpenExperts *open_experts_ref(OpenExperts *opened) {
  atomic_fetch_add(&opened->refs, 1);
  return opened;
}

void open_experts_unref(OpenExperts *opened) {
  if (!opened || atomic_fetch_sub(&opened->refs, 1) != 1) return;
  if (opened->index) opened->ops->index_free(opened->index);
  voice_set_unref(opened->voices);
  g_clear_pointer(&opened->experts, g_ptr_array_unref);
  g_clear_pointer(&opened->warnings, g_ptr_array_unref);
  g_free(opened->problem);
  g_free(opened);
}

static Snapshot *snapshot_new(const EngineOps *ops) {
  Snapshot *wood = g_new0(Snapshot, 1);
  wood->ops = ops;
  atomic_init(&wood->refs, 1);
  return wood;
}

static NameSet *names_of(const Forest *forest) {
  g_autofree const char **names = g_new(const char *, forest->nodes->len + 1);
  for (guint i = 0; i < forest->nodes->len; i++) names[i] = forest_node(forest, i)->name;
  return name_set_new(names, forest->nodes->len);
}

/* What outlines are made from again and again; a forest with a circle has none. */
static void find_order(Snapshot *wood) {
  const OutlineOptions options = {.bare = true};
  guint n = wood->forest->nodes->len;
  g_autoptr(GArray) rows = outline_rows(wood->forest, &options);
  if (rows->len != n) return;
  wood->order = g_new(unsigned, n + 1);
  wood->parent = g_new(int, n + 1);
  for (guint i = 0; i < n; i++) {
    wood->order[i] = g_array_index(rows, OutlineRow, i).node;
    wood->parent[i] = forest_parent(wood->forest, i);
  }
}

/* One behind the other, for whoever looks through all of them. */
static void stack_hay(Snapshot *wood, guint n) {
  g_autofree gsize *begin = g_new(gsize, n + 1);
  GString *hay = g_string_new(NULL);
  for (guint i = 0; i < n; i++) {
    g_autofree char *one = node_haystack(forest_node(wood->forest, i), wood->label_key);
    begin[i] = hay->len;
    g_string_append_len(hay, one, (gssize)strlen(one) + 1);
  }
  wood->hay = g_string_free(hay, FALSE);
  wood->haystacks = g_new(const char *, n + 1);
  for (guint i = 0; i < n; i++) wood->haystacks[i] = wood->hay + begin[i];
  wood->haystacks[n] = NULL;
}

static void snapshot_fold(Snapshot *wood) {
  guint n = wood->forest->nodes->len;
  wood->names = names_of(wood->forest);
  stack_hay(wood, n);
  wood->letters = g_new(guint64, n + 1);
  for (guint i = 0; i < n; i++) wood->letters[i] = fuzzy_letters(wood->haystacks[i]);
  find_order(wood);
}

static void note_concepts(Snapshot *wood) {
  for (guint i = 0; i < wood->models->len && !wood->concepts; i++) {
    g_autofree char *concept = model_concept_text(wood->models->pdata[i], wood->label_key);
    wood->concepts = concept != NULL;
  }
}

/* Fills in models, labels and sizes from the catalog. */
static bool snapshot_read(Snapshot *wood, const Engine *engine, GError **error) {
  wood->models = engine->ops->models(engine->collection, error);
  if (!wood->models) return false;
  wood->skipped = engine->ops->skipped(engine->collection, error);
  if (!wood->skipped) return false;
  wood->label_key = models_label_key(wood->models);
  note_concepts(wood);
  for (guint i = 0; i < wood->models->len; i++) wood->bytes += ((const Model *)wood->models->pdata[i])->bytes;
  return true;
}

Snapshot *snapshot_load(const Engine *engine, const Progress *progress, GError **error) {
  Snapshot *wood = snapshot_new(engine->ops);
  ForestOptions cards = {.declared_only = true};
  if (snapshot_read(wood, engine, error))
    wood->forest = engine->ops->forest(engine->collection, wood->models, &cards, progress, error);
  if (wood->forest) {
    snapshot_fold(wood);
    return wood;
  }
  snapshot_unref(wood);
  return NULL;
}

Snapshot *snapshot_scan(const Engine *engine, const Progress *progress, GError **error) {
  ScanSummary summary;
  if (!engine->ops->scan(engine->collection, progress, &summary, error)) return NULL;
  Snapshot *wood = snapshot_load(engine, progress, error);
  if (wood) wood->scanned = true;
  return wood;
}

/* Models are read before their forest is grown, so that they do not know their trees yet. */
static void note_trees(Snapshot *wood) {
  for (guint i = 0; i < wood->models->len; i++)
    ((Model *)wood->models->pdata[i])->tree = forest_node(wood->forest, i)->tree;
}

/* Read again, for a cancelled scan leaves more in the catalog than it told of. */
Snapshot *snapshot_grow(const Engine *engine, const Snapshot *before, const Progress *progress, GError **error) {
  ForestOptions options = {.declared_only = false};
  Snapshot *wood = snapshot_new(engine->ops);
  if (snapshot_read(wood, engine, error))
    wood->forest = engine->ops->forest(engine->collection, wood->models, &options, progress, error);
  if (!wood->forest) {
    snapshot_unref(wood);
    return NULL;
  }
  note_trees(wood);
  wood->scanned = before->scanned;
  wood->grown = true;
  snapshot_fold(wood);
  return wood;
}

OpenExperts *open_experts_new(const Engine *engine, GError **error) {
  OpenExperts *opened = g_new0(OpenExperts, 1);
  opened->ops = engine->ops;
  atomic_init(&opened->refs, 1);
  opened->warnings = g_ptr_array_new_with_free_func(g_free);
  opened->experts = engine->ops->experts(engine->collection, opened->warnings, error);
  if (opened->experts) return opened;
  open_experts_unref(opened);
  return NULL;
}

/* Other models, after a scan: what was opened is about models that are gone. */
VoiceSet *open_experts_voices(OpenExperts *opened, const Engine *engine, const Snapshot *wood) {
  if (opened->voices && voice_set_models(opened->voices) == wood->models) return opened->voices;
  voice_set_unref(opened->voices);
  return opened->voices = voice_set_new(engine->collection, wood->models, opened->experts);
}

bool open_experts_index(OpenExperts *opened, const Engine *engine, const Snapshot *wood, const Progress *progress,
                        GError **error) {
  VoiceSet *voices = open_experts_voices(opened, engine, wood);
  if (!opened->index) opened->index = engine->ops->index(voices, opened->warnings, progress, error);
  return opened->index != NULL;
}
