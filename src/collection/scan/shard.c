/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/scan/shard.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "collection/walk/candidate.h"

typedef struct {
  Candidate *candidate;
  uint64_t bytes;
  guint place;
} Item;

static uint64_t bytes_of(const Candidate *c) {
  uint64_t sum = 0;
  for (guint i = 0; i < c->weights->len; i++) sum += g_array_index(c->weights, FileRef, i).stamp.size;
  return sum;
}

static int largest_first(const void *a, const void *b) {
  const Item *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
  return strcmp(x->candidate->path, y->candidate->path);
}

static unsigned lightest(const uint64_t *load, unsigned parts) {
  unsigned best = 0;
  for (unsigned p = 1; p < parts; p++)
    if (load[p] < load[best]) best = p;
  return best;
}

GPtrArray *shard_take(const GPtrArray *candidates, Shard shard) {
  enum { EACH = 65536 }; /* beside its bytes each file has a cost of its own */
  GPtrArray *own = g_ptr_array_new();
  const unsigned parts = shard.parts;
  if (parts <= 1) {
    g_ptr_array_extend(own, (GPtrArray *)candidates, NULL, NULL);
    return own;
  }
  g_autofree Item *items = g_new(Item, candidates->len + 1);
  g_autofree uint64_t *load = g_new0(uint64_t, parts);
  g_autofree bool *mine = g_new0(bool, candidates->len + 1);
  for (guint i = 0; i < candidates->len; i++) {
    Candidate *c = candidates->pdata[i];
    items[i] = (Item){c, bytes_of(c), i};
  }
  qsort(items, candidates->len, sizeof *items, largest_first);
  for (guint i = 0; i < candidates->len; i++) {
    unsigned part = lightest(load, parts);
    load[part] += items[i].bytes + EACH;
    mine[items[i].place] = part + 1 == shard.part;
  }
  for (guint i = 0; i < candidates->len; i++)
    if (mine[i]) g_ptr_array_add(own, candidates->pdata[i]);
  return own;
}
