/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/certainty.h"

const Certainty certainty = {
    .card_checked = 0.98,    /* a card's parent was compared and agrees: judged */
    .card_unchecked = 0.55,  /* what cannot be compared: half was right on woods of another maker */
    .card_ghost = 0.7,       /* a parent that is not on disk: judged */
    .run_step = 0.95,        /* the step before in a run's folders: judged, no wood had a wrong one */
    .by_folder_name = 0.4,   /* a folder of its author's disk: judged */
    .recast = 0.97,          /* the same numbers, rounded: the direction is sure, the source less so; judged */
    .copy = 0.5,             /* the same numbers: which came first is not known; an even chance */
    .layers_equal = 0.97,    /* layers of a parent bit by bit at other places: judged */
    .merge_proven = 0.95,    /* every tensor is explained by the parents: judged */
    .low_rank = 0.93,        /* the change has few singular values, or many tensors are equal: judged */
    .neighbour_least = 0.9,  /* the nearest neighbour, when the next is as near: calibrated on planted woods; */
    .neighbour_apart = 0.07, /* and for the next being a tenth farther, */
    .neighbour_far = 0.02,   /* and another fifth; */
    .lost = 0.4,             /* taken off where a child lacks what sets its parent apart */
    .one_head = 0.895,       /* under one head both may come of a third, trained alike: at most; */
    .pair = 0.8,             /* two models with nobody beside them: they may be siblings as well; judged */
    .hung = 0.8,             /* set apart and hung where it is nearest: judged */
    .from_stem = 0.8,        /* comes of a model that is made of others' layers: judged */
    .unknown = 0.3,          /* kin, and no more is known: judged */
    .mother = 0.5,           /* MoTHer's rule says nothing of how sure it is */
    .quantised_least = 0.6,  /* a quantised copy, when another source is as near: judged; */
    .quantised_apart = 0.37, /* and for the next being as far again */
    .adapter_fits = 0.6,     /* one base on disk has the adapter's shapes: judged */
    .adapter_beside = 0.4,   /* other adapters of these shapes name one base: judged */
    .adapter_alone = 0.3     /* several adapters of one shape, no base: judged */
};
