/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/shards.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "weights/shard_index.h"
#include "weights/shard_name.h"
#include "weights/weight_format.h"

enum { MOST_OPEN = 8 };

typedef struct {
  WeightFile *file; /* NULL while it is not open */
  unsigned users;   /* reads in progress */
  uint64_t last;    /* when it was used */
} Shard;

/* Where a tensor is. */
typedef struct {
  guint shard;
  size_t tensor;
} Place;

typedef struct {
  WeightFormat format; /* named after the parts' own */
  const char *label;   /* of the index; borrowed from the file's source */
  ShardIndex index;
  const ShardFolder *folder;
  void *data;
  ShardReader read;
  Shard *shards;  /* one for each of index.shards */
  GArray *places; /* of Place, one a tensor */
  GMutex lock;    /* of `shards`, what follows, and folder->open() */
  unsigned open;
  uint64_t clock;
} Shards;

static const char *shard_name(const Shards *s, guint i) { return s->index.shards->pdata[i]; }

/* Closes the part that nobody has used for longest, if there is one. */
static void close_one(Shards *s) {
  Shard *oldest = NULL;
  for (guint i = 0; i < s->index.shards->len; i++) {
    Shard *shard = &s->shards[i];
    if (shard->file && shard->users == 0 && (!oldest || shard->last < oldest->last)) oldest = shard;
  }
  if (!oldest) return;
  g_clear_pointer(&oldest->file, weight_file_free);
  s->open--;
}

/* In messages a part is called "INDEX: PART". */
static bool open_shard(Shards *s, guint i, GError **error) {
  g_autoptr(ByteSource) source = s->folder->open(s->data, shard_name(s, i), error);
  if (!source) return false;
  g_autofree char *label = g_strdup_printf("%s: %s", s->label, shard_name(s, i));
  g_autoptr(ByteSource) named = byte_source_window(source, 0, byte_source_size(source), label);
  if (s->open >= MOST_OPEN) close_one(s);
  s->shards[i].file = s->read(named, error);
  if (!s->shards[i].file) return false;
  s->open++;
  return true;
}

/* The part, open until shard_release(); NULL with an error. */
static WeightFile *shard_acquire(Shards *s, guint i, GError **error) {
  Shard *shard = &s->shards[i];
  WeightFile *file = NULL;
  g_mutex_lock(&s->lock);
  if (shard->file || open_shard(s, i, error)) {
    file = shard->file;
    shard->users++;
    shard->last = ++s->clock;
  }
  g_mutex_unlock(&s->lock);
  return file;
}

static void shard_release(Shards *s, guint i) {
  g_mutex_lock(&s->lock);
  s->shards[i].users--;
  g_mutex_unlock(&s->lock);
}

/* A part that is opened anew must be what it was. */
static bool is_same(const TensorInfo *a, const WeightFile *file, size_t tensor) {
  if (tensor >= weight_file_count(file)) return false;
  const TensorInfo *b = weight_file_info(file, tensor);
  return a->dtype == b->dtype && a->bytes == b->bytes && a->count == b->count && strcmp(a->name, b->name) == 0;
}

static bool read_raw(WeightFile *f, size_t i, uint64_t start, size_t n, void *dst, GError **error) {
  Shards *s = f->private_data;
  const Place *at = &g_array_index(s->places, Place, i);
  WeightFile *file = shard_acquire(s, at->shard, error);
  if (!file) return false;
  bool ok = is_same(weight_file_info(f, i), file, at->tensor);
  if (ok) ok = weight_file_read_raw(file, at->tensor, start, n, dst, error);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: the shard changed since the model was opened: open it again", weight_file_label(file));
  shard_release(s, at->shard);
  return ok;
}

static void close_shards(WeightFile *f) {
  Shards *s = f->private_data;
  for (guint i = 0; s->shards && i < s->index.shards->len; i++) weight_file_free(s->shards[i].file);
  if (s->folder->free) s->folder->free(s->data);
  g_array_unref(s->places);
  g_mutex_clear(&s->lock);
  g_free(s->shards);
  shard_index_clear(&s->index);
  g_free(s);
}

