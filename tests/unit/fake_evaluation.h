/* SPDX-License-Identifier: Apache-2.0 */
/* How good the experts of the small wood are, and what a training would take: for ui_fixture.c. */
#pragma once

#include "experts/measure/evaluation.h"
#include "experts/train/train_counts.h"

/* A curve (of EpochRow) that rises to a height in so many epochs. */
GArray *fake_curve(guint epochs, double height);

/* EngineOps.counts and EngineOps.evaluate. */
bool fake_counts(Collection *collection, const GPtrArray *models, const TrainOptions *options, const Progress *progress,
                 TrainCounts *counts, GError **error);
Evaluation *fake_evaluate(Collection *collection, const GPtrArray *models, const Expert *expert,
                          const Progress *progress, GError **error);
