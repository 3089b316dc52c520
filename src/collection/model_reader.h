/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a candidate: the header of its weight file and the files beside it. */
#pragma once

#include <glib.h>

#include "collection/candidate.h"
#include "collection/model.h"

/* The model that a candidate holds. The weight files that may stand for it are tried in turn;
 * each that cannot be read adds a WalkSkip to `skips`, with the reader's reason. NULL when none
 * can. `opened` gets the number of weight files opened. `root` is absolute. Safe from several
 * threads at once. */
Model *model_read(const char *root, const Candidate *candidate, GPtrArray *skips,
                  unsigned *opened);

/* What a file is good for, by its header. `layers` as layer_list() gives them. */
ModelKind model_kind_of(const WeightFile *file, const GArray *layers);
