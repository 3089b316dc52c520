/* SPDX-License-Identifier: Apache-2.0 */
/* A recovered forest held against what the planter knows. */
#pragma once

#include "lineage/forest/forest.h"

/* Answers of one kind. */
typedef struct {
  unsigned claimed, there, right; /* right <= both */
} Tally;

double tally_f1(const Tally *t); /* 1 when there was nothing and nothing was claimed */
double tally_recall(const Tally *t);
double tally_precision(const Tally *t);

typedef struct {
  unsigned models, trees, groves; /* there are; recovered trees; planted ones, adapters apart */
  unsigned strangers;             /* pairs in one tree that are of different groves */
  double rand_index;              /* adjusted, over all but adapters */
  Tally undirected, directed;     /* edges between trained models that are on disk */
  Tally copies, quantised, merges, arithmetic, adapters, wrong_cards, missing;
  double calibration; /* expected error of the edges' confidences, ten bins */
  unsigned bin_edges[10], bin_right[10];
  double bin_confidence[10];
} LineageScore;

/* `truth` is the planter's file. A parent that is a copy of the right one is right; so is the
 * edge of a model that stands for its original. False when the file cannot be read. */
bool lineage_score(const Forest *forest, const char *truth, LineageScore *out, GError **error);
