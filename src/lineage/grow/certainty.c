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
    .pair = 0.8,             /* two models with nobody beside them: they may be siblings as well; judged */
    .hung = 0.8,             /* set apart and hung where it is nearest: judged */
    .from_stem = 0.8,        /* comes of a model that is made of others' layers: judged */
    .unknown = 0.3,          /* kin, and no more is known: judged */
    .most = 0.99,            /* no recovered edge is said to be surer: judged */
    .mother = 0.5,           /* MoTHer's rule says nothing of how sure it is */
    .quantised_least = 0.6,  /* a quantised copy, when another source is as near: judged; */
    .quantised_apart = 0.37, /* and for the next being as far again */
    .adapter_fits = 0.6,     /* one base on disk has the adapter's shapes: judged */
    .adapter_beside = 0.4,   /* other adapters of these shapes name one base: judged */
    .adapter_alone = 0.3     /* several adapters of one shape, no base: judged */
};

/* All of these are from `make lineage-fit` (its kinds, seeds and signs: tests/bench/lineage-fit.c): a weight can only speak
 * for what its evidence is meant to speak for, else it is 0 and not listed. Weights that were free fitted the planter's woods
 * better, and invented bases in half of those of another maker.
 *
 * What evidence for a root is worth: conditional logistic regression, drawn to what was measured on other small networks. */
const double certainty_root[ROOT_EVIDENCES] = {
    [ROOT_KNOWN] = 0.344,    [ROOT_CLOCK] = 1.72,       [ROOT_ZEROS] = 2,        [ROOT_ROWS] = 0.27,
    [ROOT_LOW_RANK] = 1.34,  [ROOT_DECAY] = 0.267,      [ROOT_KURTOSIS] = 0.802, [ROOT_LAYERS_BY] = 0.251,
    [ROOT_BIASES] = 0.0839,  [ROOT_BIASES_BY] = 0.0506, [ROOT_FRESH] = 1.11,     [ROOT_FRESH_BY] = 0.675,
    [ROOT_HEAD] = 0.32,      [ROOT_HEAD_BY] = 0.0103,   [ROOT_CENTRAL] = 0.35,   [ROOT_TURN] = 1.24,
    [ROOT_BRANCHES] = 0.874,
};

/* The same where a tree has fewer members than any it was fitted on: what was measured before, in which no one sign
 * outweighs the rest. */
const double certainty_root_few[ROOT_EVIDENCES] = {
    [ROOT_KNOWN] = 0.333, [ROOT_CLOCK] = 1.67,  [ROOT_ZEROS] = 2,        [ROOT_ROWS] = 0.27,    [ROOT_LOW_RANK] = 1.33,
    [ROOT_NORM] = 0.133,  [ROOT_DECAY] = 0.267, [ROOT_KURTOSIS] = 0.167, [ROOT_LAYERS] = 0.167, [ROOT_BIASES] = 0.1,
    [ROOT_FRESH] = 0.4,   [ROOT_HEAD] = 0.133,  [ROOT_CENTRAL] = 0.5,
};

/* Logistic weights of 3,800 edges that are said of planted stars, classes and woods and of 13 woods that PyTorch grew as
 * tests/bench/lineage_torch.py does, ridge 1; */
const double certainty_edge[EDGE_EVIDENCES] = {
    [EDGE_ONE] = -8.25,       [EDGE_SIDE] = 0.29,       [EDGE_NEAR] = 0.931,       [EDGE_FAR] = 1.69,
    [EDGE_LOST] = -0.742,     [EDGE_UNSEEN] = 1.07,     [EDGE_ONE_HEAD] = -1.85,   [EDGE_ROOT] = -0.493,
    [EDGE_ROOT_HEAD] = 2.56,  [EDGE_MARKS] = -0.0847,   [EDGE_CHILDREN] = -0.0131, [EDGE_NATS] = 0.0493,
    [EDGE_LOST_HEAD] = -2.57, [EDGE_DOUBT] = -0.78,     [EDGE_SHARE] = 2.77,       [EDGE_LITTLE] = -1.74,
    [EDGE_RIVAL] = -2.75,     [EDGE_ROOT_LOST] = 2.88,  [EDGE_ROOT_UNSEEN] = 1.07, [EDGE_ROOT_CHILDREN] = 1.3,
    [EDGE_ROOT_NATS] = 0.574, [EDGE_ROOT_RIVAL] = 1.29,
};

/* and of 930 stars there that were looked at for a missing base, ridge 1. */
const double certainty_base[BASE_EVIDENCES] = {
    [BASE_ONE] = -2.22, [BASE_KEPT] = 2.59,       [BASE_MANY] = 1.43,   [BASE_LEAST] = 0.776, [BASE_EVEN] = 0.601,
    [BASE_TAIL] = 2.24, [BASE_TAIL_EVEN] = 0.411, [BASE_ALIKE] = 0.26,  [BASE_BEHIND] = 0.62, [BASE_ELDEST] = 0.174,
    [BASE_HUB] = 0.571, [BASE_HEADS] = 5.29,      [BASE_GROWTH] = 1.39, [BASE_APART] = 3.17,
};

/* A base that is made up is worse than one that is not found. On woods of another maker the first comes below this; judged. */
const double certainty_base_asked = 0.8;
