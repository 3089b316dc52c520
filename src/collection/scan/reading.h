/* SPDX-License-Identifier: Apache-2.0 */
/* Reading candidates into a catalog: on the threads of one process (reading_all), or on several processes
 * (team_reading.h). */
#pragma once

#include "collection/catalog/catalog.h"
#include "collection/read/header_cache.h"
#include "collection/walk/candidate.h"
#include "core/progress.h"

/* Everything a reading holds; all of it borrowed but `batches` and `error`. */
typedef struct {
  Catalog *catalog;
  const char *root;
  const Progress *progress;
  const GPtrArray *pending; /* of Candidate */
  HeaderCache *headers;
  GHashTable *marked; /* paths of candidates that hold a "!" */
  GArray **batches;   /* of Result, one a thread */
  atomic_uint done, opened;
  _Atomic uint64_t bytes; /* of the models found so far */
  GMutex lock;            /* of what follows */
  GHashTable *members;    /* paths of models in archives that were stored, owned */
  GError *error;          /* the first */
} Reading;

/* Reads and stores the pending candidates; what was read before a stop is stored as well. */
bool reading_all(Reading *reading, unsigned threads, GError **error);

/* Reads candidates[0..n) (NULL: passed over) one after the other into reading->catalog. False when that cannot be
 * stored, or the reading was stopped. */
bool reading_some(Reading *reading, const Candidate *const *candidates, size_t n);
