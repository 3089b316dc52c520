/* SPDX-License-Identifier: Apache-2.0 */
/* A small denoiser with attention, of the form that diffusion models have: a picture is nine patches that look at each
 * other (attn1) and at the tokens of a prompt (attn2), in two blocks.
 *
 *   h = patches W_e' + place
 *   h += attention(n(h), n(h)) W_o'      h += attention(n(h), tokens) W_o'      h += relu(n(h) W_1' + b) W_2'
 *   out = n(h) W_out' + b_out
 *
 * n brings each row to mean 0 and spread 1. Four heads of 16. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "numerics/rng.h"

enum {
  PAINTER_WIDTH = 64,
  PAINTER_PATCHES = 9,
  PAINTER_PATCH = 48, /* 4 x 4 pixels of three colours */
  PAINTER_TOKENS = 2,
  PAINTER_HEADS = 4,
  PAINTER_INNER = 128,
  PAINTER_BLOCKS = 2,
  PAINTER_NUMBERS = PAINTER_PATCHES * PAINTER_PATCH
};

/* The matrices of one block: the first eight are (64, 64), then (128, 64), (64, 128) and the bias (128). */
typedef enum { Q1, K1, V1, O1, Q2, K2, V2, O2, INNER, OUTER, BIAS, PAINTER_PARTS } PainterPart;

typedef struct {
  size_t n;                              /* numbers in all */
  float *block;                          /* one allocation that holds all of it */
  float *embed, *place, *out, *out_bias; /* (64, 48), (9, 64), (48, 64), (48) */
  float *part[PAINTER_BLOCKS][PAINTER_PARTS];
} Painter;

/* All zeros. */
Painter *painter_new(void);
void painter_free(Painter *painter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Painter, painter_free)

/* Numbers of a part. */
size_t painter_part_size(PainterPart part);

/* Draws all weights as PyTorch's nn.Linear does. */
void painter_start(Painter *painter, Rng *rng);

/* Scratch for up to `most` pictures. */
typedef struct PainterPass PainterPass;
PainterPass *painter_pass_new(size_t most);
void painter_pass_free(PainterPass *pass);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PainterPass, painter_pass_free)

/* The clean pictures that it sees in noisy ones: x and the answer (n, 432), patch by patch; tokens (n, 2, 64). The
 * answer is the pass's, until the next call. */
const float *painter_forward(PainterPass *pass, const Painter *painter, const float *x, const float *tokens, size_t n);

/* Adds to `grad` what d_out (n, 432) makes of the weights, after painter_forward() on the same. `wanted` (may be NULL:
 * all): parts of the blocks whose gradient is needed; nothing outside the blocks is then touched. */
void painter_backward(PainterPass *pass, const Painter *painter, const float *x, const float *tokens, size_t n,
                      const float *d_out, const bool wanted[PAINTER_PARTS], Painter *grad);
