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
    [ROOT_KNOWN] = 0.346,        [ROOT_CLOCK] = 1.7,     [ROOT_ZEROS] = 2,         [ROOT_ROWS] = 0.27,
    [ROOT_LOW_RANK] = 1.34,      [ROOT_NORM] = -0.344,   [ROOT_DECAY] = 0.256,     [ROOT_KURTOSIS] = 0.722,
    [ROOT_KURTOSIS_BY] = -0.781, [ROOT_LAYERS] = -0.126, [ROOT_LAYERS_BY] = 0.283, [ROOT_BIASES] = 0.0397,
    [ROOT_BIASES_BY] = 0.0518,   [ROOT_FRESH] = 1.15,    [ROOT_FRESH_BY] = 0.698,  [ROOT_HEAD] = 0.493,
    [ROOT_HEAD_BY] = 0.0357,     [ROOT_CENTRAL] = 0.314, [ROOT_TURN] = 0.999,      [ROOT_BRANCHES] = 0.689,
};

/* The same where a tree has fewer members than any it was fitted on: what was measured before, in which no one sign
 * outweighs the rest. */
const double certainty_root_few[ROOT_EVIDENCES] = {
    [ROOT_KNOWN] = 0.333, [ROOT_CLOCK] = 1.67,  [ROOT_ZEROS] = 2,        [ROOT_ROWS] = 0.27,    [ROOT_LOW_RANK] = 1.33,
    [ROOT_NORM] = 0.133,  [ROOT_DECAY] = 0.267, [ROOT_KURTOSIS] = 0.167, [ROOT_LAYERS] = 0.167, [ROOT_BIASES] = 0.1,
    [ROOT_FRESH] = 0.4,   [ROOT_HEAD] = 0.133,  [ROOT_CENTRAL] = 0.5,
};

/* Logistic weights of lineage/forest/evidence.h, from `make lineage-fit` (its kinds and seeds: tests/bench/lineage-fit.c):
 * 1,229 edges that are said of planted stars, classes and woods, ridge 1; */
const double certainty_edge[EDGE_EVIDENCES] = {
    [EDGE_ONE] = -8.67,    [EDGE_SIDE] = 0.855,       [EDGE_NEAR] = 1.51,    [EDGE_FAR] = 2.58,
    [EDGE_LOST] = -0.317,  [EDGE_LOST_MOST] = -0.249, [EDGE_UNSEEN] = 0.933, [EDGE_ONE_HEAD] = -1.96,
    [EDGE_ROOT] = 2.99,    [EDGE_ROOT_HEAD] = 2.52,   [EDGE_MARKS] = -0.148, [EDGE_CHILDREN] = -0.565,
    [EDGE_NATS] = 0.331,   [EDGE_LOST_HEAD] = -2.46,  [EDGE_DOUBT] = -0.514, [EDGE_SHARE] = 1.71,
    [EDGE_LITTLE] = -1.11, [EDGE_RIVAL] = -1.4,
};

/* and 303 stars that were looked at for a missing base, ridge 0.1. */
const double certainty_base[BASE_EVIDENCES] = {
    [BASE_ONE] = -4.22,      [BASE_SIBLINGS] = 0.502, [BASE_KEPT] = 4.46,     [BASE_STEP] = -0.385,
    [BASE_LEAST] = 1.7,      [BASE_EVEN] = 0.268,     [BASE_YOUNGER] = 0.761, [BASE_HUB] = 0.43,
    [BASE_MOST_HUB] = -2.29, [BASE_SPREAD] = -3.09,   [BASE_HEADS] = -12.9,   [BASE_GROWTH] = 1.13,
    [BASE_EUCLID] = 0.267,   [BASE_HEAD] = 0.85,      [BASE_BIASES] = -0.905, [BASE_LAYERS] = 0.424,
    [BASE_KURTOSIS] = 0.398, [BASE_SHARED] = -4.52,   [BASE_TAIL] = 6.92,     [BASE_TAIL_EVEN] = 0.541,
};

/* A base that is made up is worse than one that is not found; judged. */
const double certainty_base_asked = 0.6;
