/* SPDX-License-Identifier: Apache-2.0 */
/* An expert as a file that the authors' programs load strictly: their tensors, and no other. */
#pragma once

#include "experts/expert.h"

/* Writes the expert for `program`: "probex" (arXiv 2410.13569) or "mvprobe" (arXiv 2605.23410, where branches that are
 * not in use are written as zeros, which add nothing). What a scale did is in the projection already; a temperature
 * changes no ranking and is left out. COPSE_ERROR_UNSUPPORTED, saying what there is no place for there and how to train
 * without it: another kind of expert, a subtracted centre, texts that are centred and brought to length 1, no relu.
 * COPSE_ERROR_USAGE for another program. */
bool expert_export(const Expert *expert, const char *program, const char *path, GError **error);
