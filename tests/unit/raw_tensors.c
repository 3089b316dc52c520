/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/raw_tensors.h"

#include <string.h>

#include "weights/weight_open.h"

RawTensors raw_tensors_new(void) { return (RawTensors){g_string_new("{"), g_string_new(NULL)}; }

void raw_tensors_add(RawTensors *t, const char *name, const char *dtype, const int *shape, const void *bytes,
                     size_t n) {
  g_string_append_printf(t->head, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", t->head->len > 1 ? "," : "", name, dtype);
  for (int i = 0; shape[i] >= 0; i++) g_string_append_printf(t->head, "%s%d", i ? "," : "", shape[i]);
  g_string_append_printf(t->head, "],\"data_offsets\":[%zu,%zu]}", (size_t)t->data->len, (size_t)t->data->len + n);
  g_string_append_len(t->data, bytes, (gssize)n);
}

void raw_tensors_add_number(RawTensors *t, const char *name, int32_t x) {
  raw_tensors_add(t, name, "I32", (int[]){-1}, &x, sizeof x);
}

GBytes *raw_tensors_end(RawTensors *t) {
  g_string_append_c(t->head, '}');
  uint64_t length = t->head->len;
  GByteArray *file = g_byte_array_new();
  g_byte_array_append(file, (const guint8 *)&length, sizeof length);
  g_byte_array_append(file, (const guint8 *)t->head->str, (guint)t->head->len);
  g_byte_array_append(file, (const guint8 *)t->data->str, (guint)t->data->len);
  g_string_free(t->head, TRUE);
  g_string_free(t->data, TRUE);
  return g_byte_array_free_to_bytes(file);
}

/* Into the seeds of fuzz-packed, when the environment says where those are. */
static void save_seed(GBytes *bytes) {
  enum { MOST = 5000 };
  const char *folder = g_getenv("COPSE_WRITE_CORPUS");
  if (!folder || g_bytes_get_size(bytes) > MOST) return;
  g_autofree char *name = g_strdelimit(g_strdup(g_test_get_path() + 1), "/", '-');
  g_autofree char *below = g_build_filename(folder, "packed", NULL), *path = g_build_filename(below, name, NULL);
  g_mkdir_with_parents(below, 0755);
  g_assert_true(g_file_set_contents(path, g_bytes_get_data(bytes, NULL), (gssize)g_bytes_get_size(bytes), NULL));
}

WeightFile *raw_tensors_open(RawTensors *t) {
  g_autoptr(GBytes) bytes = raw_tensors_end(t);
  save_seed(bytes);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "packed.safetensors");
  g_autoptr(GError) error = NULL;
  WeightFile *f = weight_file_open_source(source, &error);
  g_assert_no_error(error);
  return f;
}
