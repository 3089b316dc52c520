/* SPDX-License-Identifier: Apache-2.0 */
/* What a quantised matrix may have lost: read off the levels that its own numbers lie on, whatever format they came
 * from. Pure functions, for any thread. */
#pragma once

#include <stddef.h>

/* Half a step of the levels around each of the n numbers of a matrix with rows of `columns`, in half[n], told by runs
 * of 32 of a row: between neighbouring levels where a run shows few of them (4 bits and fewer), else the narrowest
 * gap. 0 where a run shows one number alone. Returns the sum over all of step^2 / 12: the squared error to expect of
 * rounding to nearest. */
double grid_noise(const float *x, size_t n, size_t columns, float *half);
