/* SPDX-License-Identifier: Apache-2.0 */
/* The form of several views (arXiv 2605.23410): of the raw layer X (d_out x d_in), one branch each,
 *
 *   xu    S = X U        xxtu  S = X X'U        xtu   S = X'U        xtxu  S = X'X U
 *   Z = P (S - mean) / (spread + 1e-8)          mean and spread (n - 1) over all d·r numbers of S, model by model
 *   H = relu(Z)
 *
 * and the H of all branches go into one encoder. The mean of S reaches Z as mean · P 1, so that neither S nor X is ever
 * written down of a low-rank layer (multiview_low.h). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "experts/probex/probex.h"

enum { VIEW_ALL = (1 << VIEW_BRANCHES) - 1 };

/* What upstream calls a branch's probes and projection in its checkpoints. Static text. */
const char *view_probe_name(ViewBranch branch);
const char *view_projection_name(ViewBranch branch);

/* "xu,xxtu" of a set of branches. The caller frees it. */
char *views_text(unsigned views);

/* A set from such a text. COPSE_ERROR_USAGE names the branches that there are. */
bool views_parse(const char *text, unsigned *views, GError **error);

/* Mean and spread of a response. */
typedef struct {
  double n, mean, spread, inverse; /* inverse = 1 / (spread + 1e-8) */
} ViewStandard;

/* From the sum of n numbers and the sum of their squares. */
ViewStandard view_standard(double sum, double squares, double n);

/* How a loss depends on sum and squares. */
typedef struct {
  double by_sum, by_squares;
} ViewSlope;

/* z (r_u, r_v), row by row P times the response: becomes H, given P 1 (r_v). */
void view_finish(const ViewStandard *standard, const float *p1, size_t r_u, size_t r_v, bool linear, float *z);

/* The other way: dz (r_u, r_v), the gradient by H, becomes that by P S; dp1 (r_v) is written, the gradient by P 1. */
ViewSlope view_finish_backward(const ViewStandard *standard, const float *p1, const float *h, size_t r_u, size_t r_v,
                               bool linear, float *dz, float *dp1);
