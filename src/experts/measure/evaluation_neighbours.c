/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/linalg.h"
#include "experts/measure/evaluation_neighbours.h"
#include "numerics/oneclass.h"

size_t evaluation_members(const Task *t, TaskSplit split, size_t *members) {
  size_t n = 0;
  for (size_t i = 0; i < t->models->len; i++)
    if (t->split[i] == split) members[n++] = i;
  return n;
}

typedef struct {
  float score;
  size_t model;
} Neighbour;

static int nearest_first(const void *a, const void *b) {
  float x = ((const Neighbour *)a)->score, y = ((const Neighbour *)b)->score;
  return (x < y) - (x > y);
}

/* The label that most of the k nearest have; of equals the nearest one's. */
static bool vote_label(const Task *t, const Neighbour *near, size_t k, size_t model) {
  size_t best = 0, most = 0;
  for (size_t i = 0; i < k; i++) {
    size_t votes = 0;
    for (size_t j = 0; j < k; j++) votes += t->target[near[j].model] == t->target[near[i].model];
    if (votes > most) most = votes, best = i;
  }
  return t->target[near[best].model] == t->target[model];
}

static double vote_classes(const Task *t, const Neighbour *near, size_t k, size_t model) {
  size_t right = 0;
  for (size_t c = 0; c < t->seen; c++) {
    size_t votes = 0;
    for (size_t j = 0; j < k; j++) votes += t->has[near[j].model * t->seen + c];
    right += (2 * votes > k) == (t->has[model * t->seen + c] != 0);
  }
  return (double)right / (double)t->seen;
}

static void measure_neighbours(const EvaluationBench *b, NeighbourScores *e) {
  const Task *t = b->task;
  g_autofree size_t *train = g_new(size_t, t->models->len + 1);
  g_autofree size_t *test = g_new(size_t, t->models->len + 1);
  size_t m = evaluation_members(t, SPLIT_TRAIN, train), n = evaluation_members(t, SPLIT_TEST, test);
  g_autofree Neighbour *near = g_new(Neighbour, m + 1);
  e->knn1 = e->knn5 = n && m ? 0 : NAN;
  for (size_t i = 0; i < n && m; i++) {
    const float *x = b->rep + test[i] * b->width;
    for (size_t j = 0; j < m; j++) near[j] = (Neighbour){dot(x, b->rep + train[j] * b->width, b->width), train[j]};
    qsort(near, m, sizeof *near, nearest_first);
    for (int five = 0; five < 2; five++) {
      size_t k = MIN(five ? 5u : 1u, m);
      double right = t->has ? vote_classes(t, near, k, test[i]) : vote_label(t, near, k, test[i]);
      *(five ? &e->knn5 : &e->knn1) += right / (double)n;
    }
  }
}

/* For each label with at least two training models: who among the test models is of it? */
static void measure_one_class(const EvaluationBench *b, NeighbourScores *e) {
  const Task *t = b->task;
  size_t d = b->width, labels = 0;
  g_autofree size_t *test = g_new(size_t, t->models->len + 1);
  size_t n = evaluation_members(t, SPLIT_TEST, test);
  g_autofree float *members = g_new(float, (t->models->len * d) + 1), *points = g_new(float, (n * d) + 1);
  g_autofree double *near = g_new(double, n + 1), *lw = g_new(double, n + 1);
  g_autofree unsigned char *positive = g_new(unsigned char, n + 1);
  double sums[2] = {0, 0};
  for (size_t i = 0; i < n; i++) memcpy(points + i * d, b->rep + test[i] * d, d * sizeof(float));
  for (size_t c = 0; c < t->seen; c++) {
    size_t m = 0;
    for (size_t i = 0; i < t->models->len; i++)
      if (t->split[i] == SPLIT_TRAIN && t->target[i] == c) memcpy(members + m++ * d, b->rep + i * d, d * sizeof(float));
    for (size_t i = 0; i < n; i++) positive[i] = t->target[test[i]] == c;
    if (m < 2) continue;
    for (size_t i = 0; i < n; i++) near[i] = oneclass_knn(members, m, d, points + i * d, 2);
    oneclass_ledoit_wolf(members, m, d, points, n, lw);
    double auc = oneclass_auc(near, positive, n);
    if (!isfinite(auc)) continue;
    labels++;
    sums[0] += auc;
    sums[1] += oneclass_auc(lw, positive, n);
  }
  e->auc_knn = labels ? sums[0] / (double)labels : NAN;
  e->auc_lw = labels ? sums[1] / (double)labels : NAN;
}

NeighbourScores evaluation_neighbours(const EvaluationBench *b) {
  NeighbourScores scores = {.auc_knn = NAN, .auc_lw = NAN};
  measure_neighbours(b, &scores);
  if (!b->task->has) measure_one_class(b, &scores);
  return scores;
}
