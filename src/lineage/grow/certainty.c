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
    .one_head = 0.89,        /* no more below the root: both may come of a third, trained alike; judged */
    .mother = 0.5,           /* MoTHer's rule says nothing of how sure it is */
    .quantised_least = 0.6,  /* a quantised copy, when another source is as near: judged; */
    .quantised_apart = 0.37, /* and for the next being as far again */
    .adapter_fits = 0.6,     /* one base on disk has the adapter's shapes: judged */
    .adapter_beside = 0.4,   /* other adapters of these shapes name one base: judged */
    .adapter_alone = 0.3     /* several adapters of one shape, no base: judged */
};

/* Logistic weights of lineage/forest/evidence.h, from `make lineage-fit` (its kinds and seeds: tests/bench/lineage-fit.c):
 * 1,229 edges that are said of planted stars, classes and woods, ridge 1; */
const double certainty_edge[EDGE_EVIDENCES] = {
    [EDGE_ONE] = -2.84,  [EDGE_SIDE] = 0.0476,     [EDGE_NEAR] = 1.98,    [EDGE_FAR] = 2.22,
    [EDGE_LOST] = -1.78, [EDGE_LOST_MOST] = -1.74, [EDGE_UNSEEN] = -0.42, [EDGE_ONE_HEAD] = -2.27,
    [EDGE_ROOT] = 0.582, [EDGE_ROOT_HEAD] = 0.786, [EDGE_MARKS] = 0.338,  [EDGE_CHILDREN] = 1.29,
    [EDGE_NATS] = 0.467, [EDGE_LOST_HEAD] = -1.94, [EDGE_DOUBT] = -0.542,
};

/* and 303 stars that were looked at for a missing base, ridge 0.1. */
const double certainty_base[BASE_EVIDENCES] = {
    [BASE_ONE] = -11.4,      [BASE_SIBLINGS] = 0.932, [BASE_KEPT] = 7.99,    [BASE_STEP] = -0.222,
    [BASE_LEAST] = 2.32,     [BASE_EVEN] = 0.601,     [BASE_YOUNGER] = 0.2,  [BASE_HUB] = -3.3,
    [BASE_MOST_HUB] = -1.55, [BASE_SPREAD] = -1.47,   [BASE_HEADS] = -8.26,  [BASE_GROWTH] = 4.3,
    [BASE_EUCLID] = 0.0577,  [BASE_HEAD] = 0.331,     [BASE_BIASES] = -1.73, [BASE_LAYERS] = 0.326,
    [BASE_KURTOSIS] = 3.5,   [BASE_SHARED] = -1.35,
};

/* A base that is made up is worse than one that is not found; judged. */
const double certainty_base_asked = 0.6;
