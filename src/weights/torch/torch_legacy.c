/* SPDX-License-Identifier: Apache-2.0 */
/* What torch.save() wrote before its archives: five pickles (a magic number, the protocol, facts of
 * the machine, the object, the keys of the storages) and then each storage as a count of 64 bits
 * and its numbers. The width of a number is not said there: the object's pickle says it. */
#include <string.h>

#include "core/error.h"
#include "weights/torch/pickle.h"
#include "weights/strided.h"
#include "weights/torch/torch_build.h"
#include "weights/torch/torch_file.h"
#include "weights/torch/torch_globals.h"
#include "weights/torch/torch_state.h"

/* 0x1950a86a20f9469cfc6c, little-endian, and its digits as protocols 0 and 1 write them. */
static const unsigned char magic[10] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
static const char magic_digits[] = "119547037146038801333356";
enum { PROTOCOL = 1001, MAGIC_WITHIN = 16 /* protocol, frame, opcode and length come before it */ };

/* What the pickle says of a storage, and where it was found. */
typedef struct {
  unsigned width;
  uint64_t numbers;
  gssize index; /* in the file's storages; -1: not found yet */
} Expected;

typedef struct {
  WeightFile *file;
  ByteSource *source;
  const char *label;
  uint64_t at;          /* next byte */
  GHashTable *expected; /* key (borrowed from a pickle) -> Expected */
} Legacy;

static bool fail(const Legacy *l, CopseErrorCode code, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, code, "%s: %s%s", l->label, problem,
              code == COPSE_ERROR_FORMAT ? damage_hint(problem) : "");
  return false;
}

bool torch_legacy_matches(const unsigned char *head, size_t n) {
  for (size_t i = 1; i <= MAGIC_WITHIN && i + sizeof magic <= n; i++)
    if (memcmp(head + i, magic, sizeof magic) == 0) return head[0] == 0x80;
  return n >= sizeof magic_digits && head[0] == 'L' && memcmp(head + 1, magic_digits, sizeof magic_digits - 1) == 0;
}

static Pickle *next_pickle(Legacy *l, GError **error) {
  Pickle *p = pickle_read(l->source, l->at, torch_global_judge, NULL, error);
  if (p) l->at = pickle_end(p);
  return p;
}

static bool read_magic(Legacy *l, GError **error) {
  g_autoptr(Pickle) p = next_pickle(l, error);
  if (!p) return false;
  const PickleValue *v = pickle_root(p);
  if (v->kind == PICKLE_BIG && v->u.text.n == sizeof magic && memcmp(v->u.text.bytes, magic, sizeof magic) == 0)
    return true;
  return fail(l, COPSE_ERROR_UNSUPPORTED,
              "a plain Python pickle, not written by torch.save(): no tensors are read from it", error);
}

static bool read_protocol(Legacy *l, GError **error) {
  g_autoptr(Pickle) p = next_pickle(l, error);
  if (!p) return false;
  uint64_t version;
  return (pickle_to_u64(pickle_root(p), &version) && version == PROTOCOL) ||
         fail(l, COPSE_ERROR_UNSUPPORTED,
              "its version of PyTorch's old format is not 1001, the only one that is read: load and save it again",
              error);
}

static bool read_machine(Legacy *l, GError **error) {
  g_autoptr(Pickle) p = next_pickle(l, error);
  if (!p) return false;
  const PickleValue *little = torch_state_get(pickle_root(p), "little_endian");
  if (!little || little->kind != PICKLE_BOOL) return fail(l, COPSE_ERROR_FORMAT, "does not say its byte order", error);
  return little->u.truth ||
         fail(l, COPSE_ERROR_UNSUPPORTED,
              "its numbers are big-endian: load and save it again on a little-endian machine", error);
}

/* Notes width and size of every storage that the object refers to. */
static bool expect_storages(Legacy *l, const Pickle *p, GError **error) {
  const GPtrArray *all = pickle_persistents(p);
  for (guint i = 0; i < all->len; i++) {
    const PickleValue *v = all->pdata[i];
    TorchStorage s;
    const char *problem;
    if (pickle_is_text(pickle_item(v->u.id, 0), "module")) continue; /* a class's source text */
    if (torch_storage_read(v, &s, &problem) == TORCH_DAMAGED)
      return fail(l, COPSE_ERROR_FORMAT, "a storage of no known class or without key or size", error);
    const Expected *known = g_hash_table_lookup(l->expected, s.key);
    if (known && (known->width != s.width || known->numbers != s.numbers))
      return fail(l, COPSE_ERROR_FORMAT, "two tensors disagree about a storage", error);
    if (known) continue;
    Expected *e = g_new(Expected, 1);
    *e = (Expected){.width = s.width, .numbers = s.numbers, .index = -1};
    g_hash_table_insert(l->expected, (char *)s.key, e);
  }
  return true;
}

