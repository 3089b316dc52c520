/* SPDX-License-Identifier: Apache-2.0 */
/* Woods: many trees of small networks in which everything happens that happens to models. Several
 * bases share an architecture; children are fine-tuned, trained on, tuned by merged low-rank
 * changes, saved step by step; there are copies, recasts, quantised copies, merges, loose
 * adapters; some bases are missing and some cards lie. What lineage recovers is measured here. */
#pragma once

#include "planter/planting.h"

typedef struct {
  unsigned trees; /* at least 1 */
  unsigned plain; /* trained models a tree, its base included; copies, merges and adapters come on
                     top, about half as many again */
} WoodsPlan;

/* Plants every model into a folder of its own, NAME/model.safetensors or, for steps of a run,
 * RUN/checkpoint-N/model.safetensors, with a card. Names tell nothing of the origin. */
bool woods_plant(const Planting *planting, const WoodsPlan *plan, GError **error);
