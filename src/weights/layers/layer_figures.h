/* SPDX-License-Identifier: Apache-2.0 */
/* What one layer looks like in numbers, and how far it is from another. */
#pragma once

#include "weights/layers/layer.h"
#include "weights/layers/spectrum.h"

enum { FIGURE_BINS = 240, FIGURE_SAMPLES = 65536 };

typedef struct {
  size_t entries; /* looked at: all of a dense layer, FIGURE_SAMPLES drawn of a low-rank one */
  bool sampled;
  double mean, sd, least, most;
  double zeros;     /* share of entries that are exactly 0 */
  double low, high; /* what the bins span: at most 5 sd either side of the mean */
  unsigned bins[FIGURE_BINS];
  double norm; /* |X| */
  Spectrum *spectrum;
} LayerFigures;

/* Figures of a layer. NULL with COPSE_ERROR_FORMAT when it holds NaN or infinity. */
LayerFigures *layer_figures_new(const Layer *layer, GError **error);
void layer_figures_free(LayerFigures *figures); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerFigures, layer_figures_free)

/* |X - P|: of two dense layers, of two low-rank ones (through their factors). The layers must have one form and
 * shape, else NAN. */
double layer_distance(const Layer *x, const Layer *p);

/* X - P of two dense layers of one shape, in X's place. */
void layer_subtract(Layer *x, const Layer *p);

enum { RANK_PROBES = 64 };

/* The numerical rank of a dense layer (singular values above 1/1000 of the largest), from RANK_PROBES random
 * directions; RANK_PROBES stands for "that many or more". 0 for a zero layer. */
size_t layer_probe_rank(const Layer *layer);
