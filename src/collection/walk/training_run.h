/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of one training run, as trainers leave them: RUN/checkpoint-500, RUN/epoch-2, RUN/step_200, … Each is a
 * model of its own; run and step tell which belong together. A step is one of the words checkpoint, ckpt, step, steps,
 * epoch, iter in any case, at most one of - _ =, and up to 18 digits. Any thread may ask. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "runs/a/checkpoint-500/model.safetensors" -> "runs/a", 500; the run is "." when the checkpoint
 * lies in the root. The last folder of such a name counts. False when there is none. The caller
 * frees *run. */
bool training_run_of_path(const char *path, char **run, uint64_t *step);

/* True for a bare name that is a step and nothing else: "checkpoint-500", "Epoch_2". */
bool training_run_is_step(const char *name, uint64_t *step);

/* The first step that a path names anywhere, in a file's name too, and the path with # in place of its digits:
 * "run/a-step200.safetensors" is step 200 of "run/a-step#.safetensors". Paths of one run have one pattern. False when
 * there is none. The caller frees *pattern. */
bool training_run_pattern(const char *path, char **pattern, uint64_t *step);
