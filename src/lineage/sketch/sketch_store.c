/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/sketch_store.h"

#include <math.h>

#include "collection/adapter_facts.h"
#include "collection/stamp.h"
#include "core/error.h"
#include "core/parallel.h"

typedef struct {
  Collection *collection;
  const GPtrArray *models;
  uint64_t seed;
  const Progress *progress;
  Progress quiet; /* the token alone: for what runs inside one file */
  GPtrArray *sketches, *notes;
  GMutex lock; /* of what follows */
  uint64_t done, bytes;
  GError *cancelled;
} Loading;

/* The catalog is a cache here: when it fails, the file is read instead. */
static ModelSketch *from_catalog(const Loading *l, const char *key) {
  g_autoptr(GBytes) blob = key ? collection_get(l->collection, SKETCH_SPACE, key, NULL) : NULL;
  return blob ? model_sketch_unpack(blob, l->seed) : NULL;
}

static void to_catalog(const Loading *l, const char *key, const ModelSketch *s) {
  if (!key || collection_is_read_only(l->collection)) return;
  g_autoptr(GBytes) blob = model_sketch_pack(s, l->seed);
  collection_put(l->collection, SKETCH_SPACE, key, blob, NULL);
}

static ModelSketch *from_file(const Loading *l, const Model *m, GError **error) {
  g_autoptr(WeightFile) file = collection_open_weights(l->collection, m, error);
  g_autoptr(AdapterConfig) config = model_adapter_config(m);
  return file ? model_sketch_read(file, config, l->seed, &l->quiet, error) : NULL;
}

static bool report(Loading *l, const Model *m) {
  g_mutex_lock(&l->lock);
  l->bytes += m->bytes;
  ProgressNote note = {.phase = "reading weights",
                       .done = ++l->done,
                       .total = l->models->len,
                       .bytes = l->bytes,
                       .loss = NAN,
                       .accuracy = NAN};
  bool ok = !l->cancelled && progress_note(l->progress, &note, &l->cancelled);
  g_mutex_unlock(&l->lock);
  return ok;
}

static bool load_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  Loading *l = user;
  const Model *m = l->models->pdata[item];
  g_autofree char *stamp = model_stamp(l->collection, m), *strength = model_adapter_text(m);
  g_autofree char *key = stamp && *strength ? g_strconcat(stamp, "|", strength, NULL) : g_strdup(stamp);
  ModelSketch *s = from_catalog(l, key);
  if (!s) {
    g_autoptr(GError) error = NULL;
    s = from_file(l, m, &error);
    if (s) to_catalog(l, key, s);
    else l->notes->pdata[item] = safe_text(error->message, -1);
  }
  l->sketches->pdata[item] = s;
  return report(l, m);
}

static void sketch_free(void *sketch) { model_sketch_free(sketch); }

GPtrArray *sketch_store_load(Collection *collection, const GPtrArray *models, uint64_t seed, unsigned threads,
                             const Progress *progress, GPtrArray **notes, GError **error) {
  Loading l = {.collection = collection, .models = models, .seed = seed, .progress = progress};
  l.quiet.cancel = progress ? progress->cancel : NULL;
  l.sketches = g_ptr_array_new_with_free_func(sketch_free);
  l.notes = g_ptr_array_new_with_free_func(g_free);
  g_ptr_array_set_size(l.sketches, (gint)models->len);
  g_ptr_array_set_size(l.notes, (gint)models->len);
  g_mutex_init(&l.lock);
  parallel_for(models->len, threads, load_one, &l, l.quiet.cancel);
  g_mutex_clear(&l.lock);
  if (l.cancelled || !progress_check(&l.quiet, l.cancelled ? NULL : &l.cancelled)) {
    g_propagate_error(error, l.cancelled);
    g_ptr_array_unref(l.sketches);
    g_ptr_array_unref(l.notes);
    return NULL;
  }
  *notes = l.notes;
  return l.sketches;
}
