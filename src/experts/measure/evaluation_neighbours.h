/* SPDX-License-Identifier: Apache-2.0 */
/* How far the nearest models alone get, without the expert's own head: k nearest neighbours, and one label against the
 * rest. Shared by the parts of an evaluation; not for others. */
#pragma once

#include "experts/measure/evaluation_bench.h"

typedef struct {
  double knn1, knn5;      /* share right by neighbours among training representations */
  double auc_knn, auc_lw; /* one-class, mean over labels; NAN where models have several labels */
} NeighbourScores;

/* Rows of bench->rep must have length 1. */
NeighbourScores evaluation_neighbours(const EvaluationBench *bench);
