/* SPDX-License-Identifier: Apache-2.0 */
/* The discriminative tree: one classifier of scenes, full fine-tunes of it on random halves of
 * the classes, fine-tunes of those, and some of these again; each a repository in a Hub's cache.
 * About a third of them do not say what they were made from. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "planter/planting.h"

typedef struct {
  unsigned models;     /* fine-tunes of all generations */
  unsigned base_steps; /* Adam steps of the base */
} ClassesPlan;

/* Trains and writes the tree and adds it to the truth. Files depend on the planting's seed and
 * the plan alone, not on threads. */
bool classes_plant(const Planting *planting, const ClassesPlan *plan, GError **error);
