/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/tensor_sum.h"

#include <inttypes.h>
#include <string.h>

#include "core/error.h"
#include "numerics/hash.h"
#include "weights/convert.h"

enum { BLOCK = 65536 };
enum { SALT_ENTRY = 1, SALT_TENSOR = 2 };

static char *text_of(ContentHash h) { return g_strdup_printf("%016" PRIx64 "%016" PRIx64, h.hi, h.lo); }

/* As it reads when it is loaded again. */
static void add_entry(ContentHash *sum, const char *key, const char *value) {
  g_autofree SafeText *k = safe_text(key, -1), *v = safe_text(value, -1);
  g_autofree char *both = g_strconcat(k, "\n", v, NULL);
  if (strcmp(key, TENSOR_SUM) != 0) content_hash_join(sum, content_hash(SALT_ENTRY, both, strlen(both)));
}

/* Name, type and shape come first. */
static ContentHasher *begin_tensor(const char *name, Dtype dtype, int rank, const uint64_t *shape) {
  ContentHasher *h = content_hasher_new(SALT_TENSOR);
  if (!h) return NULL;
  content_hasher_add(h, name, strlen(name) + 1);
  content_hasher_add(h, dtype_name(dtype), strlen(dtype_name(dtype)) + 1);
  content_hasher_add(h, shape, (size_t)rank * sizeof *shape);
  return h;
}

static bool add_numbers(ContentHasher *h, const TensorOut *t) {
  unsigned char block[BLOCK];
  uint64_t n = 1, width = 0;
  for (int i = 0; i < t->rank; i++) n *= t->shape[i];
  dtype_bytes(t->dtype, 1, &width);
  const uint64_t step = sizeof block / width;
  if (t->dtype == DTYPE_F32) content_hasher_add(h, t->data, n * sizeof(float));
  for (uint64_t done = 0; t->dtype != DTYPE_F32 && done < n; done += step) {
    uint64_t k = MIN(step, n - done);
    if (!dtype_from_f32(t->dtype, t->data + done, block, k)) return false;
    content_hasher_add(h, block, k * width);
  }
  return true;
}

char *tensor_sum_of(const TensorOut *tensors, size_t n, const char *const *metadata) {
  ContentHash sum = {0, 0};
  for (const char *const *m = metadata; m && m[0]; m += 2) add_entry(&sum, m[0], m[1]);
  for (size_t i = 0; i < n; i++) {
    const TensorOut *t = &tensors[i];
    g_autoptr(ContentHasher) h = begin_tensor(t->name, t->dtype, t->rank, t->shape);
    if (!h || !add_numbers(h, t)) return NULL;
    content_hash_join(&sum, content_hasher_end(h));
  }
  return text_of(sum);
}

static bool add_stored(WeightFile *f, size_t i, ContentHash *sum, GError **error) {
  unsigned char block[BLOCK];
  const TensorInfo *t = weight_file_info(f, i);
  g_autoptr(ContentHasher) h = begin_tensor(t->name, t->dtype, t->rank, t->shape);
  for (uint64_t at = 0; h && at < t->bytes; at += sizeof block) {
    size_t k = (size_t)MIN((uint64_t)sizeof block, t->bytes - at);
    if (!weight_file_read_raw(f, i, at, k, block, error)) return false;
    content_hasher_add(h, block, k);
  }
  if (h) content_hash_join(sum, content_hasher_end(h));
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: not enough memory to check its sum: close other programs",
                weight_file_label(f));
  return h != NULL;
}

bool tensor_sum_holds(WeightFile *f, GError **error) {
  const char *said = g_hash_table_lookup(weight_file_metadata(f), TENSOR_SUM);
  ContentHash sum = {0, 0};
  GHashTableIter iter;
  gpointer key, value;
  if (!said) return true;
  g_hash_table_iter_init(&iter, weight_file_metadata(f));
  while (g_hash_table_iter_next(&iter, &key, &value)) add_entry(&sum, key, value);
  for (size_t i = 0; i < weight_file_count(f); i++)
    if (!add_stored(f, i, &sum, error)) return false;
  g_autofree char *found = text_of(sum);
  if (strcmp(found, said) == 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE,
              "%s is damaged: its bytes are not those that were written; delete it and make it again",
              weight_file_label(f));
  return false;
}
