/* SPDX-License-Identifier: Apache-2.0 */
/* How sure an edge is said to be, once for all that make edges. Each figure stands for the share of such edges that is
 * right; certainty.c says which were calibrated on woods and which are a judgement (make lineage-report measures them
 * all together). */
#pragma once

typedef struct {
  /* Declared. */
  double card_checked, card_unchecked, card_ghost, run_step, by_folder_name;
  /* Recovered from numbers that are equal, or nearly. */
  double recast, copy, layers_equal, merge_proven;
  /* Recovered by distance. */
  double low_rank, neighbour_least, neighbour_apart, neighbour_far, lost, one_head, pair, hung, from_stem, unknown,
      mother;
  double quantised_least, quantised_apart;
  /* Of adapters without a card. */
  double adapter_fits, adapter_beside, adapter_alone;
} Certainty;

extern const Certainty certainty;
