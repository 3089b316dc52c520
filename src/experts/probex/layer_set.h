/* SPDX-License-Identifier: Apache-2.0 */
/* One layer of many models, read once and kept in memory as float32: what experts train on.
 *
 * Low-rank layers stay in their factors. A's rows and B's columns of all models lie row by row
 * in two arrays, so that the products with U and V are one large multiplication each for a
 * whole batch. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/collection.h"
#include "core/progress.h"
#include "experts/probex/dense_store.h"

typedef struct {
  LayerForm form;
  size_t n; /* models */
  size_t d_out, d_in;
  size_t max_rank;           /* low-rank: of any model */
  size_t *first;             /* (n + 1): model i has rows first[i] .. first[i + 1) of a and bt */
  float *scale;              /* (n): s, divided by `spread` */
  float *a;                  /* (rows, d_in) */
  float *bt;                 /* (rows, d_out): B transposed */
  DenseStore *x;             /* (n) of (d_out, d_in), dense; divided by `spread` when spread is set */
  float *ones_out, *ones_in; /* (d_out), (d_in): L'1 and R'1 where X is L C R' and C is held; NULL: X itself is held */
  size_t full_out, full_in;  /* the sizes of X; d_out and d_in but for a compressed set */
  float spread;              /* what the numbers were divided by; 1 until layer_set_normalise() */
  bool *broken;              /* (n): numbers that are none, or beyond 1e15; such a layer is held as zeros */
  bool *zero;                /* (n): low-rank layers that add nothing */
  size_t a_floats, bt_floats;
} LayerSet;

/* Reads the layer of each model (Model*). All must have it in the same form and shape: a model
 * that differs or cannot be read is an error that names it. `store` (may be NULL) says how dense
 * ones are kept. Reports phase "reading". Parallel. */
LayerSet *layer_set_read(const Collection *collection, const GPtrArray *models, const char *layer,
                         const DenseStoreOptions *store, const Progress *progress, GError **error);

/* A set from layers at hand, which are copied. For tests and single models. */
LayerSet *layer_set_from_layers(const Layer *layers, size_t n, GError **error);

/* A dense set of n layers, zeroed, to be filled by the caller. */
LayerSet *layer_set_dense(size_t n, size_t d_out, size_t d_in, const DenseStoreOptions *store, GError **error);

/* X of model i of a dense set; see dense_store_get(). */
static inline const float *layer_set_get(const LayerSet *set, size_t i, float *scratch) {
  return dense_store_get(set->x, i, scratch);
}

void layer_set_free(LayerSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerSet, layer_set_free)

/* The mean X of models [0, n) of a dense set: (d_out, d_in), the caller frees it with g_free. */
float *layer_set_mean(const LayerSet *set, const size_t *models, size_t n);

/* Subtracts a (d_out, d_in) matrix from every X of a dense set that was not normalised yet. */
void layer_set_subtract(LayerSet *set, const float *centre);

/* The root mean square entry of the X of models [0, n), computed from the factors. */
float layer_set_spread(const LayerSet *set, const size_t *models, size_t n);

/* Divides every X by `spread` (from now on set->spread), by its scale when it is low-rank. */
void layer_set_normalise(LayerSet *set, float spread);
