/* SPDX-License-Identifier: Apache-2.0 */
/* How sure an edge is said to be, once for all that make edges. Each figure stands for the share of such edges that is
 * right; certainty.c says which were calibrated on woods and which are a judgement (make lineage-report measures them
 * all together). */
#pragma once

#include "lineage/forest/evidence.h"

typedef struct {
  /* Declared. */
  double card_checked, card_unchecked, card_ghost, run_step, by_folder_name;
  /* Recovered from numbers that are equal, or nearly. */
  double recast, copy, layers_equal, merge_proven;
  /* Recovered by distance. */
  double pair, hung, from_stem, unknown, mother, most;
  double quantised_least, quantised_apart;
  /* Of adapters without a card. */
  double adapter_fits, adapter_beside, adapter_alone;
} Certainty;

extern const Certainty certainty;

/* Nats of the evidence for a root. Weights of the evidence for an edge and for a missing base, and how likely the latter must be to be claimed. */
extern const double certainty_root[ROOT_EVIDENCES], certainty_root_few[ROOT_EVIDENCES], certainty_edge[EDGE_EVIDENCES],
    certainty_base[BASE_EVIDENCES], certainty_base_asked;
