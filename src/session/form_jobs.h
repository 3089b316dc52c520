/* SPDX-License-Identifier: Apache-2.0 */
/* What the training form asks, as jobs that are not listed and do not wait behind a training. */
#pragma once

#include "session/session.h"

/* GPtrArray of LabelCount*: what the models of the wood could be labelled by. */
guint64 engine_label_counts(const Engine *engine, Snapshot *wood, JobDone done, gpointer user);
void engine_free_label_counts(gpointer counts);

/* TrainCounts*: what a training with these options would use; free with g_free. The strings are copied. */
guint64 engine_train_counts(const Engine *engine, Snapshot *wood, const TrainOptions *options, JobDone done,
                            gpointer user);
