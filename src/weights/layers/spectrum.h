/* SPDX-License-Identifier: Apache-2.0 */
/* Singular values of a layer. Low-rank layers are never multiplied out: the values of s·B·A come from the
 * r x r matrices B'B and AA'. Of a dense layer wider than SPECTRUM_EXACT both ways, only the leading
 * ones are found, from a seeded random projection. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "weights/layers/layer.h"

enum { SPECTRUM_EXACT = 1536, SPECTRUM_LEADING = 256 };

typedef struct {
  double *values; /* largest first */
  size_t n;
  size_t full;  /* how many the layer has: min(d_out, d_in), or its rank when low-rank */
  bool leading; /* values has the leading ones only, approximately */
} Spectrum;

/* NULL with COPSE_ERROR_FORMAT when the layer holds NaN or infinity or the solver gives up. */
Spectrum *spectrum_new(const Layer *layer, GError **error);
void spectrum_free(Spectrum *spectrum); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Spectrum, spectrum_free)

/* How many values exceed `share` of the largest. */
size_t spectrum_rank(const Spectrum *spectrum, double share);

/* |X|^2 / sigma_1^2: how many directions carry the layer. NAN when it is zero or when only the leading
 * values are known. */
double spectrum_stable_rank(const Spectrum *spectrum);
