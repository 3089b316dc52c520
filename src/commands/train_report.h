/* SPDX-License-Identifier: Apache-2.0 */
/* What a training run achieved, as a table on standard output. */
#pragma once

#include "experts/train/train.h"

/* One line: a name and its score. */
void train_report_score(const char *name, const Score *score);

void train_report_print(const TrainResult *result);
