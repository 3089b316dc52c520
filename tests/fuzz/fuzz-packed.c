/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file whose tensors may be parts of packed matrices: found by their names, read as what they stand for.
 * What a group's parts say may turn out wrong only when it is read. */
#include "tests/fuzz/try_all.h"
#include "weights/weight_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autoptr(GBytes) bytes = g_bytes_new_static(data, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "fuzz.safetensors");
  g_autoptr(GError) error = NULL;
  try_all(weight_file_open_source(source, &error));
  return 0;
}
