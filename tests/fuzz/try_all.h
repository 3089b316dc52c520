/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz drivers of formats with packed members do with a file once it is open. */
#pragma once

#include "weights/weight_file.h"

/* Reads each byte of each tensor, in stretches that begin and end anywhere, twice over, and each
 * number of the readable ones. A member that is damaged within may refuse to be read, but always
 * with an error, and alike each time. Aborts when the file does not give what it promised. Stops
 * after 4 MB, since few bytes may stand for many. `file` may be NULL; it is freed. */
void try_all(WeightFile *file);
