/* SPDX-License-Identifier: Apache-2.0 */
/* What a training or a sweep is told of while it runs, and when it has ended. Pure text; the caller frees it. */
#pragma once

#include "experts/train/train.h"
#include "session/sweep_board.h"
#include "session/worker.h"

/* "epoch 12/30 · loss 0.183 · val 61 % · 20 s left". */
char *train_live_text(const JobStatus *job, unsigned epochs, bool ascii);

/* Of a sweep the whole counts: "2 of 24 layers · 3 min left". *share gets how much of it is done. */
char *sweep_live_text(SweepBoard *board, const JobStatus *job, unsigned epochs, bool ascii, double *share);

/* "probex-mid.0: seen 61 %, ...; best epoch 27, 12 s, 230 models/s". */
char *train_success_text(const TrainResult *result, bool ascii);
