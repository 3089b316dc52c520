/* SPDX-License-Identifier: Apache-2.0 */
/* Where what a model says of itself cannot be true beside its weights, its shapes or its kin: by severity, each with
 * its evidence in a sentence. Pure; reads no files. */
#pragma once

#include "lineage/forest/forest.h"

typedef enum { SEVERITY_HIGH, SEVERITY_MEDIUM, SEVERITY_LOW } ConflictSeverity;

typedef enum {
  CONFLICT_BASE,    /* its card names a parent, the weights say another */
  CONFLICT_FAMILY,  /* what it declares and its shapes are of two families */
  CONFLICT_LICENCE, /* permissive, and made from a model whose licence does not let it be */
  CONFLICT_CARD     /* the same weights as another model's, and a card that names another base than that one's */
} ConflictKind;

typedef struct {
  ConflictSeverity severity;
  ConflictKind kind;
  unsigned node;
  char *sentence; /* safe to show, without the model's own name in front */
} Conflict;

/* "high", "medium", "low". Static text. */
const char *conflict_severity_name(ConflictSeverity severity);

/* "base", "family", "licence", "card-of-another". Static text. */
const char *conflict_kind_name(ConflictKind kind);

/* Array of Conflict* that owns them: the most severe first, then in the order of nodes.
 *   base     high, medium where nothing here is the parent instead
 *   family   high: an adapter made for another family does not load
 *   licence  along edges to parents that are at least .75 sure and have a direction, or that hold the same tensors, and on
 *            to the root; the nearest ancestor that binds is named. High under a non-commercial licence, else medium; one less where the way
 *            there has an edge below .9, or the model is only an adapter of it
 *   card     low */
GPtrArray *conflicts_list(const Forest *forest);
