/* SPDX-License-Identifier: Apache-2.0 */
/* One layer of many models in the form that kernels are computed from: X = U S V' of an adapter, from the QR of its two
 * factors and the SVD of their k x k core; a dense layer as it is, brought to mean 0 and spread 1 model by model.
 *
 * Views of X (see kernel_gram.h): x,p = U S^p V'; u,p = U S^p U'; v,p = V S^p V'. */
#pragma once

#include "experts/probex/layer_set.h"

typedef enum { SIDE_X, SIDE_U, SIDE_V, SIDE_COUNT } KernelSide;

typedef struct {
  KernelSide side;
  float power;
} KernelView;

/* A view is L S^p R': does L hold U's rows, and not V's; does R hold V's? */
static inline bool kernel_view_left_is_u(KernelView view) { return view.side != SIDE_V; }
static inline bool kernel_view_right_is_v(KernelView view) { return view.side != SIDE_U; }

typedef struct {
  LayerForm form;
  size_t n, d_out, d_in;
  size_t *first; /* (n + 1): model i has rows first[i] .. first[i + 1) of u, v, s */
  float *u;      /* (rows, d_out), orthonormal within a model */
  float *v;      /* (rows, d_in), likewise */
  float *s;      /* (rows): singular values, of length 1 together, largest first; below 1e-4 of it they are dropped */
  float *x;      /* (n, d_out · d_in), dense only */
  bool *empty;   /* (n): the layer is zero, or broken: its kernel is 0 with everything */
} KernelRows;

/* Of the n models `models` of the set; NULL: of the first n. Parallel over the threads of the algebra. */
KernelRows *kernel_rows_new(const LayerSet *set, const size_t *models, size_t n, GError **error);
void kernel_rows_free(KernelRows *rows);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelRows, kernel_rows_free)

/* Room for n models of the given ranks (low-rank), zeroed. */
KernelRows *kernel_rows_alloc(LayerForm form, size_t n, size_t d_out, size_t d_in, const size_t *ranks, GError **error);

/* A copy of the models `models` (n). */
KernelRows *kernel_rows_pick(const KernelRows *rows, const size_t *models, size_t n, GError **error);

/* "u,0.5". The caller frees it. */
char *kernel_view_name(KernelView view);
bool kernel_view_parse(const char *text, KernelView *view);
