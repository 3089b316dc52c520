/* SPDX-License-Identifier: Apache-2.0 */
/* PyTorch 0.1: a tar of four members. `storages` holds a count, then for each a pickle (key, place, class), a count of
 * 64 bits and the numbers, then a pickle of storages that are parts of others; `tensors` a count, then for each a
 * pickle (key, key of its storage, class), the number of dimensions, sizes, steps and the first element; `pickle` the
 * object, which refers to tensors by their keys (legacy_load() in torch/serialization.py). */
#include <string.h>

#include "core/error.h"
#include "weights/byte_cursor.h"
#include "weights/strided.h"
#include "weights/torch/torch_file.h"
#include "weights/torch/torch_globals.h"
#include "weights/torch/torch_state.h"

enum { TAR_BLOCK = 512, TAR_MARK = 257, MOST_MEMBERS = 64, MOST_ITEMS = 1000000 };

typedef struct {
  size_t storage; /* of the file's */
  Dtype dtype;
  uint64_t first, numbers; /* a part of it */
} Part;

typedef struct {
  WeightFile *file;
  const char *label;
  ByteSource *storages, *tensors, *pickle;
  GHashTable *parts; /* key of a storage (owned) -> Part */
  GHashTable *views; /* key of a tensor (owned) -> View */
} Tar;

typedef struct {
  Dtype dtype;
  Strided view;
} View;

static bool fail(const Tar *t, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: the tar form of PyTorch 0.1: %s%s", t->label, problem,
              damage_hint(problem));
  return false;
}

/* PyTorch 0.1 wrote a tar with these members. */
static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  static const char *const members[] = {"sys_info", "pickle", "storages", "tensors"};
  (void)source;
  if (n < TAR_MARK + 5 || memcmp(head + TAR_MARK, "ustar", 5) != 0) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    if (memcmp(head, members[i], strlen(members[i]) + 1) == 0) return true;
  return false;
}

static ByteSource **slot_of(Tar *t, const char *name) {
  return strcmp(name, "storages") == 0  ? &t->storages
         : strcmp(name, "tensors") == 0 ? &t->tensors
         : strcmp(name, "pickle") == 0  ? &t->pickle
                                        : NULL;
}

static bool find_members(Tar *t, GError **error) {
  unsigned char block[TAR_BLOCK];
  const uint64_t end = byte_source_size(t->file->source);
  uint64_t at = 0;
  for (int i = 0; i < MOST_MEMBERS && end - at >= TAR_BLOCK; i++) {
    if (!byte_source_read(t->file->source, at, block, TAR_BLOCK, error)) return false;
    char name[101] = "", digits[13] = "";
    memcpy(name, block, 100);
    memcpy(digits, block + 124, 12);
    const uint64_t size = g_ascii_strtoull(digits, NULL, 8);
    at += TAR_BLOCK;
    if (!*name) break;
    if (size > end - at) return fail(t, "a member is cut short: a download cut short?", error);
    ByteSource **slot = slot_of(t, name);
    if (slot && !*slot) *slot = byte_source_window(t->file->source, at, size, t->label);
    at += MIN((size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK, end - at);
  }
  return (t->storages && t->tensors && t->pickle) || fail(t, "a member is missing", error);
}

/* The next pickle of a member; moves the cursor behind it. */
static Pickle *next_pickle(ByteCursor *c, GError **error) {
  Pickle *p = pickle_read(c->source, c->at, torch_global_judge, NULL, error);
  if (p) c->at = pickle_end(p);
  return p;
}

static bool read_count(const Tar *t, ByteCursor *c, uint64_t *n, GError **error) {
  g_autoptr(Pickle) p = next_pickle(c, error);
  if (!p) return false;
  return (pickle_to_u64(pickle_root(p), n) && *n <= MOST_ITEMS) || fail(t, "a count that is none", error);
}

static bool read_storage(Tar *t, ByteCursor *c, GError **error) {
  g_autoptr(Pickle) p = next_pickle(c, error);
  uint64_t key, numbers, bytes;
  Part part = {0};
  if (!p) return false;
  const PickleValue *type = pickle_item(pickle_root(p), 2);
  if (!pickle_to_u64(pickle_item(pickle_root(p), 0), &key) || !type || type->kind != PICKLE_GLOBAL ||
      !torch_global_dtype(pickle_tag(type), &part.dtype))
    return fail(t, "a storage without a key, or of no known class", error);
  if (!byte_cursor_little(c, 8, &numbers, error)) return false;
  if (!dtype_bytes(part.dtype, numbers, &bytes)) return fail(t, "a storage beyond all measure", error);
  part.numbers = numbers;
  const uint64_t start = c->at;
  if (!byte_cursor_skip(c, bytes, error)) return false;
  part.storage = strided_add_range(t->file, t->storages, start, bytes);
  g_hash_table_replace(t->parts, g_memdup2(&key, sizeof key), g_memdup2(&part, sizeof part));
  return true;
}

/* (key, key of the whole, first, numbers) */
static bool read_view_of_storage(Tar *t, const PickleValue *v, GError **error) {
  uint64_t key, root, first, numbers;
  if (!pickle_to_u64(pickle_item(v, 0), &key) || !pickle_to_u64(pickle_item(v, 1), &root) ||
      !pickle_to_u64(pickle_item(v, 2), &first) || !pickle_to_u64(pickle_item(v, 3), &numbers))
    return fail(t, "a part of a storage that is damaged", error);
  const Part *whole = g_hash_table_lookup(t->parts, &root);
  if (!whole || first > whole->numbers || numbers > whole->numbers - first)
    return fail(t, "a part of a storage that is not there", error);
  Part part = {whole->storage, whole->dtype, whole->first + first, numbers};
  g_hash_table_replace(t->parts, g_memdup2(&key, sizeof key), g_memdup2(&part, sizeof part));
  return true;
}

static bool read_storages(Tar *t, ByteCursor *c, GError **error) {
  uint64_t n;
  byte_cursor_init(c, t->storages, 0, UINT64_MAX);
  if (!read_count(t, c, &n, error)) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_storage(t, c, error)) return false;
  g_autoptr(Pickle) views = next_pickle(c, error);
  if (!views) return false;
  const PickleValue *item;
  for (guint i = 0; (item = pickle_item(pickle_root(views), i)); i++)
    if (!read_view_of_storage(t, item, error)) return false;
  return true;
}

