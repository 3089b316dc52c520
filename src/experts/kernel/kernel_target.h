/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel is to answer for the training models, and how right answers to left-out models are. */
#pragma once

#include "experts/kernel/leave_out.h"
#include "experts/task/task.h"

typedef struct {
  size_t n, width;
  float *y;      /* (n, width): each model's label's text vector; for classes +1 where it has the label, -1 elsewhere */
  size_t *label; /* (n): index of its label among `labels`; NULL for classes */
  size_t labels;
  float *text;   /* (labels, width): what answers are compared with; NULL for classes and one-hot */
  size_t *group; /* (n): kin, in [0, groups), which are left out as one; NULL: each model is alone */
  size_t groups;
  size_t *apart; /* (n): whole labels with their kin, in [0, aparts), likewise; NULL without labels */
  size_t aparts;
} KernelTarget;

/* Of the models task->models[members[0..n)]. one_hot: a number a label instead of text vectors. */
KernelTarget *kernel_target_new(const Task *task, const size_t *members, size_t n, bool one_hot);
void kernel_target_free(KernelTarget *target);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelTarget, kernel_target_free)

/* Of some of its models. */
KernelTarget *kernel_target_pick(const KernelTarget *target, const size_t *models, size_t n);

/* 1 - sum |y - p|² / sum |y - mean|². */
double kernel_target_r2(const KernelTarget *target, const float *p);

/* The best lambda of a fixed grid by exact errors: of models left out with their kin, or of whole labels with
 * theirs. */
typedef struct {
  double lambda, r2, top1;
  double fair; /* top-1 when the lambda of each half of the models is chosen on the other: the best of several is lucky,
                  and of noise it tells more than chance; r² for classes */
  KernelFit *fit; /* the caller frees it with kernel_fit_free() */
  float *p;       /* (n, width): predictions of what was left out; the caller frees it */
} KernelLambda;

/* `by_top1` chooses by top-1 (ties by r²), else by r². False with an error when nothing can be computed. */
bool kernel_target_fit(const KernelTarget *target, const KernelEigen *eigen, bool whole_labels, bool by_top1,
                       KernelLambda *out, GError **error);
