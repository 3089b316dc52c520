/* SPDX-License-Identifier: Apache-2.0 */
/* ProbeX (Horwitz et al. 2024, arXiv 2410.13569): a small network whose input is one weight
 * matrix X (d_out x d_in).
 *
 *   Z = V X U            (r_v x r_u)   V: shared projection, U: probes
 *   H = relu(Z)
 *   e = M vec(H) + b     (r_t)         vec is probe-major: entry l·r_v + v is H[v][l]
 *
 * followed by a head: y = T e + c for classes, or the cosine with a linear map of text for
 * alignment. A low-rank X = s·B·A is never multiplied out: Z = s (V B)(A U). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "numerics/rng.h"
#include "weights/layers/layer.h"

typedef struct {
  size_t d_out, d_in;   /* of the layer */
  size_t r_u, r_v, r_t; /* probes, projection, representation */
  size_t d_text;        /* align: dimension of the text encoder; 0 without a head for text */
  size_t n_classes;     /* classify: labels; 0 otherwise */
  bool linear;          /* H = Z: without the relu, for comparison */
} ProbexShape;

/* All parameters lie in one block, so that Adam and a gradient walk it once. */
typedef struct {
  ProbexShape shape;
  size_t n; /* floats in the block */
  float *block;
  float *u;      /* probes.weight                 (d_in, r_u) */
  float *v;      /* shared_probe_proj.weight      (r_v, d_out) */
  float *m;      /* per_probe_encoders.weight     (r_t, r_u·r_v) */
  float *b;      /* per_probe_encoders.bias       (r_t) */
  float *head;   /* text map (r_t, d_text) or classification_head.weight (n_classes, r_t) */
  float *head_b; /* (r_t) or (n_classes) */
  float *tau;    /* align: log of the inverse temperature (1) */
} Probex;

/* Allocates parameters, zeroed. NULL with an error when there is no memory or a dimension is 0
 * or overflows. Also used for gradients and Adam's moments, which have the same layout. */
Probex *probex_new(const ProbexShape *shape, GError **error);
void probex_free(Probex *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Probex, probex_free)

/* PyTorch's nn.Linear start: uniform within 1/sqrt(fan_in) for weights and biases. */
void probex_init(Probex *p, Rng *rng);
