/* SPDX-License-Identifier: Apache-2.0 */
/* Dense algebra on OpenBLAS, row-major float32. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* C (m x n) = alpha · op(A) · op(B) + beta · C, with op(A) m x k and op(B) k x n.
 * lda, ldb, ldc are the row lengths of A, B, C as they are stored. */
void gemm(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
          const float *b, size_t ldb, float beta, float *c, size_t ldc);

/* The same by three plain loops: the reference that gemm is checked against. */
void gemm_reference(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                    const float *b, size_t ldb, float beta, float *c, size_t ldc);

/* Threads that each OpenBLAS call may use. Call once before other threads start. */
void linalg_set_threads(unsigned threads);

/* What linalg_set_threads() set. */
unsigned linalg_threads(void);

/* Compares products of several shapes with the plain loops. True when they agree to
 * 1e-4 relative; otherwise the message names the shape: some old kernels of OpenBLAS
 * compute wrong results on newer processors. */
bool linalg_self_check(GError **error);

/* Name of the kernel family OpenBLAS chose, such as "Haswell". Static text. */
const char *linalg_kernel_name(void);

float dot(const float *x, const float *y, size_t n);

/* The first of x[0..n) that is NaN or infinite; n: none is. */
size_t first_not_finite(const float *x, size_t n);

/* True when x[0..n) are all zero. */
bool all_zero(const float *x, size_t n);
void axpy(float alpha, const float *x, float *y, size_t n); /* y += alpha x */

/* y_i = x_i'(G x_i + s) - offset of rows x (n, d), with G (d, d) and s (d). */
void quadratic_scores(const float *g, const float *s, double offset, const float *x, size_t n, size_t d, double *y);

/* Zeroed floats for matrices; from 2 MB on in pages advised to be huge (page faults of
 * fresh buffers cost more than arithmetic). NULL with an error when there is no memory;
 * n = 0 gives one float. Free with big_free() and the same n. */
float *big_alloc(size_t floats, GError **error);
void big_free(float *p, size_t floats);

/* Cuts the next n floats off a block: returns *at and moves it on. */
static inline float *block_take(float **at, size_t n) {
  float *p = *at;
  *at += n;
  return p;
}
