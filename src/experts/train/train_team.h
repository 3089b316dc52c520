/* SPDX-License-Identifier: Apache-2.0 */
/* Training by steps with the other processes of a team: each takes its part of every batch, and the gradients are added
 * up, so that all take the same step. The leader alone validates, keeps the state and finishes. */
#pragma once

#include "experts/train/train_run.h"

/* Every rank stands where the leader's run stands, which may be one that was broken off. */
bool train_team_begin(TrainRun *run, GError **error);

/* The part [from, to) of a batch of n models that is this rank's. */
void train_team_part(const TrainRun *run, size_t n, size_t *from, size_t *to);

/* The gradient and the loss of the rank's part of a batch, `share` of the whole, become those of the whole at each. */
bool train_team_join(TrainRun *run, double share, double *loss, GError **error);

/* After an epoch: all take over the leader's parameters, and what its validation said. */
bool train_team_settle(TrainRun *run, GError **error);
