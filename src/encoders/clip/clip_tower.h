/* SPDX-License-Identifier: Apache-2.0 */
/* The CLIP text tower: a causal transformer with norms before its parts.
 *
 *   x_t = E[id_t] + P[t]
 *   each layer: x += Out(Attn(LN1 x)), x += fc2(act(fc1(LN2 x)))
 *   z = LN_final(x) at the pooled token, answer = W_proj z, not brought to length 1
 *
 * Attention: softmax over s <= t of (q_t . k_s) / sqrt(d / heads), heads being contiguous blocks.
 * Since no position sees a later one, only tokens up to the pooled one are computed, without
 * padding, and of the last layer only the pooled row. */
#pragma once

#include "encoders/clip/clip_config.h"
#include "encoders/clip/clip_weights.h"

/* Texts are computed together, at most so many tokens at a time: this bounds the memory. */
enum { CLIP_BATCH_ROWS = 512 };

typedef struct {
  const uint32_t *ids; /* all below the vocabulary */
  size_t n;            /* 1 .. context; the last one is pooled */
} ClipText;

/* Answers (n, dim) for n texts. Thread-safe; scratch memory is of the order of CLIP_BATCH_ROWS
 * rows, whatever n. */
bool clip_tower_encode(const ClipWeights *weights, const ClipConfig *config, const ClipText *texts, size_t n,
                       float *dst, GError **error);
