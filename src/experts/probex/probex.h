/* SPDX-License-Identifier: Apache-2.0 */
/* ProbeX (Horwitz et al. 2024, arXiv 2410.13569): a small network whose input is one weight
 * matrix X (d_out x d_in).
 *
 *   Z = V X U            (r_v x r_u)   V: shared projection, U: probes
 *   H = relu(Z)
 *   e = M vec(H) + b     (r_t)         vec is probe-major: entry l·r_v + v is H[v][l]
 *
 * followed by a head: y = T e + c for classes, or the cosine with a linear map of text for
 * alignment. A low-rank X = s·B·A is never multiplied out: Z = s (V B)(A U).
 *
 * The form of several views (arXiv 2605.23410) has up to four such branches, each with probes and a projection of its
 * own, whose H lie one after the other before the encoder M; multiview.h says how it computes them. */
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
  unsigned views;       /* a set of ViewBranch, (1 << branch) each: the form of several views; 0: ProbeX itself */
} ProbexShape;

/* The branches in the order in which they lie before the encoder. */
typedef enum { VIEW_XU, VIEW_XXTU, VIEW_XTU, VIEW_XTXU, VIEW_BRANCHES } ViewBranch;

/* A branch's response X U, X X'U, X'U or X'X U lies on the side of X's columns, d_in; goes through X twice; has its
 * probes U on the side of X's rows, d_out. */
static inline bool view_is_across(ViewBranch b) { return b == VIEW_XTU || b == VIEW_XTXU; }
static inline bool view_is_second(ViewBranch b) { return b == VIEW_XXTU || b == VIEW_XTXU; }
static inline bool view_probes_out(ViewBranch b) { return view_is_across(b) != view_is_second(b); }

/* All parameters lie in one block, so that Adam and a gradient walk it once. */
typedef struct {
  ProbexShape shape;
  size_t n; /* floats in the block */
  float *block;
  float *u;                      /* probes.weight                 (d_in, r_u); NULL with views */
  float *v;                      /* shared_probe_proj.weight      (r_v, d_out); NULL with views */
  float *views_u[VIEW_BRANCHES]; /* with views: each branch's probes (probex_probe_rows, r_u); NULL: not in use */
  float *views_v[VIEW_BRANCHES]; /* and projection (r_v, probex_response_rows) */
  float *m;                      /* per_probe_encoders.weight     (r_t, hidden) */
  float *b;                      /* per_probe_encoders.bias       (r_t) */
  float *head;                   /* text map (r_t, d_text) or classification_head.weight (n_classes, r_t) */
  float *head_b;                 /* (r_t) or (n_classes) */
  float *tau;                    /* align: log of the inverse temperature (1) */
} Probex;

/* Rows of a branch's probes, and of its response. */
size_t probex_probe_rows(const ProbexShape *shape, ViewBranch branch);
size_t probex_response_rows(const ProbexShape *shape, ViewBranch branch);

/* Numbers before the encoder: r_u · r_v of each branch. */
size_t probex_hidden(const ProbexShape *shape);

/* Allocates parameters, zeroed. NULL with an error when there is no memory or a dimension is 0
 * or overflows. Also used for gradients and Adam's moments, which have the same layout. */
Probex *probex_new(const ProbexShape *shape, GError **error);
void probex_free(Probex *p);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Probex, probex_free)

/* PyTorch's nn.Linear start: uniform within 1/sqrt(fan_in) for weights and biases. */
void probex_init(Probex *p, Rng *rng);