static bool read_tensor(Tar *t, ByteCursor *c, GError **error) {
  g_autoptr(Pickle) p = next_pickle(c, error);
  uint64_t key, storage, rank, first;
  if (!p) return false;
  if (!pickle_to_u64(pickle_item(pickle_root(p), 0), &key) || !pickle_to_u64(pickle_item(pickle_root(p), 1), &storage))
    return fail(t, "a tensor without a key or a storage", error);
  const Part *part = g_hash_table_lookup(t->parts, &storage);
  if (!part) return fail(t, "a tensor whose storage is not there", error);
  if (!byte_cursor_little(c, 4, &rank, error) || !byte_cursor_skip(c, 4, error)) return false;
  if (rank > TENSOR_MAX_RANK) return fail(t, "a tensor of more than 8 dimensions", error);
  View v = {.dtype = part->dtype, .view = {.storage = part->storage, .rank = (int)rank}};
  for (uint64_t i = 0; i < 2 * rank; i++)
    if (!byte_cursor_little(c, 8, i < rank ? &v.view.shape[i] : &v.view.step[i - rank], error)) return false;
  if (!byte_cursor_little(c, 8, &first, error)) return false;
  if (__builtin_add_overflow(first, part->first, &v.view.first)) return fail(t, "a tensor beyond its storage", error);
  g_hash_table_replace(t->views, g_memdup2(&key, sizeof key), g_memdup2(&v, sizeof v));
  return true;
}

static bool read_tensors(Tar *t, ByteCursor *c, GError **error) {
  uint64_t n;
  byte_cursor_init(c, t->tensors, 0, UINT64_MAX);
  if (!read_count(t, c, &n, error)) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_tensor(t, c, error)) return false;
  return true;
}

/* The key by which the object refers to a tensor: digits as text, or a number. */
static bool key_of(const PickleValue *v, uint64_t *key) {
  const PickleValue *id = v->kind == PICKLE_PERSISTENT ? v->u.id : NULL;
  if (!id || pickle_to_u64(id, key)) return id != NULL;
  if ((id->kind != PICKLE_TEXT && id->kind != PICKLE_BYTES) || id->u.text.n == 0 || id->u.text.n > 20) return false;
  g_autofree char *digits = g_strndup(id->u.text.bytes, id->u.text.n);
  char *end;
  *key = g_ascii_strtoull(digits, &end, 10);
  return *end == '\0';
}

static bool is_reference(const PickleValue *v) {
  uint64_t key;
  return v && key_of(v, &key);
}

static bool visit(void *user, const SafeText *name, const PickleValue *value, GError **error) {
  Tar *t = user;
  uint64_t key = 0;
  const View *v = key_of(value, &key) ? g_hash_table_lookup(t->views, &key) : NULL;
  if (v) return strided_add_tensor(t->file, g_strdup(name), v->dtype, &v->view, error);
  return g_hash_table_contains(t->parts, &key) || fail(t, "the object refers to a tensor that is not there", error);
}

static bool read_object(Tar *t, GError **error) {
  g_autoptr(Pickle) p = pickle_read(t->pickle, 0, torch_global_judge, NULL, error);
  if (!p || !torch_state_walk(p, t->label, is_reference, visit, t, error)) return false;
  if (weight_file_count(t->file) == 0)
    return fail(t, "holds no tensors outside of objects, which are not searched: save its state_dict() instead", error);
  return strided_end(t->file, error);
}

static bool open_tar(WeightFile *file, GError **error) {
  g_autofree ByteCursor *c = g_new0(ByteCursor, 1);
  Tar t = {.file = file, .label = weight_file_label(file)};
  t.parts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  t.views = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
  strided_begin(file, NULL);
  bool ok =
      find_members(&t, error) && read_storages(&t, c, error) && read_tensors(&t, c, error) && read_object(&t, error);
  ByteSource *members[] = {t.storages, t.tensors, t.pickle};
  for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
    if (members[i]) byte_source_unref(members[i]);
  g_hash_table_unref(t.parts);
  g_hash_table_unref(t.views);
  return ok;
}

const WeightFormat weight_format_torch_tar = {
    .name = "torch-tar", .matches = matches, .open = open_tar, .read_raw = strided_read_raw, .close = strided_close};
