/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody says to the plain conversation, who may not write: answers are text and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ui_fixture.h"
#include "ui/plain/plain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const char *text) {
  if (!g_utf8_validate(text, -1, NULL)) abort();
  for (const char *p = text; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    if (c != '\n' && (c < ' ' || (c >= 0x7f && c < 0xa0))) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (n == 0) return 0;
  char *text = NULL;
  size_t size = 0;
  FakeWood wood = {.skips = 1};
  FILE *in = fmemopen((void *)data, n, "r"), *out = open_memstream(&text, &size);
  UiOptions options = {.collection = fake_collection(&wood), .read_only = true};
  g_autoptr(GError) error = NULL;
  if (!in || !out || !plain_run(&options, &fake_ops, in, out, &error)) abort();
  fclose(in);
  fclose(out);
  check(text);
  if (atomic_load(&wood.trainings) || wood.memory) abort();
  free(text);
  return 0;
}
