/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel of more models than can be compared with each other, by some of them (Nystroem; Williams and Seeger 2001):
 *
 *   K ~ C L^-1 C' = F F'     C (n, m): all models against the landmarks     L (m, m)     F = C W, W = V D^-1/2, L = V D V'
 *
 * Ridge on F is exact for that kernel, its errors left out too (leave_out.h), and the answer to a new model needs its
 * likeness to the landmarks alone: k(x)' W F' a. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct {
  size_t m, rank;
  float *w; /* (m, rank) */
} Landmarks;

/* From the landmarks' kernel (m, m). COPSE_ERROR_STATE when it cannot be decomposed. */
Landmarks *landmarks_new(const float *kernel, size_t m, GError **error);
void landmarks_free(Landmarks *landmarks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Landmarks, landmarks_free)

/* F (n, rank) of models whose likeness to the landmarks is c (n, m). The caller frees it with big_free(). */
float *landmarks_features(const Landmarks *landmarks, const float *c, size_t n, GError **error);

/* The share of the models' own likeness, which is 1 each, that F does not hold: 0 where the landmarks say it all. */
double landmarks_missed(const Landmarks *landmarks, const float *f, size_t n);

/* W F'a (m, width) for a (n, width): what a new model's likeness to the landmarks is multiplied with. */
float *landmarks_weights(const Landmarks *landmarks, const float *f, size_t n, const double *a, size_t width);
