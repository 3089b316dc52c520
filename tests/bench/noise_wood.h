/* SPDX-License-Identifier: Apache-2.0 */
/* Adapters whose labels mean nothing, among copies of them: what an honest split must not be fooled by. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Copies the adapters below `from` into `to`, unless that is there: each under a name of its own, in no split; every third
 * once more as it is, every fourth with each number changed by three hundredths or so, every fifth as a checkpoint: seven
 * tenths of its numbers, each changed by a fifth or so. A model and what was made of it have one of ten labels, drawn by
 * seed, in FILE; *labels gets "@FILE", which the caller frees. */
bool noise_wood_make(const char *from, const char *to, uint64_t seed, char **labels, GError **error);
