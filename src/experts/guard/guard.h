/* SPDX-License-Identifier: Apache-2.0 */
/* Is a model of the kind that an expert was trained on? Trained forms answer for any numbers of the right size; a guard
 * lets them be silent where the weights are unlike all training models': random, turned into another basis, of another
 * tree of the same shapes.
 *
 *   f = upper half of R X X' R'  (side u),  R X' X R'  (side v),  or R X R' itself  (side x), of length 1
 *   c = (f - mean) / |f - mean|                                    R: random, `size` rows, from `seed`
 *   score = c'G c + c'slope - offset                               G = C'H C, slope = 2 C'u / t, offset = 1 / t
 *
 * with C the training models' c and H, u, t of their products as in kernel/leave_out.h: 1 less the variance of a Gaussian
 * process with an intercept, without which what is left out is explained by its trace in the mean. Side and l are those that tell best the training models, each left
 * out with all of its label (models of new labels belong here too), from themselves in another random basis. The threshold
 * refuses nearly all of the latter, or where the two overlap one in twenty of the former (without labels one in fifty).
 * Where a label that is left out cannot be told from the turned ones, as among few labels, models are left out alone. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"
#include "experts/guard/guard_sketch.h"
#include "numerics/rate.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_file.h"

typedef struct {
  GuardSide side;
  size_t size;  /* rows of R; at most GUARD_SIZE */
  size_t width; /* numbers of f */
  uint64_t seed;
  double threshold;
  double passed; /* share of the training models, turned into another basis, that reach it nevertheless */
  float *mean;   /* (width) */
  float *g;      /* (width, width) */
  float *slope;  /* (width) */
  double offset;
} Guard;

/* Rows of R for a side, and for X itself; models that it takes to fit one. */
enum { GUARD_SIZE = 40, GUARD_SIZE_X = 28, GUARD_LEAST = 50 };

/* Fitted on models [0, n) of a set, some hundreds of them at most; label[model] is the one that each has, label NULL:
 * they have many. NULL without an error when nothing tells them from
 * others or there are fewer than GUARD_LEAST; NULL with one when cancelled or without memory. */
Guard *guard_fit(const LayerSet *set, const size_t *models, size_t n, const size_t *label, uint64_t seed,
                 const Progress *progress, GError **error);
Guard *guard_copy(const Guard *guard); /* NULL-safe */
void guard_free(Guard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guard, guard_free)

/* score (set->n) of every model of a set prepared as the one that it was fitted on (its scale does not matter); 0 for a
 * model of zeros. Parallel over the threads of the algebra. */
void guard_scores(const Guard *guard, const LayerSet *set, double *score);

/* As tensors, which point into the guard, and as text for a file; and back: NULL without an error when the file has
 * none, with COPSE_ERROR_FORMAT when it does not fit together. The caller frees the text. */
enum { GUARD_TENSORS = 3 };
void guard_put(const Guard *guard, TensorOut tensors[GUARD_TENSORS]);
char *guard_text(const Guard *guard);
Guard *guard_read(WeightFile *file, GError **error);
