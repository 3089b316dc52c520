/* SPDX-License-Identifier: Apache-2.0 */
/* What training pulls a representation towards, and how well it got there: alignment of e with the
 * text of one label, or a class for each of many labels. */
#pragma once

#include "experts/probex/probex.h"
#include "numerics/rate.h"
#include "experts/task/task.h"

typedef struct Objective Objective;

/* For batches of at most `capacity` models of the task, which it borrows. */
Objective *objective_new(const Task *task, const Probex *p, size_t capacity, GError **error);
void objective_free(Objective *objective);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Objective, objective_free)

/* The mean training loss of e (n, r_t) of the models; writes the gradients of the head and of e to
 * grad and de (n, r_t). */
double objective_step(Objective *objective, const Probex *p, const size_t *models, const float *e, size_t n, float *de,
                      Probex *grad);

/* Judging a split: begin, add batch by batch, end. `loss` (may be NULL) gets the mean loss, NAN
 * when nothing was added. */
void objective_begin(Objective *objective, const Probex *p, TaskSplit split);
void objective_add(Objective *objective, const Probex *p, const size_t *models, const float *e, size_t n);
Score objective_end(Objective *objective, double *loss);

/* Of the models that were added since: each one's share of labels judged rightly, or 1 and 0 when its one
 * label ranked first or not. right (n). */
void objective_right(const Objective *objective, double *right, size_t *label, size_t n);
