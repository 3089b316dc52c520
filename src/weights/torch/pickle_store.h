/* SPDX-License-Identifier: Apache-2.0 */
/* The values of one pickle, kept together and freed together, within the bounds that pickle.h
 * states. Seen by the pickle_*.c files alone. */
#pragma once

#include "weights/torch/pickle_value.h"

typedef struct {
  GPtrArray *slabs;        /* of arrays of PickleValue */
  guint used;              /* values of the last slab */
  uint64_t values, places; /* places: that containers have taken up */
  size_t bytes;            /* of all this */
  GStringChunk *text;
  GHashTable *names; /* names of globals, each once */
} PickleStore;

void pickle_store_init(PickleStore *store);
void pickle_store_clear(PickleStore *store);

/* A new value, empty but for its kind; NULL when there are too many. */
PickleValue *pickle_store_new(PickleStore *store, PickleKind kind);

/* Adds an item to a TUPLE, LIST, SET or DICT; false when there are too many. */
bool pickle_store_push(PickleStore *store, PickleValue *container, PickleValue *item);

/* A TEXT, BYTES or BIG of n bytes, copied; NULL when there are too many. */
PickleValue *pickle_store_text(PickleStore *store, PickleKind kind, const void *bytes, size_t n);

/* The cleaned "module.name", kept once; NULL when there are too many. */
const SafeText *pickle_store_name(PickleStore *store, const char *module, const char *name);
