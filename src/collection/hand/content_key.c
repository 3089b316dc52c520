/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/hand/content_key.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "collection/stamp.h"

enum { LOOK_BYTES = 4096, KEY_DIGITS = 32 };

/* How closely one looks. */
typedef struct {
  const char *space; /* of the catalog */
  size_t looks;      /* tensors whose bytes count */
  size_t bytes;      /* of each */
  bool middle;       /* from its middle on, and the last tensor too */
} Looking;

static const Looking plain = {"content-key-1", 16, LOOK_BYTES, false}, closer = {"content-close-1", 256, 512, true};

static void add_names(XXH3_state_t *h, const WeightFile *file) {
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    XXH3_128bits_update(h, t->name, strlen(t->name) + 1);
    XXH3_128bits_update(h, &t->dtype, sizeof t->dtype);
    XXH3_128bits_update(h, t->shape, (size_t)t->rank * sizeof *t->shape);
  }
}

static bool add_bytes(XXH3_state_t *h, WeightFile *file, const Looking *l, GError **error) {
  unsigned char bytes[LOOK_BYTES];
  const size_t n = weight_file_count(file), looks = MIN(n, l->looks);
  for (size_t k = 0; k < looks; k++) {
    const size_t i = l->middle && looks > 1 ? k * (n - 1) / (looks - 1) : k * n / looks;
    const uint64_t all = weight_file_info(file, i)->bytes;
    const size_t want = (size_t)MIN(all, (uint64_t)l->bytes);
    if (!weight_file_read_raw(file, i, l->middle ? (all - want) / 2 : 0, want, bytes, error)) return false;
    XXH3_128bits_update(h, bytes, want);
  }
  return true;
}

static char *compute(WeightFile *file, const Looking *l, GError **error) {
  XXH3_state_t *h = XXH3_createState();
  XXH3_128bits_reset(h);
  add_names(h, file);
  bool ok = add_bytes(h, file, l, error);
  XXH128_hash_t sum = XXH3_128bits_digest(h);
  XXH3_freeState(h);
  return ok ? g_strdup_printf("%016" PRIx64 "%016" PRIx64, sum.high64, sum.low64) : NULL;
}

static char *key_of(Collection *c, const Model *m, const Looking *l, GError **error) {
  g_autofree char *stamp = model_stamp(c, m);
  g_autoptr(GBytes) known = stamp ? collection_get(c, l->space, stamp, NULL) : NULL;
  if (known && g_bytes_get_size(known) == KEY_DIGITS) return g_strndup(g_bytes_get_data(known, NULL), KEY_DIGITS);
  g_autoptr(WeightFile) file = collection_open_weights(c, m, error);
  char *key = file ? compute(file, l, error) : NULL;
  g_autoptr(GBytes) value = key ? g_bytes_new(key, KEY_DIGITS) : NULL;
  if (value && stamp) collection_put(c, l->space, stamp, value, NULL); /* of a read-only collection, into memory */
  return key;
}

char *content_key(Collection *c, const Model *m, GError **error) { return key_of(c, m, &plain, error); }

char *content_key_close(Collection *c, const Model *m, GError **error) { return key_of(c, m, &closer, error); }
