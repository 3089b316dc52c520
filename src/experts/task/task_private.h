/* SPDX-License-Identifier: Apache-2.0 */
/* Which side each model of a task is on: a step of task.c that stands in task_sides.c; for these two, and for
 * training_set.c, which knows models again. */
#pragma once

#include "experts/task/task.h"

typedef struct {
  const size_t *label; /* by model: equal numbers, equal labels */
  size_t labels;
  bool single; /* one label a model: some are held out whole */
} TaskSides;

/* By which a model is remembered: its content at a closer look; where that cannot be had, its path. */
SplitKey task_content(Collection *collection, const Model *model);

/* Fills content, and puts the models into an order that does not depend on where they lie: sums, ties and batches go by
 * it, so that no name changes a figure. */
void task_order_by_content(Task *task, Collection *collection);

/* Fills group, split and what goes with them for task->models. False when cancelled. */
bool task_take_sides(Task *task, const TaskOptions *options, const TaskSides *sides, GError **error);
