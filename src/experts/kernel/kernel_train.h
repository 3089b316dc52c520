/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel expert from a task: layers and views chosen by exact errors, then one system solved for all models. */
#pragma once

#include "experts/kernel/kernel_choose.h"

/* A training model, by its index in the task, that holds no numbers in some layer, or nothing in any. */
typedef struct {
  size_t model;
  bool broken;
} KernelDropped;

/* What was looked at and how it went. */
typedef struct {
  KernelChoice *choice;
  size_t models;       /* that the expert holds */
  GArray *dropped;     /* of KernelDropped: training models left out */
  GPtrArray *warnings; /* of char*: layers that could not be looked at */
  double right[2];     /* exact, on all training models: top-1 of models and of whole labels left out */
  double r2;           /* of models left out */
  double shortcut;     /* the same top-1 (or r²) from rank, sizes, tool, date and creator alone; NAN: not known */
  size_t landmarks;    /* that all models were compared with (landmarks.h); 0: with each other */
  double missed;       /* landmarks: the share of models' likeness that they do not hold, at the worst of the sums */
} KernelReport;

void kernel_report_free(KernelReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelReport, kernel_report_free)

/* Trains on the task's training models. `layers` (char*) are those to look at. landmarks: more models than that are
 * compared with so many of them; 0: more than 6,000 with 2,500. */
Kernel *kernel_train(const Collection *collection, const Task *task, const GPtrArray *layers,
                     const DenseStoreOptions *store, uint64_t seed, size_t landmarks, const Progress *progress,
                     KernelReport **report, GError **error);
