/* SPDX-License-Identifier: Apache-2.0 */
/* What download tools and people keep beside a weight file, under each of the names that such files have. */
#include <stdlib.h>

#include "collection/read/sidecar.h"
#include "collection/walk/file_use.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  for (const char *const *ending = file_sidecar_endings(); *ending; ending++) {
    g_autoptr(Model) m = model_new();
    sidecar_add_facts(m, (const char *)data, n, *ending);
    for (guint i = 0; i < m->facts->len; i++) {
      const Fact *f = m->facts->pdata[i];
      if (!text_is_safe(f->key, -1) || !text_is_safe(f->value, -1) || !text_is_safe(f->source, -1)) abort();
    }
  }
  return 0;
}
