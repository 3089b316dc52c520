/* SPDX-License-Identifier: Apache-2.0 */
/* A plain pickle with arrays of numpy: open, validate, read everything. */
#include "tests/fuzz/try_all.h"
#include "weights/weight_open.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autoptr(GBytes) bytes = g_bytes_new_static(data, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "fuzz.pkl");
  g_autoptr(GError) error = NULL;
  try_all(weight_file_open_source(source, &error));
  return 0;
}
