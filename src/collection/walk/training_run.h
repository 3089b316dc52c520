/* SPDX-License-Identifier: Apache-2.0 */
/* The checkpoints of one training run: RUN/checkpoint-500, RUN/checkpoint-1000, …, as trainers
 * leave them. Each is a model of its own; run and step tell which belong together. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "runs/a/checkpoint-500/model.safetensors" -> "runs/a", 500; the run is "." when the checkpoint
 * lies in the root. The last folder of such a name counts. False when there is none. The caller
 * frees *run. */
bool training_run_of_path(const char *path, char **run, uint64_t *step);

/* True for the bare name "checkpoint-500" or "checkpoint_500". */
bool training_run_is_step(const char *name, uint64_t *step);
