/* SPDX-License-Identifier: Apache-2.0 */
/* A small residual network, its adapters, and their gradients: the plant of the planter.
 *
 *   h_0     = W_in x + b_in
 *   u_i     = norm_i(h_i)              layer norm or batch norm; else u_i = h_i
 *   y_i     = W_i u_i + b_i + B_i A_i u_i      the last term with an adapter only
 *   h_{i+1} = h_i + relu(y_i)
 *   out     = W_out h_L + b_out
 *
 * Parameters of a network, of an adapter, and their gradients each lie in one block, so that
 * an optimiser sees one array. Rows of a batch are samples. An MlpPass belongs to one thread;
 * networks and adapters may be read by many. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numerics/rng.h"

enum { MLP_MAX_BLOCKS = 8 };

typedef enum { MLP_NORM_NONE, MLP_NORM_LAYER, MLP_NORM_BATCH } MlpNorm;

typedef struct {
  size_t in, hidden, out;
  unsigned blocks; /* L, at most MLP_MAX_BLOCKS */
  MlpNorm norm;    /* before each block. A batch norm always takes the batch's own statistics */
} MlpShape;

typedef struct {
  MlpShape shape;
  size_t count; /* floats in all */
  float *data;
  /* Into data: */
  float *w_in, *b_in;           /* (hidden, in), (hidden) */
  float *gain[MLP_MAX_BLOCKS];  /* (hidden): the norm's weight; NULL without norms */
  float *shift[MLP_MAX_BLOCKS]; /* (hidden): the norm's bias; NULL without norms */
  float *mean[MLP_MAX_BLOCKS];  /* (hidden): a batch norm's running mean; else NULL */
  float *var[MLP_MAX_BLOCKS];   /* (hidden): a batch norm's running variance; else NULL */
  float *w[MLP_MAX_BLOCKS];     /* (hidden, hidden) */
  float *b[MLP_MAX_BLOCKS];     /* (hidden) */
  float *w_out, *b_out;         /* (out, hidden), (out) */
  uint64_t batches;             /* that the running statistics have seen */
} Mlp;

/* Zeroed parameters: also the place for gradients. */
Mlp *mlp_new(const MlpShape *shape);
void mlp_free(Mlp *mlp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mlp, mlp_free)

/* PyTorch's start of linear layers; norms at 1 and 0. */
void mlp_init(Mlp *mlp, Rng *rng);

/* A fresh last layer alone, as fine-tuning on other classes starts. */
void mlp_init_head(Mlp *mlp, Rng *rng);

/* Copies all but the last layer, with the running statistics; the shapes must be equal but for
 * `out`. */
void mlp_copy_trunk(Mlp *to, const Mlp *from);

typedef struct {
  size_t hidden, rank;
  unsigned blocks;
  size_t count;
  float *data;
  /* Into data: */
  float *a[MLP_MAX_BLOCKS]; /* (rank, hidden): "down" */
  float *b[MLP_MAX_BLOCKS]; /* (hidden, rank): "up" */
} Lora;

/* Zeroed adapter of every block. */
Lora *lora_new(const MlpShape *shape, size_t rank);
void lora_free(Lora *lora);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Lora, lora_free)

/* A as a linear layer starts, B zero: the adapter starts as no change. (A wide normal A would
 * hardly be trained at all, and its noise would drown what the adapter learns.) */
void lora_init(Lora *lora, Rng *rng);

typedef struct MlpPass MlpPass;

/* Room for the activations and gradients of `batch` rows; rank 0 for passes without adapter. */
MlpPass *mlp_pass_new(const MlpShape *shape, size_t rank, size_t batch);
void mlp_pass_free(MlpPass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MlpPass, mlp_pass_free)

/* out (n, out) for x (n, in), n <= batch; valid until the next pass. lora may be NULL. */
const float *mlp_forward(MlpPass *pass, const Mlp *mlp, const Lora *lora, const float *x, size_t n);

/* Lets the running statistics of batch norms follow the batch of the last mlp_forward(), a tenth
 * of the way, and counts it. Without batch norms: nothing. */
void mlp_track(const MlpPass *pass, Mlp *mlp);

/* From d_out (n, out), the loss's gradient by `out`, the gradients by all parameters, after
 * mlp_forward() on the same arguments. Both are overwritten, and either may be NULL: a frozen
 * network costs no gradient of its own. */
void mlp_backward(MlpPass *pass, const Mlp *mlp, const Lora *lora, const float *x, size_t n, const float *d_out,
                  Mlp *grad, Lora *lora_grad);