/* A file without tensors yet, whose parts will come from `folder`. */
static WeightFile *shards_new(ByteSource *source, const ShardFolder *folder, void *data, ShardReader read) {
  Shards *s = g_new0(Shards, 1);
  s->format = (WeightFormat){.name = "shards", .read_raw = read_raw, .close = close_shards};
  s->label = byte_source_label(source);
  s->folder = folder;
  s->data = data;
  s->read = read;
  s->places = g_array_new(FALSE, FALSE, sizeof(Place));
  shard_index_init(&s->index);
  g_mutex_init(&s->lock);
  WeightFile *f = weight_file_new(source);
  f->format = &s->format;
  f->private_data = s;
  f->most = (uint64_t)WEIGHT_FILE_MOST * WEIGHT_INDEX_SHARE;
  return f;
}

/* Adds a tensor of part `at.shard` under its own name. */
static bool add_tensor(WeightFile *f, const TensorInfo *info, Place at, GError **error) {
  Shards *s = f->private_data;
  TensorInfo copy = *info;
  copy.name = g_strdup(info->name);
  copy.offset = UINT64_MAX;
  if (!weight_file_add(f, copy, error)) return false;
  g_array_index(f->tensors, TensorInfo, f->tensors->len - 1).bytes = info->bytes;
  g_array_append_val(s->places, at);
  return true;
}

/* Adds the tensors of a part that are to be read from there; counts those that the index maps
 * to it and those that it does not map at all. */
static bool take_tensors(WeightFile *f, const WeightFile *part, guint shard, guint *mapped, guint *unmapped,
                         GError **error) {
  Shards *s = f->private_data;
  for (size_t i = 0; i < weight_file_count(part); i++) {
    const TensorInfo *info = weight_file_info(part, i);
    const char *where = g_hash_table_lookup(s->index.tensors, info->name);
    if (where && where != shard_name(s, shard)) continue;
    if (!add_tensor(f, info, (Place){shard, i}, error)) return false;
    ++*(where ? mapped : unmapped);
  }
  return true;
}

/* Of a key that several parts have, the first counts. */
static void take_metadata(WeightFile *f, const WeightFile *part) {
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, part->metadata);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (!g_hash_table_contains(f->metadata, key)) weight_file_set_metadata(f, key, value);
}

/* All parts must be there before any header is read: what is missing explains the rest. */
static bool check_presence(const WeightFile *f, GError **error) {
  const Shards *s = f->private_data;
  guint missing = 0, first = 0;
  for (guint i = 0; i < s->index.shards->len; i++) {
    g_autoptr(GError) problem = NULL;
    g_autoptr(ByteSource) source = s->folder->open(s->data, shard_name(s, i), &problem);
    if (!source && g_error_matches(problem, COPSE_ERROR, COPSE_ERROR_NOT_FOUND)) first = missing++ ? first : i;
  }
  if (!missing) return true;
  g_autofree SafeText *name = safe_text(shard_name(s, first), -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: %u of %u shards %s missing (the first: %s): fetch what is left", weight_file_label(f), missing,
              s->index.shards->len, missing == 1 ? "is" : "are", name);
  return false;
}

/* Names the first, by name, of the tensors that were not where the index says. */
static bool fail_unfound(const WeightFile *f, guint unfound, GError **error) {
  const Shards *s = f->private_data;
  const char *first = NULL, *shard = NULL;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, s->index.tensors);
  while (g_hash_table_iter_next(&iter, &key, &value))
    if (weight_file_find(f, key) < 0 && (!first || strcmp(key, first) < 0)) {
      first = key;
      shard = value;
    }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: tensor %s is not in its shard %s (%u such): the index and the shards do not "
              "belong together",
              weight_file_label(f), first, shard, unfound);
  return false;
}

