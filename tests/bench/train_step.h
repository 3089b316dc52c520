/* SPDX-License-Identifier: Apache-2.0 */
/* Training steps of ProbeX: models a second, against the sgemm floor and, with `python3` and torch,
 * a plain PyTorch ProbeX in the same run. */
#pragma once

#include "tests/bench/floors.h"

void train_step_bench(const Floors *floors);
