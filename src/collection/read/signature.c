/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/signature.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/hash.h"
#include "weights/layers/name_key.h"

static uint64_t add_text(uint64_t h, const char *s) { return hash_name_bytes(h, s, strlen(s)); }

/* A layer under the key of its name, so that the tools' spellings make one signature. */
typedef struct {
  char *key;
  const LayerInfo *layer;
} Keyed;

static int by_key_then_form(const void *a, const void *b) {
  const Keyed *x = a, *y = b;
  int order = strcmp(x->key, y->key);
  /* The forms' letters: d before l. No key holds a character below the tab that ends it, so the lines sort as the keys
   * do; of one key and form, sizes decide. */
  if (order == 0) order = (x->layer->form == LAYER_LOW_RANK) - (y->layer->form == LAYER_LOW_RANK);
  if (order == 0) order = (x->layer->d_out > y->layer->d_out) - (x->layer->d_out < y->layer->d_out);
  return order ? order : (x->layer->d_in > y->layer->d_in) - (x->layer->d_in < y->layer->d_in);
}

SafeText *signature_of_layers(const GArray *layers) {
  if (layers->len == 0) return g_strdup("");
  g_autofree Keyed *order = g_new(Keyed, layers->len);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    order[i] = (Keyed){name_key(l->name), l};
  }
  qsort(order, layers->len, sizeof *order, by_key_then_form);
  uint64_t h = HASH_NAME_BEGIN;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = order[i].layer;
    char end[64];
    snprintf(end, sizeof end, "\t%c\t%" PRIu64 "x%" PRIu64 "\n", l->form == LAYER_DENSE ? 'd' : 'l', l->d_out, l->d_in);
    h = add_text(add_text(h, order[i].key), end);
    g_free(order[i].key);
  }
  return g_strdup_printf("%016" PRIx64, h);
}
