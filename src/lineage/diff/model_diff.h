/* SPDX-License-Identifier: Apache-2.0 */
/* Two models layer by layer: what one has and the other lacks, and how far apart the rest is. Then the
 * tensors that are no layers (biases, norm vectors, counters), so that two models of which nothing
 * moved hold the same numbers. */
#pragma once

#include "collection/collection.h"
#include "lineage/diff/diff_row.h"
#include "core/progress.h"
#include "weights/layers/layer_figures.h"

typedef struct {
  GArray *rows; /* of DiffRow, in x's order, then what only p has */
  unsigned count[LAYER_UNCOMPUTED + 1];
  GArray *others; /* the same of tensors that are no layers, d_out numbers each; NULL: not looked at */
  unsigned other_count[LAYER_UNCOMPUTED + 1];
  double relative;     /* over all compared layers together; NAN */
  double trunk;        /* the same without output layers, which is what a tree's edges tell; NAN */
  bool magnitudes;     /* some DoRA is told by B A alone, without its magnitudes: there was no matrix for them */
  AdapterForm form;    /* of the layers that are LAYER_UNCOMPUTED */
  bool p_adds, x_adds; /* that one is an adapter and the other is none: what the adapter leaves alone
                          has no row */
} ModelDiff;

/* Compares x with p, one layer of each in memory at a time and every tensor read once. Reports phase
 * "comparing". NULL when a model cannot be opened or when cancelled. */
ModelDiff *model_diff_new(const Collection *collection, const Model *p, const Model *x, const Progress *progress,
                          GError **error);

/* The same of two open weight files; a configuration is what stands beside an adapter, or NULL. */
ModelDiff *model_diff_files(WeightFile *p, const AdapterConfig *p_config, WeightFile *x, const AdapterConfig *x_config,
                            const Progress *progress, GError **error);

/* The layers of one model beside nothing: every row is LAYER_ONLY_X. Reads the header alone; of an adapter the factors,
 * too, so that the size of what it changes (distance) and its scale are told. */
ModelDiff *model_layers_new(const Collection *collection, const Model *x, GError **error);

/* Other tensors in a state, in words: "1 other tensor moved", "12 other tensors same"; NULL when there
 * are none. The caller frees it. */
char *model_diff_others_text(const ModelDiff *diff, LayerState state);

void model_diff_free(ModelDiff *diff); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelDiff, model_diff_free)

/* Figures of x's layer, and of its change from p where both have it as dense matrices of one shape;
 * *change is NULL otherwise, and when p is NULL. False when the layer cannot be read. */
bool model_layer_figures(const Collection *collection, const Model *p, const Model *x, const char *layer,
                         LayerFigures **own, LayerFigures **change, GError **error);
