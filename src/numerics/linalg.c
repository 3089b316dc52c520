/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/linalg.h"

#include <cblas.h>
#include <math.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "core/error.h"
#include "core/memory.h"
#include "numerics/rng.h"

void gemm(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
          const float *b, size_t ldb, float beta, float *c, size_t ldc) {
  if (m == 0 || n == 0) return;
  cblas_sgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans, trans_b ? CblasTrans : CblasNoTrans, (blasint)m,
              (blasint)n, (blasint)k, alpha, a, (blasint)lda, b, (blasint)ldb, beta, c, (blasint)ldc);
}

void gemm_reference(bool trans_a, bool trans_b, size_t m, size_t n, size_t k, float alpha, const float *a, size_t lda,
                    const float *b, size_t ldb, float beta, float *c, size_t ldc) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t l = 0; l < k; l++)
        sum += (double)a[trans_a ? l * lda + i : i * lda + l] * (double)b[trans_b ? j * ldb + l : l * ldb + j];
      c[i * ldc + j] = alpha * (float)sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
    }
}

/* Threads that were tried: each waits until all are there. */
typedef struct {
  GMutex lock;
  GCond open;
  bool opened;
} Gate;

static gpointer wait_at_gate(gpointer data) {
  Gate *gate = data;
  g_mutex_lock(&gate->lock);
  while (!gate->opened) g_cond_wait(&gate->open, &gate->lock);
  g_mutex_unlock(&gate->lock);
  return NULL;
}

/* How many of `wanted` further threads there can be at once. */
static unsigned threads_to_be_had(unsigned wanted) {
  Gate gate = {0};
  g_autoptr(GPtrArray) threads = g_ptr_array_new();
  g_mutex_init(&gate.lock);
  g_cond_init(&gate.open);
  for (unsigned k = 0; k < wanted; k++) {
    GThread *thread = g_thread_try_new("copse-probe", wait_at_gate, &gate, NULL);
    if (!thread) break;
    g_ptr_array_add(threads, thread);
  }
  g_mutex_lock(&gate.lock);
  gate.opened = true;
  g_cond_broadcast(&gate.open);
  g_mutex_unlock(&gate.lock);
  for (guint k = 0; k < threads->len; k++) g_thread_join(threads->pdata[k]);
  g_mutex_clear(&gate.lock);
  g_cond_clear(&gate.open);
  return threads->len;
}

/* OpenBLAS does not look whether a thread began, nor whether it has room, and waits for ever: of more than it ever had, as
 * many as there can be. */
void linalg_set_threads(unsigned threads) {
  enum { ROOM = 256 << 20 }; /* of addresses, for a thread's stack and buffer */
  static atomic_uint had;    /* as OpenBLAS itself keeps it, for the whole program */
  unsigned most = MAX(atomic_load(&had), linalg_threads());
  bool room = threads > most && memory_is_there((threads - most) * (size_t)ROOM, "", NULL);
  if (threads > most) threads = most + (room ? threads_to_be_had(threads - most) : 0);
  atomic_store(&had, MAX(most, threads));
  openblas_set_num_threads((int)MAX(threads, 1U));
}

unsigned linalg_threads(void) { return (unsigned)openblas_get_num_threads(); }

const char *linalg_kernel_name(void) { return openblas_get_corename(); }

/* Largest difference of two m x n matrices over the largest entry of the second. */
static double relative_difference(const float *x, const float *y, size_t n) {
  double diff = 0, top = 1e-30;
  for (size_t i = 0; i < n; i++) {
    diff = fmax(diff, fabs((double)x[i] - (double)y[i]));
    top = fmax(top, fabs((double)y[i]));
  }
  return isfinite(diff) ? diff / top : INFINITY;
}

static bool check_shape(size_t m, size_t n, size_t k, bool ta, bool tb, GError **error) {
  Rng rng;
  rng_init(&rng, 1, m * 1000003 + n * 1009 + k);
  g_autofree float *a = g_new(float, (m * k)), *b = g_new(float, (k * n));
  g_autofree float *c = g_new0(float, (m * n)), *r = g_new0(float, (m * n));
  rng_fill_normal(&rng, a, m * k, 1);
  rng_fill_normal(&rng, b, k * n, 1);
  gemm(ta, tb, m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, c, n);
  gemm_reference(ta, tb, m, n, k, 1, a, ta ? m : k, b, tb ? k : n, 0, r, n);
  double diff = relative_difference(c, r, m * n);
  if (diff < 1e-4) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_STATE,
              "OpenBLAS (%s) computes a wrong product: %zux%zux%zu%s%s differs from a plain loop "
              "by %.2g relative; set OPENBLAS_CORETYPE to another kernel, such as Haswell",
              linalg_kernel_name(), m, n, k, ta ? ", A transposed" : "", tb ? ", B transposed" : "", diff);
  return false;
}

bool linalg_self_check(GError **error) {
  static const size_t shapes[][3] = {{1, 1, 1},     {7, 5, 3},      {64, 64, 64},  {33, 129, 257},
                                     {4, 300, 256}, {130, 17, 768}, {256, 256, 16}};
  for (size_t s = 0; s < G_N_ELEMENTS(shapes); s++)
    for (int t = 0; t < 4; t++)
      if (!check_shape(shapes[s][0], shapes[s][1], shapes[s][2], t & 1, t & 2, error)) return false;
  return true;
}

float dot(const float *x, const float *y, size_t n) { return cblas_sdot((blasint)n, x, 1, y, 1); }

void quadratic_scores(const float *g, const float *s, double offset, const float *x, size_t n, size_t d, double *y) {
  g_autofree float *t = g_new(float, n *d + 1);
  for (size_t i = 0; i < n; i++) memcpy(t + i * d, s, d * sizeof *t);
  gemm(false, false, n, d, d, 1, x, d, g, d, 1, t, d);
  for (size_t i = 0; i < n; i++) y[i] = (double)dot(x + i * d, t + i * d, d) - offset;
}

size_t first_not_finite(const float *x, size_t n) {
  size_t i = 0;
  while (i < n && isfinite(x[i])) i++;
  return i;
}

bool all_zero(const float *x, size_t n) {
  size_t i = 0;
  while (i < n && x[i] == 0) i++;
  return i == n;
}

void axpy(float alpha, const float *x, float *y, size_t n) { cblas_saxpy((blasint)n, alpha, x, 1, y, 1); }

enum { HUGE_PAGE = 2 << 20 };

/* Bytes to reserve, whole huge pages from the first one on; 0 on overflow. */
static size_t big_bytes(size_t floats) {
  if (floats > SIZE_MAX / sizeof(float) - HUGE_PAGE) return 0;
  size_t bytes = MAX(floats, 1) * sizeof(float);
  return bytes < HUGE_PAGE ? bytes : (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

float *big_alloc(size_t floats, GError **error) {
  size_t bytes = big_bytes(floats);
  void *p = NULL;
  if (bytes && bytes < HUGE_PAGE) {
    p = g_try_malloc0(bytes);
  } else if (bytes) {
    p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) p = NULL;
    else madvise(p, bytes, MADV_HUGEPAGE);
  }
  if (!p)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "not enough memory for %zu numbers: close other programs", floats);
  return p;
}

void big_free(float *p, size_t floats) {
  if (!p) return;
  size_t bytes = big_bytes(floats);
  if (bytes < HUGE_PAGE) g_free(p);
  else munmap(p, bytes);
}
