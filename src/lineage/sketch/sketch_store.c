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

/* Hours of zeros are not worth reading. */
static bool is_written(const Loading *l, const Model *m, GError **error) {
  enum { LARGE = 64 << 20 };
  g_autofree char *path = g_build_filename(collection_root(l->collection), m->file, NULL);
  g_autoptr(ByteSource) source = m->bytes >= LARGE ? byte_source_open(path, NULL) : NULL;
  uint64_t size = source ? byte_source_size(source) : 0;
  if (size < LARGE || byte_source_unwritten(source) < size / 10 * 9) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: nine tenths of it were never written: a download not finished? Its weights are not read", m->shown);
  return false;
}

static ModelSketch *read_file(const Loading *l, const Model *m, GError **error) {
  g_autoptr(WeightFile) file = collection_open_weights(l->collection, m, error);
  g_autoptr(AdapterConfig) config = model_adapter_config(m);
  return file ? model_sketch_read(file, config, l->seed, &l->quiet, error) : NULL;
}

/* What was read of a file that somebody wrote to meanwhile is of no one state of it: it is read once more, and given up
 * when it still changes. `stamp` is of before. */
static ModelSketch *from_file(const Loading *l, const Model *m, char **stamp, GError **error) {
  if (!is_written(l, m, error)) return NULL;
  for (int attempt = 0; attempt < 2; attempt++) {
    g_autoptr(GError) problem = NULL;
    ModelSketch *s = read_file(l, m, &problem);
    g_autofree char *now = model_stamp(l->collection, m);
    if (g_strcmp0(now, *stamp) == 0) {
      if (!s) g_propagate_error(error, g_steal_pointer(&problem));
      return s;
    }
    model_sketch_free(s);
    g_free(*stamp);
    *stamp = g_steal_pointer(&now);
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
              "%s: its file was written to while it was read: try again when that is done", m->shown);
  return NULL;
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

static char *key_of(const char *stamp, const char *strength, const char *heads) {
  if (!stamp || (!*strength && !heads)) return g_strdup(stamp);
  return g_strconcat(stamp, "|", strength, heads ? "|" : NULL, heads, NULL);
}

static bool load_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  Loading *l = user;
  const Model *m = l->models->pdata[item];
  g_autofree char *stamp = model_stamp(l->collection, m), *strength = model_adapter_text(m);
  g_autofree char *key = key_of(stamp, strength, model_value(m, MODEL_HEADS));
  ModelSketch *s = from_catalog(l, key);
  if (!s) {
    g_autoptr(GError) error = NULL;
    s = from_file(l, m, &stamp, &error);
    g_autofree char *fresh = key_of(stamp, strength, model_value(m, MODEL_HEADS));
    if (s) to_catalog(l, fresh, s);
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
