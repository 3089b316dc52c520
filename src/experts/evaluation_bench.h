/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of an evaluation; not for others. */
#pragma once

#include "experts/evaluation.h"
#include "experts/task.h"

/* What the measurements share. */
typedef struct {
  const Expert *expert;
  Task *task;
  float *rep;      /* (models, r_t) of the task's models */
  size_t width;    /* r_t */
  float *mapped;   /* align: (labels, r_t) mapped text */
} EvaluationBench;

/* The models of a split, in order; returns how many. `members` has room for all. */
size_t evaluation_members(const Task *task, TaskSplit split, size_t *members);

/* Fills knn1, knn5 and, where models have one label, auc_knn and auc_lw. Rows must have length 1. */
void evaluation_neighbours(const EvaluationBench *bench, Evaluation *e);
