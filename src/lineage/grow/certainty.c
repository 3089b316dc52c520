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

/* What evidence for a root is worth, from `make lineage-fit`: conditional logistic regression, drawn to what was measured
 * on other small networks. */
const double certainty_root[ROOT_EVIDENCES] = {
    [ROOT_KNOWN] = 0.343,        [ROOT_CLOCK] = 1.7,     [ROOT_ZEROS] = 2,         [ROOT_ROWS] = 0.27,
    [ROOT_LOW_RANK] = 1.34,      [ROOT_NORM] = -0.23,    [ROOT_DECAY] = 0.266,     [ROOT_KURTOSIS] = 0.673,
    [ROOT_KURTOSIS_BY] = -0.736, [ROOT_LAYERS] = 0.0133, [ROOT_LAYERS_BY] = 0.258, [ROOT_BIASES] = 0.0941,
    [ROOT_BIASES_BY] = 0.08,     [ROOT_FRESH] = 1.13,    [ROOT_FRESH_BY] = 0.692,  [ROOT_HEAD] = 0.385,
    [ROOT_HEAD_BY] = 0.0283,     [ROOT_CENTRAL] = 0.321, [ROOT_TURN] = 1.1,        [ROOT_BRANCHES] = 0.793,
};

/* The same where a tree has fewer members than any it was fitted on: what was measured before, in which no one sign
 * outweighs the rest. */
const double certainty_root_few[ROOT_EVIDENCES] = {
    [ROOT_KNOWN] = 0.333, [ROOT_CLOCK] = 1.67,  [ROOT_ZEROS] = 2,        [ROOT_ROWS] = 0.27,    [ROOT_LOW_RANK] = 1.33,
    [ROOT_NORM] = 0.133,  [ROOT_DECAY] = 0.267, [ROOT_KURTOSIS] = 0.167, [ROOT_LAYERS] = 0.167, [ROOT_BIASES] = 0.1,
    [ROOT_FRESH] = 0.4,   [ROOT_HEAD] = 0.133,  [ROOT_CENTRAL] = 0.5,
};

/* Logistic weights of lineage/forest/evidence.h, from `make lineage-fit` (its kinds and seeds: tests/bench/lineage-fit.c):
 * 3,300 edges that are said of planted stars, classes and woods, ridge 1; */
const double certainty_edge[EDGE_EVIDENCES] = {
    [EDGE_ONE] = -7.48,    [EDGE_SIDE] = 0.729,      [EDGE_NEAR] = 1.06,     [EDGE_FAR] = 2.78,
    [EDGE_LOST] = 0.122,   [EDGE_LOST_MOST] = 0.53,  [EDGE_UNSEEN] = 0.577,  [EDGE_ONE_HEAD] = -2.2,
    [EDGE_ROOT] = 2.2,     [EDGE_ROOT_HEAD] = 2.35,  [EDGE_MARKS] = -0.0981, [EDGE_CHILDREN] = -0.164,
    [EDGE_NATS] = 0.0769,  [EDGE_LOST_HEAD] = -3.96, [EDGE_DOUBT] = -0.536,  [EDGE_SHARE] = 2.2,
    [EDGE_LITTLE] = -1.62, [EDGE_RIVAL] = -1.28,
};

/* and 874 stars that were looked at for a missing base, ridge 0.1. */
const double certainty_base[BASE_EVIDENCES] = {
    [BASE_ONE] = -2.41,       [BASE_SIBLINGS] = 0.885,    [BASE_KEPT] = 0.583,        [BASE_STEP] = -0.355,
    [BASE_LEAST] = 1.1,       [BASE_EVEN] = 0.651,        [BASE_YOUNGER] = -0.987,    [BASE_HUB] = -0.627,
    [BASE_MOST_HUB] = -2.48,  [BASE_SPREAD] = -0.12,      [BASE_HEADS] = -14,         [BASE_GROWTH] = 0.93,
    [BASE_EUCLID] = 0.186,    [BASE_HEAD] = 0.302,        [BASE_BIASES] = -0.625,     [BASE_LAYERS] = 0.288,
    [BASE_KURTOSIS] = -0.137, [BASE_SHARED] = -1.99,      [BASE_TAIL] = -2.1,         [BASE_TAIL_EVEN] = 0.723,
    [BASE_STEP_TAIL] = -5.51, [BASE_YOUNGER_HEAD] = 2.69, [BASE_SHARED_EVEN] = -1.92, [BASE_MOST_HUB_TWICE] = -2.65,
};

/* A base that is made up is worse than one that is not found; judged. */
const double certainty_base_asked = 0.8;
