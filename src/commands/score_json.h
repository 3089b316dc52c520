/* SPDX-License-Identifier: Apache-2.0 */
/* Scores in the answers of --json. */
#pragma once

#include "core/json.h"
#include "numerics/rate.h"

/* A score as every command prints it: top1 and top5, or accuracy, f1 and ap; n, classes, chance,
 * ci95. Null when nothing was measured. */
cJSON *score_json(const Score *score);
