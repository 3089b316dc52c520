/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a query index: seen by query_index.c and query.c alone. */
#pragma once

#include "experts/representation.h"
#include "search/said.h"
#include "search/fusion.h"
#include "search/query.h"

/* One expert with what it says of every model it may judge. */
typedef struct {
  const Expert *expert;
  TextEncoder *encoder;  /* borrowed */
  Representations *rep;
  Fusion fusion;         /* fitted when there are several voices */
} Voice;

struct QueryIndex {
  GPtrArray *experts;      /* of Expert*, owned */
  GHashTable *encoders;    /* description and prompts -> TextEncoder*, owned */
  GPtrArray *voices;       /* of Voice*: one for each architecture, its best expert */
  GPtrArray *cannot;       /* of SafeText */
  GPtrArray *models;       /* of Model*, a reference to the list */
  GHashTable *answered;    /* Model* that a voice speaks of, as a set */
  SaidIndex *said;     /* made when it is first asked */
};
