/* SPDX-License-Identifier: Apache-2.0 */
/* What is weighed of an edge, and of siblings whose base may be missing: a number for each piece of evidence. A
 * logistic model over them, whose constants stand in certainty.c, says how likely it is that the answer is right.
 * `make lineage-fit` listens to the evidence behind the answers on planted woods and fits these constants. */
#pragma once

/* Of "this member is the root of its tree", as sums over the edges that lead away from it, each read as "p is the parent
 * of c" (direction.h): what is larger in the child counts 1 or -1 by its sign, and by the logarithm of its ratio. */
typedef enum {
  ROOT_KNOWN,       /* parents that are known: 8 an edge; 100 of a ghost, which nothing outranks */
  ROOT_CLOCK,       /* counters of steps */
  ROOT_ZEROS,       /* numbers that are 0 */
  ROOT_ROWS,        /* rows of tables */
  ROOT_LOW_RANK,    /* the norm's growth of what may be a change of low rank, -1..1 */
  ROOT_NORM,        /* of other changes, -2..2 */
  ROOT_DECAY,       /* its sign where it is beyond what an angle gives */
  ROOT_KURTOSIS,    /* kurtosis of the matrices, */
  ROOT_KURTOSIS_BY, /* and tanh of ten times its relative growth */
  ROOT_LAYERS,      /* norm layers' way from 1 */
  ROOT_LAYERS_BY,
  ROOT_BIASES,
  ROOT_BIASES_BY,
  ROOT_FRESH, /* heads of two kinds: the smaller is the child's */
  ROOT_FRESH_BY,
  ROOT_HEAD, /* one head */
  ROOT_HEAD_BY,
  ROOT_CENTRAL,  /* tanh of twice the lead in the distance to the middle one of the others, by this edge */
  ROOT_TURN,     /* the way to c from p turns with p's other branches, that to p from c against c's (branching.h) */
  ROOT_BRANCHES, /* logarithm of the ratio of their neighbours in the tree */
  ROOT_EVIDENCES
} RootEvidence;

/* Of "p is the parent of c", among the members of one tree. */
typedef enum {
  EDGE_ONE,       /* 1 */
  EDGE_SIDE,      /* log odds of the roots on p's side, -6..6 */
  EDGE_NEAR,      /* by how much the next best parent is longer, logarithm of squared lengths: the first 0.3, */
  EDGE_FAR,       /* and what is above, up to 1.2 more */
  EDGE_LOST,      /* the share of p's own way from the others that c lacks, by the median of witnesses, -.2..1 */
  EDGE_LOST_MOST, /* the same by the upper quartile */
  EDGE_UNSEEN,    /* 1: too few witnesses */
  EDGE_ONE_HEAD,  /* 1: the two have one head */
  EDGE_ROOT,      /* 1: p has no parent on disk */
  EDGE_ROOT_HEAD, /* 1: both of these */
  EDGE_MARKS,     /* 1: a change of low rank, or many equal tensors */
  EDGE_CHILDREN,  /* logarithm of p's children */
  EDGE_NATS,      /* what speaks for the direction of this edge alone (direction.h), -4..4 */
  EDGE_LOST_HEAD, /* EDGE_LOST where the two have one head */
  EDGE_DOUBT,     /* log odds that p's neighbours are its siblings, of a base that is missing, -5..3 */
  EDGE_SHARE,     /* what of p's own way from its parent stands between c and that one (lifting.h), less 1, -1..2 */
  EDGE_LITTLE,    /* how little p moved: logarithm of c's way from p to p's own, by the largest differences, 0..3 */
  EDGE_RIVAL,     /* the same share for the sibling of c that has the most of it, less 1, -2..1; -2: none is near */
  /* Products with EDGE_ROOT: whether the top of a tree is whom all else comes of, which its siblings could be as well, is
   * another question than which of its descendants one comes of. */
  EDGE_ROOT_LOST,
  EDGE_ROOT_UNSEEN,
  EDGE_ROOT_CHILDREN,
  EDGE_ROOT_NATS,
  EDGE_ROOT_RIVAL,
  EDGE_EVIDENCES
} EdgeEvidence;

/* Of "a hub's neighbours are its siblings, and their base is missing". Each is a number that what it tells of can only
 * make larger, so that no weight is below 0. */
typedef enum {
  BASE_ONE,       /* 1 */
  BASE_KEPT,      /* the share of the neighbours that agree */
  BASE_MANY,      /* logarithm of their number, from 3 to 12 */
  BASE_STEP,      /* logarithm of the common step to what the siblings moved, both squared */
  BASE_LEAST,     /* the least product to the median, -1..1 */
  BASE_EVEN,      /* how much better a common step explains the products than a common direction does, -3..3 */
  BASE_TAIL,      /* the middle of the siblings' cosines at the hub by the largest differences, -.5...5 */
  BASE_TAIL_EVEN, /* BASE_EVEN by those, -3..3 */
  BASE_ALIKE,     /* less how far the hub's way from the base is below the siblings', in their deviations, -4..0 */
  BASE_BEHIND,    /* 1: a sibling's clock is behind the hub's, which is then not its parent */
  BASE_ELDEST,    /* less the logarithm of all their number where all are ahead of it: one of n is by chance; else 0 */
  BASE_HUB,       /* less what speaks for the hub as its neighbours' parent but its place, -1..1 */
  BASE_HEADS,     /* less the share of the siblings that have the hub's head, above what is usual */
  BASE_GROWTH,    /* their norms' growth to what they moved, where it is below 0 */
  BASE_APART,     /* less the share of the hub and its siblings that another member joins by the largest differences: a
                     base of its own */
  BASE_EVIDENCES
} BaseEvidence;

typedef enum { EVIDENCE_OF_EDGE, EVIDENCE_OF_BASE, EVIDENCE_OF_ROOT } EvidenceOf;

/* Hears of the evidence behind each answer that is thought of: x as one of the lists has it; who[n] are rows of the
 * table of pairs, a parent and its child, a hub and its siblings, or the members of a tree, for each of which x has the
 * evidence in turn (a ghost has no row that counts). */
typedef struct {
  void (*hear)(void *user, EvidenceOf of, const unsigned *who, unsigned n, const double *x);
  void *user;
} EvidenceWitness;

/* weights . x. */
double evidence_sum(const double *weights, const double *x, unsigned n);

/* 1 / (1 + exp(-weights . x)). */
double evidence_probability(const double *weights, const double *x, unsigned n);
