/* SPDX-License-Identifier: Apache-2.0 */
/* Short random images of a layer's sides, which stand in for the sides themselves; low-rank layers stay in their
 * factors. See guard.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "experts/probex/layer_set.h"

/* X X', X'X, or X. */
typedef enum { GUARD_U, GUARD_V, GUARD_X, GUARD_SIDES } GuardSide;

/* Numbers of an image. */
size_t guard_width(GuardSide side, size_t size);

/* (n, width), each of length 1 (zeros of a layer of zeros): of the models `models` (n; NULL: the first n) of the set. The
 * random rows come from `seed`. `turned`: as if each layer's rows and columns were dealt out anew with random signs, which
 * is another basis to the same rows. The caller frees it. */
float *guard_sketches(const LayerSet *set, const size_t *models, size_t n, GuardSide side, size_t size, uint64_t seed,
                      bool turned);
