/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a query index: seen by query_index.c and query.c alone. */
#pragma once

#include "experts/representation.h"
#include "search/card_words.h"
#include "search/fusion.h"
#include "search/query.h"

/* One expert with what it says of every model it may judge. */
typedef struct {
  const Expert *expert;
  TextEncoder *encoder; /* borrowed */
  Representations *rep;
  Fusion fusion; /* fitted when there are several voices */
} Voice;

/* True when the voice answers for that model of its representations: an expert that was trained on
 * one tree answers for that tree alone. */
bool voice_speaks_of(const Voice *voice, const Model *model);

struct QueryIndex {
  GPtrArray *experts;   /* of Expert*, owned */
  GHashTable *encoders; /* description and prompts -> TextEncoder*, owned */
  GPtrArray *voices;    /* of Voice*: the best expert of each architecture, or tree */
  GPtrArray *cannot;    /* of SafeText */
  GPtrArray *models;    /* of Model*, a reference to the list */
  GHashTable *answered; /* Model* that a voice speaks of, as a set */
  DeclaredWords *declared;
  GHashTable *places; /* Model* -> its place in models + 1 */
};
