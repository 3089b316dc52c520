/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz driver of a weight format does with a file once it is open. */
#pragma once

#include "weights/weight_file.h"

/* Reads each byte of each tensor as it is stored, and each number of the readable ones, in
 * stretches that begin and end anywhere. Aborts when an open file does not give what it
 * promised. `file` may be NULL; it is freed. */
void read_all(WeightFile *file);
