/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the parts of an evaluation and by ensembles; not for others. */
#pragma once

#include "experts/expert.h"
#include "experts/task/task.h"

/* An expert with the models to judge it by, and its representations of them. */
typedef struct {
  const Expert *expert; /* borrowed */
  Task *task;
  float *rep;    /* (models, r_t) of the task's models */
  size_t width;  /* r_t */
  float *mapped; /* align: (labels, r_t) mapped text */
} EvaluationBench;

/* `all`: training models too are represented, as neighbours are to be told among; else only what is measured. */
EvaluationBench *evaluation_bench_new(Collection *collection, const GPtrArray *models, const Expert *expert, bool all,
                                      const Progress *progress, GError **error);
void evaluation_bench_free(EvaluationBench *bench);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EvaluationBench, evaluation_bench_free)

/* A group's models with their logits against the group's labels. */
typedef struct {
  size_t n, first, classes;
  size_t *members;
  float *logits;      /* (n, classes): before any temperature */
  size_t *target;     /* (n), align: index among the group's labels */
  unsigned char *has; /* (n, classes), classify */
} EvaluationPanel;

EvaluationPanel evaluation_panel(const EvaluationBench *bench, TaskSplit split);
void evaluation_panel_clear(EvaluationPanel *panel);

/* The panel's score by its logits; nothing measured when it is empty. */
Score evaluation_panel_score(const EvaluationPanel *panel, bool classes);

/* The models of a split, in order; returns how many. `members` has room for all. */
size_t evaluation_members(const Task *task, TaskSplit split, size_t *members);
