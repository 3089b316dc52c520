/* SPDX-License-Identifier: Apache-2.0 */
/* The tensors of a CLIP text tower, ready to compute with: float32, mapped where the file holds
 * them so, else converted once. Rows of the token table are read when they are needed. */
#pragma once

#include "weights/weight_file.h"

/* All matrices are (out, in): y = W x + b. */
typedef struct {
  const float *norm1, *norm1_b;             /* (d) */
  const float *q, *q_b, *k, *k_b, *v, *v_b; /* (d, d), (d) */
  const float *out, *out_b;                 /* (d, d), (d) */
  const float *norm2, *norm2_b;             /* (d) */
  const float *fc1, *fc1_b, *fc2, *fc2_b;   /* (inner, d), (inner), (d, inner), (d) */
} ClipLayer;

typedef struct {
  size_t vocabulary, context, width, inner, layers;
  size_t dim;                   /* of the answer: the projection's rows, else width */
  ClipLayer *layer;             /* (layers) */
  const float *position;        /* (context, width) */
  const float *final, *final_b; /* (width) */
  const float *projection;      /* (dim, width), or (width, dim) when transposed; NULL: none */
  bool projection_transposed;
  struct ClipStore *store; /* where the numbers lie */
} ClipWeights;

/* Opens the weights of a folder (model.safetensors, pytorch_model.bin, their indices and fp16
 * variants, OpenCLIP's names) in transformers' or OpenCLIP's layout. `layers` are used, 0: all
 * there are. Errors name the file, the tensor and the shape expected. Reads in parallel on
 * linalg_threads() threads. */
ClipWeights *clip_weights_open(const char *folder, unsigned layers, GError **error);
void clip_weights_free(ClipWeights *weights);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClipWeights, clip_weights_free)

/* The label of the weight file, for messages. */
const char *clip_weights_label(const ClipWeights *weights);

/* Fails when the mapped file was changed since: then its pages must not be touched. */
bool clip_weights_check(const ClipWeights *weights, GError **error);

/* Row `id` (below vocabulary) of the token table into dst (width). Thread-safe. */
bool clip_weights_token(const ClipWeights *weights, size_t id, float *dst, GError **error);

/* A hash of sizes, of a sample of every tensor (its first and last numbers) and of rows of the token table. */
uint64_t clip_weights_hash(const ClipWeights *weights);
