/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/sketch/sketch_store.h"

#include <math.h>
#include <string.h>

#include "collection/adapter_facts.h"
#include "collection/stamp.h"
#include "collection/collection_team.h"
#include "core/error.h"
#include "core/parallel.h"
#include "numerics/linalg.h"

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

/* What a model's sketch is kept under: its bytes, how strongly an adapter is told to work, how its heads are cut and its
 * numbers packed. */
static char *key_of(const Model *m, const char *stamp) {
  g_autofree char *strength = model_adapter_text(m);
  const char *facts[] = {model_value(m, MODEL_HEADS), model_value(m, MODEL_PACKING)};
  if (!stamp || (!*strength && !facts[0] && !facts[1])) return g_strdup(stamp);
  GString *key = g_string_new(stamp);
  g_string_append_printf(key, "|%s", strength);
  for (size_t i = 0; i < G_N_ELEMENTS(facts); i++)
    if (facts[i]) g_string_append_printf(key, "|%s", facts[i]);
  return g_string_free(key, FALSE);
}

/* The sketch of a model's file; *stamp becomes that of what was read, *key what it is kept under. */
static ModelSketch *make_sketch(const Loading *l, const Model *m, char **stamp, char **key, GError **error) {
  ModelSketch *s = from_file(l, m, stamp, error);
  *key = key_of(m, *stamp);
  return s;
}

static ModelSketch *known_sketch(const Loading *l, const Model *m, const char *stamp) {
  g_autofree char *key = key_of(m, stamp);
  return from_catalog(l, key);
}

static bool load_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  Loading *l = user;
  const Model *m = l->models->pdata[item];
  g_autofree char *stamp = model_stamp(l->collection, m);
  ModelSketch *s = known_sketch(l, m, stamp);
  if (!s) {
    g_autoptr(GError) error = NULL;
    g_autofree char *key = NULL;
    s = make_sketch(l, m, &stamp, &key, &error);
    if (s) to_catalog(l, key, s);
    else l->notes->pdata[item] = safe_text(error->message, -1);
  }
  l->sketches->pdata[item] = s;
  return report(l, m);
}

/* --- with other processes */

/* A sketch that a rank made, or why there is none: whether, the key or the message, the packed sketch. */
static const char made_type[] = "(bayay)";

static GBytes *make_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Loading *l = user;
  if (item >= l->models->len) return NULL;
  g_autoptr(GError) error = NULL;
  const Model *m = l->models->pdata[item];
  g_autofree char *stamp = model_stamp(l->collection, m), *key = NULL;
  ModelSketch *s = make_sketch(l, m, &stamp, &key, &error);
  g_autoptr(GBytes) blob = s ? model_sketch_pack(s, l->seed) : g_bytes_new(NULL, 0);
  GVariant *bytes = g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, blob, TRUE);
  const char *text = s ? (key ? key : "") : error->message;
  g_autoptr(GVariant) made =
      g_variant_ref_sink(g_variant_new("(b@ay@ay)", s != NULL, g_variant_new_bytestring(text), bytes));
  model_sketch_free(s);
  return g_variant_get_data_as_bytes(made);
}

static bool take_one(void *user, size_t item, GBytes *result, GError **error) {
  Loading *l = user;
  const Model *m = l->models->pdata[item];
  if (!result) return load_one(l, item, 0);
  g_autoptr(GVariant) made = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE(made_type), result, FALSE));
  gboolean good;
  g_autoptr(GVariant) text = NULL, bytes = NULL;
  g_variant_get(made, "(b@ay@ay)", &good, &text, &bytes);
  g_autoptr(GBytes) blob = g_variant_get_data_as_bytes(bytes);
  const char *key = g_variant_get_bytestring(text);
  if (good) l->sketches->pdata[item] = model_sketch_unpack(blob, l->seed);
  else l->notes->pdata[item] = safe_text(key, -1);
  if (good && *key && !collection_is_read_only(l->collection))
    collection_put(l->collection, SKETCH_SPACE, key, blob, NULL);
  bool ok = report(l, m);
  if (!ok && l->cancelled) g_propagate_error(error, g_steal_pointer(&l->cancelled));
  return ok;
}

static int largest_first(const void *a, const void *b, void *user) {
  const GPtrArray *models = user;
  const Model *x = models->pdata[*(const size_t *)a], *y = models->pdata[*(const size_t *)b];
  return x->bytes != y->bytes ? (x->bytes > y->bytes ? -1 : 1) : strcmp(x->path, y->path);
}

/* The leader looks into its catalog for what is known; the rest is handed out, the largest first. */
static bool load_with_team(Loading *l, Team *team, unsigned threads) {
  g_autofree size_t *items = g_new(size_t, l->models->len + 1);
  size_t n = 0;
  for (guint i = 0; team_leads(team) && i < l->models->len; i++) {
    g_autofree char *stamp = model_stamp(l->collection, l->models->pdata[i]);
    l->sketches->pdata[i] = known_sketch(l, l->models->pdata[i], stamp);
    if (!l->sketches->pdata[i]) items[n++] = i;
    else report(l, l->models->pdata[i]);
  }
  g_qsort_with_data(items, (gint)n, sizeof *items, largest_first, (gpointer)l->models);
  TeamWork work = {items, n, threads, make_one, take_one, l, l->quiet.cancel};
  return team_work(team, &work, l->cancelled ? NULL : &l->cancelled);
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
  Team *team = collection_team(collection);
  unsigned of_algebra = linalg_threads(); /* one each: files are read side by side, and matrices are small */
  linalg_set_threads(1);
  if (team_is_several(team)) load_with_team(&l, team, threads);
  else parallel_for(models->len, threads, load_one, &l, l.quiet.cancel);
  linalg_set_threads(of_algebra);
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
