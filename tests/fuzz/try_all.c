/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/try_all.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

enum { MOST = 4 << 20, STRETCH = 4093, NUMBERS = 1021 };

static void check(bool ok) {
  if (!ok) abort();
}

/* A whole tensor at once and in stretches: both fail, or both give the same. */
static void try_bytes(WeightFile *file, size_t i) {
  const TensorInfo *t = weight_file_info(file, i);
  g_autoptr(GError) error = NULL;
  g_autofree char *whole = g_malloc0(t->bytes + 1), *part = g_malloc(STRETCH);
  bool ok = weight_file_read_raw(file, i, 0, (size_t)t->bytes, whole, &error);
  check(ok == (error == NULL));
  for (uint64_t at = 0; at < t->bytes; at += STRETCH) {
    size_t n = (size_t)MIN(STRETCH, t->bytes - at);
    check(weight_file_read_raw(file, i, at, n, part, NULL) == ok);
    check(!ok || memcmp(part, whole + at, n) == 0);
  }
  check(!weight_file_read_raw(file, i, t->bytes, 1, part, NULL));
}

static void try_numbers(WeightFile *file, size_t i) {
  const TensorInfo *t = weight_file_info(file, i);
  float numbers[NUMBERS];
  for (uint64_t at = 0; at < t->count; at += NUMBERS) {
    size_t n = (size_t)MIN(NUMBERS, t->count - at);
    if (!weight_file_read_f32(file, i, at, n, numbers, NULL)) return;
  }
  check(!weight_file_read_f32(file, i, t->count, 1, numbers, NULL));
}

void try_all(WeightFile *file) {
  if (!file) return;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, weight_file_metadata(file));
  while (g_hash_table_iter_next(&iter, &key, &value)) check(text_is_safe(key, -1) && text_is_safe(value, -1));
  uint64_t left = MOST;
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    check(text_is_safe(t->name, -1) && weight_file_find(file, t->name) == (gssize)i);
    if (t->bytes > left) continue;
    left -= t->bytes;
    try_bytes(file, i);
    if (dtype_is_readable(t->dtype)) try_numbers(file, i);
  }
  weight_file_free(file);
}
