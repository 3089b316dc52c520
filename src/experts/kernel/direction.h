/* SPDX-License-Identifier: Apache-2.0 */
/* A direction a label in one side of a dense layer: the closed form with as few numbers as classes leave in the weights.
 *
 *   y_c = g_c d_c' G d_c + o_c      G = X'X, or (X'X)^½ of a head, of length 1
 *
 * A label of a classifier is one vector that its head, and what stands below it, must tell from the others: of all the
 * linear forms in G that ridge chooses from, those of rank one. Where a head has few rows, (X'X)^½ leaves them equal
 * weight, as the order of classes does not matter to it. */
#pragma once

#include "experts/kernel/kernel_gram.h"

/* The widest side of a layer that is looked at. */
enum { DIRECTIONS_WIDEST = 512 };

typedef struct {
  size_t layer; /* index into Kernel.layers */
  KernelView view;
  size_t labels, d;
  float *d_of;   /* (labels, d) */
  float *gain;   /* (labels) */
  float *offset; /* (labels) */
  float weight;  /* of its answers in the expert's */
} Directions;

/* Room for them, zeroed. */
Directions *directions_new(size_t layer, KernelView view, size_t labels, size_t d);
void directions_free(Directions *directions);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Directions, directions_free)

/* forms (labels, width): what the product with a feature of kernel_features() makes d_c' G d_c of; d_of (labels, d). */
void directions_forms(const float *d_of, size_t labels, size_t d, float *forms);

/* Adds weight times the answers for the models of `rows` to y (rows->n, labels). */
void directions_add(const Directions *directions, const KernelRows *rows, float *y);
