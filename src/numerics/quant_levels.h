/* SPDX-License-Identifier: Apache-2.0 */
/* Whether numbers went through a few levels and back: what quantised copies cannot hide, whatever
 * format they are stored in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* True when x, the first n numbers of a matrix with rows of `columns`, lie on levels: 127 to each
 * side of a row, of the whole matrix (whose largest magnitude is `most`), or of groups of 32, 64 or 128; 255 over the
 * span of a row or a group; 7 or 8 in groups of 32; or on any few levels (NF4, FP4, GPTQ's 4 bits, FP8), which shows in
 * how few different numbers groups hold. The distance to the nearest level must be at most 0.06 of a step (root
 * mean square): numbers that know nothing of the levels have 0.29, and half-precision adds less
 * than 0.03. At least 256 numbers are needed. */
bool quant_levels_fit(const float *x, size_t n, size_t columns, float most);
