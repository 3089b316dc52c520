/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters whose labels mean nothing, among copies of them: what an honest split must not be fooled by. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* What stands beside the models. */
enum { NOISE_COPIES = 1, NOISE_NOISY = 2, NOISE_CHECKPOINTS = 4, NOISE_ALL = 7 };

/* Copies the adapters below `from` into `to`, unless that is there: each under a name of its own, in no split, and beside
 * it what `kin` says: a copy; one with each number changed by three hundredths or so; a checkpoint: seven tenths of its
 * numbers, each changed by a fifth or so. Of one of these each model has it, of all three every third, fourth and fifth
 * model. A model and what was made of it have one of ten labels, drawn by seed, in FILE; *labels gets "@FILE", which the
 * caller frees. */
bool noise_wood_make(const char *from, const char *to, uint64_t seed, unsigned kin, char **labels, GError **error);
