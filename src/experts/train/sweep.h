/* SPDX-License-Identifier: Apache-2.0 */
/* An expert for each layer of a tree, to find the layers that say most. Layers matter far more than
 * recipes. */
#pragma once

#include "experts/train/train.h"

/* Called after each layer, in order, on the caller's thread. `expert` is borrowed; `again` says
 * that it was trained earlier and taken as it is. */
typedef void (*SweepRow)(void *user, const Expert *expert, bool again, unsigned done, unsigned total);

/* Trains on every layer of the models' architecture whose name matches `pattern` (a glob; NULL: all of at least 64
 * numbers), with options->layer ignored, in the order of
 * what a kernel explains of models left out, so that the best come first. Experts that an earlier sweep or training with the same options on the same
 * models left behind are taken as they are, so a sweep that was killed goes on where it stopped. Returns the experts,
 * best validation first (Expert*); a layer that cannot be trained on is left out with a line in `warnings` (char*). The ranks of a team
 * take a layer each; the leader keeps the experts and alone gets them, and rows come in the order in which layers end. The
 * collection has no team afterwards. */
GPtrArray *sweep_run(Collection *collection, const GPtrArray *models, const TrainOptions *options, const char *pattern,
                     SweepRow row, void *user, GPtrArray *warnings, const Progress *progress, GError **error);
