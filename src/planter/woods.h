/* SPDX-License-Identifier: Apache-2.0 */
/* Woods: many trees of small networks in which everything happens that happens to models. Several
 * bases share an architecture; children are fine-tuned, trained on, tuned by merged low-rank
 * changes, saved step by step; there are copies, recasts, quantised copies, merges, loose
 * adapters; some bases are missing and some cards lie. What lineage recovers is measured here. */
#pragma once

#include "planter/planting.h"

typedef struct {
  bool stars;        /* stars, generations and chains of trained models alone, on data of another domain */
  int setting;       /* of stars: how all trees are trained, or -1: each tree in the next way */
  unsigned children; /* of stars: trained models a tree, or 0: 5 to 20 */
  unsigned trees;    /* at least 1 */
  unsigned plain;    /* trained models a tree, its base included; copies, merges and adapters come on
                     top, about half as many again */
} WoodsPlan;

/* How stars may be trained: "same", "shifted", … Static text. */
unsigned stars_settings(void);
const char *stars_setting_name(unsigned setting);
bool stars_setting_from_name(const char *name, unsigned *setting);

/* Plants every model into a folder of its own, NAME/model.safetensors or, for steps of a run,
 * RUN/checkpoint-N/model.safetensors, with a card. Names tell nothing of the origin. */
bool woods_plant(const Planting *planting, const WoodsPlan *plan, GError **error);