/* Reads the headers of all parts that the index lists. */
static bool join(WeightFile *f, GError **error) {
  Shards *s = f->private_data;
  guint mapped = 0, unmapped = 0;
  if (!check_presence(f, error)) return false;
  s->shards = g_new0(Shard, s->index.shards->len + 1);
  for (guint i = 0; i < s->index.shards->len; i++) {
    WeightFile *part = shard_acquire(s, i, error);
    if (!part) return false;
    bool ok = take_tensors(f, part, i, &mapped, &unmapped, error);
    if (i == 0) s->format.name = weight_file_format(part);
    take_metadata(f, part);
    shard_release(s, i);
    if (!ok) return false;
  }
  guint known = g_hash_table_size(s->index.tensors);
  if (mapped < known) return fail_unfound(f, known - mapped, error);
  g_autofree char *count = g_strdup_printf("%u", unmapped);
  if (known && unmapped) weight_file_set_metadata(f, "index.unmapped_tensors", count);
  return true;
}

WeightFile *shards_open(ByteSource *index, const ShardFolder *folder, void *data, ShardReader read, GError **error) {
  g_autoptr(WeightFile) f = shards_new(index, folder, data, read);
  Shards *s = f->private_data;
  if (!shard_index_read(f, &s->index, error) || !join(f, error)) return NULL;
  return g_steal_pointer(&f);
}

static ByteSource *open_in_folder(void *data, const char *name, GError **error) {
  g_autofree char *path = g_build_filename(data, name, NULL);
  g_autofree SafeText *shown = safe_text(path, -1);
  if (path_stays_within(data, path)) return byte_source_open(path, error);
  if (g_file_test(path, G_FILE_TEST_EXISTS))
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: a link that leads out of its folder, not followed", shown);
  else g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s: no such file", shown);
  return NULL;
}

static const ShardFolder folder_on_disk = {.open = open_in_folder, .free = g_free};

/* For who asks an index for its list alone. */
static const ShardFolder no_folder = {0};

bool shards_stand_at(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  ShardName parsed;
  if (shard_name_parse(name, &parsed)) return parsed.padded && parsed.parts > 1 && parsed.part <= 1;
  g_autofree char *whole = shard_index_whole(name);
  return whole != NULL;
}

GPtrArray *shards_listed(const char *path, GError **error) {
  g_autoptr(ByteSource) source = byte_source_open(path, error);
  if (!source) return NULL;
  g_autoptr(WeightFile) f = shards_new(source, &no_folder, NULL, NULL);
  ShardIndex *index = &((Shards *)f->private_data)->index;
  return shard_index_read(f, index, error) ? g_ptr_array_ref(index->shards) : NULL;
}

/* Lists the parts by counting from the one given, the first. */
static bool list_parts(WeightFile *f, const char *name, GError **error) {
  ShardIndex *index = &((Shards *)f->private_data)->index;
  ShardName parsed;
  if (!shard_name_parse(name, &parsed) || parsed.parts > SHARD_INDEX_MAX_SHARDS) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: more than 10,000 parts", weight_file_label(f));
    return false;
  }
  for (unsigned i = 0; i < parsed.parts; i++)
    g_ptr_array_add(index->shards, shard_name_sibling(name, &parsed, parsed.part + i));
  return true;
}

WeightFile *shards_open_path(const char *path, ShardReader read, GError **error) {
  g_autofree char *folder = g_path_get_dirname(path), *name = g_path_get_basename(path);
  g_autofree char *whole = shard_index_whole(name);
  g_autoptr(ByteSource) source = byte_source_open(path, error);
  if (!source) return NULL;
  if (whole) return shards_open(source, &folder_on_disk, g_steal_pointer(&folder), read, error);
  g_autoptr(WeightFile) f = shards_new(source, &folder_on_disk, g_steal_pointer(&folder), read);
  if (!list_parts(f, name, error) || !join(f, error)) return NULL;
  return g_steal_pointer(&f);
}
