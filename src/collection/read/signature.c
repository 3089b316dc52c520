/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/hash.h"

static uint64_t add_text(uint64_t h, const char *s) { return hash_name_bytes(h, s, strlen(s)); }

static int by_name_then_form(const void *a, const void *b) {
  const LayerInfo *x = *(const LayerInfo *const *)a, *y = *(const LayerInfo *const *)b;
  int order = strcmp(x->name, y->name);
  /* The forms' letters: d before l. Names are unique within a form, so sizes never decide; and
   * no name holds a character below the tab that ends it, so the lines sort as the names do. */
  return order ? order : (x->form == LAYER_LOW_RANK) - (y->form == LAYER_LOW_RANK);
}

SafeText *signature_of_layers(const GArray *layers) {
  if (layers->len == 0) return g_strdup("");
  g_autofree const LayerInfo **order = g_new(const LayerInfo *, layers->len);
  for (guint i = 0; i < layers->len; i++) order[i] = &g_array_index(layers, LayerInfo, i);
  qsort(order, layers->len, sizeof *order, by_name_then_form);
  uint64_t h = HASH_NAME_BEGIN;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = order[i];
    char end[64];
    snprintf(end, sizeof end, "\t%c\t%" PRIu64 "x%" PRIu64 "\n", l->form == LAYER_DENSE ? 'd' : 'l', l->d_out, l->d_in);
    h = add_text(add_text(h, l->name), end);
  }
  return g_strdup_printf("%016" PRIx64, h);
}
