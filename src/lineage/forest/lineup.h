/* SPDX-License-Identifier: Apache-2.0 */
/* Any number of models side by side, fact by fact, with what stands out among them. Pure; safe in any thread. */
#pragma once

#include "lineage/forest/forest.h"

/* One fact of all of them. */
typedef struct {
  char *name;   /* of a field of collection/fields.def, or a key that their files declare */
  char **texts; /* of each model, as people read it; "": it says nothing */
  bool *odd;    /* of each model: more than half of them agree, and it says something else */
  bool same;    /* all agree */
} LineupRow;

typedef struct {
  guint n;         /* models */
  GPtrArray *rows; /* of LineupRow*: facts that at least one of them has */
  guint differ;    /* rows in which not all agree */
  guint odd;       /* cells that stand out */
} Lineup;

enum { LINEUP_MODELS = 64, LINEUP_ROWS = 200 }; /* what more there is is left out */

/* Of the nodes (numbers in the forest, guint), in their order: first the fields that hold for all models, then the keys
 * that their files declare beside these, as many as there is room for. */
Lineup *lineup_new(const Forest *forest, const GArray *nodes, const char *label_key);
void lineup_free(Lineup *lineup); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lineup, lineup_free)

/* The rows in which not all agree first, else as they were. */
void lineup_differences_first(Lineup *lineup);

/* "3 models: 6 of 22 facts differ, 2 stand out". The caller frees it. */
char *lineup_text(const Lineup *lineup);
