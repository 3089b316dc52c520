/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/read_all.h"

#include <stdlib.h>

#include "core/text.h"

enum { BYTES = 4093, NUMBERS = 1021 };

static void check(bool ok) {
  if (!ok) abort();
}

static void read_bytes(WeightFile *file, size_t i) {
  const TensorInfo *t = weight_file_info(file, i);
  unsigned char bytes[BYTES];
  for (uint64_t at = 0; at < t->bytes; at += BYTES)
    check(weight_file_read_raw(file, i, at, (size_t)MIN(BYTES, t->bytes - at), bytes, NULL));
  check(!weight_file_read_raw(file, i, t->bytes, 1, bytes, NULL));
}

static void read_numbers(WeightFile *file, size_t i) {
  const TensorInfo *t = weight_file_info(file, i);
  float numbers[NUMBERS];
  for (uint64_t at = 0; at < t->count; at += NUMBERS)
    check(weight_file_read_f32(file, i, at, (size_t)MIN(NUMBERS, t->count - at), numbers, NULL));
  check(!weight_file_read_f32(file, i, t->count, 1, numbers, NULL));
}

void read_all(WeightFile *file) {
  if (!file) return;
  GHashTableIter iter;
  gpointer key, value;
  g_hash_table_iter_init(&iter, weight_file_metadata(file));
  while (g_hash_table_iter_next(&iter, &key, &value)) check(text_is_safe(key, -1) && text_is_safe(value, -1));
  for (size_t i = 0; i < weight_file_count(file); i++) {
    const TensorInfo *t = weight_file_info(file, i);
    check(text_is_safe(t->name, -1) && weight_file_find(file, t->name) == (gssize)i);
    read_bytes(file, i);
    if (dtype_is_readable(t->dtype)) read_numbers(file, i);
  }
  weight_file_free(file);
}
