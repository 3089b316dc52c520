/* SPDX-License-Identifier: Apache-2.0 */
/* A PyTorch file of either form: open, validate, read everything. The input is taken as a whole
 * file, and as what follows the first three pickles of the old form, so that changes to the
 * object's pickle need no archive around them. */
#include "tests/fuzz/try_all.h"
#include "weights/weight_open.h"

static const char head[] =
    "\x80\2\x8a\12\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
    "\x80\2M\xe9\3."
    "\x80\2}X\15\0\0\0little_endian\x88s.";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_bytes(GBytes *bytes) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "fuzz.pt");
  g_autoptr(GError) error = NULL;
  try_all(weight_file_open_source(source, &error));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autoptr(GBytes) whole = g_bytes_new_static(data, n);
  try_bytes(whole);
  GByteArray *old = g_byte_array_new();
  g_byte_array_append(old, (const guint8 *)head, sizeof head - 1);
  g_byte_array_append(old, data, (guint)n);
  g_autoptr(GBytes) prefixed = g_byte_array_free_to_bytes(old);
  try_bytes(prefixed);
  return 0;
}
