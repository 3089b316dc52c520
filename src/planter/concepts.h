/* SPDX-License-Identifier: Apache-2.0 */
/* Which concepts a collection shows, and which of them stay unseen in training. */
#pragma once

#include <glib.h>

#include "numerics/rng.h"
#include "planter/scene.h"

/* Seen concepts first, then the unseen ones. */
typedef struct {
  unsigned seen, unseen;
  Concept items[SCENE_CONCEPTS];
} ConceptList;

enum { CONCEPTS_MIN = 4 };

/* Chooses `total` concepts, CONCEPTS_MIN to SCENE_CONCEPTS, a quarter of them unseen, such that
 * every word of an unseen concept occurs in a seen one. Few concepts come from few words, so
 * that each word is seen several times. */
void concepts_choose(ConceptList *list, unsigned total, Rng *rng);