/* Says how much of the file is there. `before`: where the storage at work begins. */
static bool fail_short(const Legacy *l, uint64_t before, GError **error) {
  GHashTableIter it;
  gpointer value;
  uint64_t needed = before;
  g_hash_table_iter_init(&it, l->expected);
  while (g_hash_table_iter_next(&it, NULL, &value)) {
    const Expected *e = value;
    uint64_t bytes;
    if (e->index >= 0) continue;
    if (__builtin_mul_overflow(e->numbers, (uint64_t)e->width, &bytes)) bytes = UINT64_MAX / 4;
    needed += sizeof e->numbers + MIN(bytes, UINT64_MAX / 4 - MIN(needed, UINT64_MAX / 4));
  }
  g_autofree char *problem = g_strdup_printf("ends within a storage: a download cut short? %" G_GUINT64_FORMAT
                                             " of %" G_GUINT64_FORMAT " bytes are there",
                                             byte_source_size(l->source), needed);
  return fail(l, COPSE_ERROR_FORMAT, problem, error);
}

/* Takes the next storage off the file. */
static bool read_storage(Legacy *l, const PickleValue *key, GError **error) {
  bool text = key->kind == PICKLE_TEXT && !memchr(key->u.text.bytes, '\0', key->u.text.n);
  Expected *e = text ? g_hash_table_lookup(l->expected, key->u.text.bytes) : NULL;
  if (!e) return fail(l, COPSE_ERROR_FORMAT, "a storage that no tensor refers to", error);
  if (e->index >= 0) return fail(l, COPSE_ERROR_FORMAT, "a storage appears twice", error);
  const uint64_t before = l->at;
  uint64_t numbers, bytes, left = byte_source_size(l->source) - l->at;
  if (left < sizeof numbers) return fail_short(l, before, error);
  if (!byte_source_read(l->source, l->at, &numbers, sizeof numbers, error)) return false;
  l->at += sizeof numbers;
  left -= sizeof numbers;
  if (numbers != e->numbers)
    return fail(l, COPSE_ERROR_FORMAT, "a storage has another size than its tensors say", error);
  if (__builtin_mul_overflow(numbers, (uint64_t)e->width, &bytes) || bytes > left) return fail_short(l, before, error);
  e->index = (gssize)strided_add_range(l->file, l->source, l->at, bytes);
  l->at += bytes;
  return true;
}

static bool read_storages(Legacy *l, const PickleValue *keys, GError **error) {
  if (keys->kind != PICKLE_LIST) return fail(l, COPSE_ERROR_FORMAT, "has no list of its storages", error);
  for (guint i = 0; i < keys->u.items.n; i++)
    if (!read_storage(l, keys->u.items.at[i], error)) return false;
  return true;
}

static gssize find_storage(WeightFile *file, void *user, const char *key, GError **error) {
  (void)file;
  const Legacy *l = user;
  const Expected *e = g_hash_table_lookup(l->expected, key);
  if (!e || e->index < 0) {
    g_autofree SafeText *shown = safe_text(key, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: has no storage %s: damaged? fetch or save it again",
                l->label, shown);
    return -1;
  }
  return e->index;
}

bool torch_legacy_open(WeightFile *file, ByteSource *source, GError **error) {
  Legacy l = {.file = file, .source = source, .label = byte_source_label(source)};
  strided_begin(file, NULL);
  if (!read_magic(&l, error) || !read_protocol(&l, error) || !read_machine(&l, error)) return false;
  g_autoptr(Pickle) object = next_pickle(&l, error);
  g_autoptr(Pickle) keys = object ? next_pickle(&l, error) : NULL;
  if (!keys) return false;
  g_autoptr(GHashTable) expected = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
  l.expected = expected;
  return expect_storages(&l, object, error) && read_storages(&l, pickle_root(keys), error) &&
         torch_build(file, object, l.label, find_storage, &l, error);
}
