/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a query index: seen by query_index.c and query.c alone. */
#pragma once

#include "experts/voice.h"
#include "search/card_words.h"
#include "search/fusion.h"
#include "search/query.h"

/* A voice that questions are put to. */
typedef struct {
  const Voice *voice; /* borrowed from the set */
  Fusion fusion;      /* fitted when there are several */
} Speaker;

struct QueryIndex {
  VoiceSet *voices;
  GArray *speakers;     /* of Speaker: the best expert of each architecture, or tree */
  GPtrArray *cannot;    /* of SafeText */
  GPtrArray *models;    /* of Model*, a reference to the list */
  GHashTable *answered; /* Model* that a voice speaks of, as a set */
  DeclaredWords *declared;
  GHashTable *places;   /* Model* -> its place in models + 1 */
  GHashTable *training; /* const Expert* -> TrainingSet*, of those that were asked for */
};
