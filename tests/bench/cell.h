/* SPDX-License-Identifier: Apache-2.0 */
/* One training of a long report, kept in a file once it is done: a report that was broken off goes on where it was. */
#pragma once

#include "experts/train/train.h"

typedef struct {
  Score score[2];                    /* of test models, and of those with labels never trained on */
  Score baseline[BASELINE_COUNT][2]; /* the same of what stands beside; nothing measured: n is 0 */
  double seconds;                    /* of processor */
  Judged judged[2];                  /* test models, and those of labels never trained on, one by one */
} Cell;

/* Reads ROOT/cells/NAME; NULL when it is not there. The caller frees it. */
Cell *cell_kept(const char *root, const char *name);

/* The same, but trains and writes what is not there. NULL with an error. */
Cell *cell_take(const char *root, const char *name, Collection *collection, const GPtrArray *models,
                const TrainOptions *options, GError **error);
void cell_free(Cell *cell);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cell, cell_free)
