/* SPDX-License-Identifier: Apache-2.0 */
/* The representations of all models that an expert may speak of, kept in one mapped file beside the
 * experts: e of each model, brought to length 1 for alignment; zeros where the expert has no answer, since the model
 * changes nothing or is unlike anything in training. A second call computes only those
 * of new or changed models. */
#pragma once

#include "core/guarded_map.h"
#include "experts/expert.h"
#include "numerics/coarse.h"

typedef struct {
  GPtrArray *models; /* of Model*, those of the expert's architecture that could be read */
  size_t width;      /* r_t */
  const float *rows; /* (models, width): mapped, or computed */
  size_t computed;   /* rows that were not in the file */
  GuardedMap *map;   /* NULL: in memory */
  float *memory;
  /* Codes beside the rows (numerics/coarse.h), made when many rows are asked for their nearest again and again. */
  GMutex coarse_lock; /* of what follows */
  CoarseRows *coarse;
  unsigned asked;
} Representations;

/* Brings the file up to date for the models of the expert's architecture among `models` and maps it. Read-only
 * collections, and experts from elsewhere, keep the rows in memory. A model whose layer cannot be read is left out,
 * with a line in `warnings` (char*, may be NULL); a damaged file is set aside, likewise. NULL only when cancelled or out of memory. */
Representations *representations_open(const Collection *collection, const Expert *expert, const GPtrArray *models,
                                      GPtrArray *warnings, const Progress *progress, GError **error);
/* Stores what another process had computed of an expert that was not stored there (Expert.rows) and is here. A file that
 * fits no expert or no models is noticed when it is opened, as any. Failing costs time later, nothing else. */
void representations_take_over(const Collection *collection, const Expert *expert, GBytes *content);

/* True for a row of zeros: no answer. */
bool representations_is_silent(const Representations *r, size_t row);
void representations_free(Representations *r);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Representations, representations_free)
