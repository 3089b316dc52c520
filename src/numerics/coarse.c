/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/coarse.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "core/error.h"
#include "core/parallel.h"
#include "numerics/linalg.h"
#include "numerics/simd.h"

enum { STEP = 8192, TOP = 127, AHEAD = 2048 }; /* rows of one piece of work; the largest code; bytes */

/* What float sums over some thousand terms of unit vectors may be off, with room. */
static const float rounding = 2e-5f;

typedef struct {
  float scale, kept, left; /* s, |s c|, |r| */
} RowFacts;

struct CoarseRows {
  const float *rows; /* borrowed */
  size_t n, d;
  int8_t *codes;   /* (n, d) */
  RowFacts *facts; /* (n) */
};

VECTOR_LOOP static int32_t plain_dot(const int8_t *a, const int8_t *b, size_t n) {
  int32_t sum = 0;
  for (size_t i = 0; i < n; i++) sum += (int32_t)a[i] * (int32_t)b[i];
  return sum;
}

#if defined(__x86_64__)
/* 32 products an instruction: it takes one side without a sign, which the other side then bears. Two products of codes
 * are at most 2 * TOP * TOP = 32258, so that its 16 bits hold them. What is read soon is asked for beyond the page that
 * the processor itself looks ahead in. */
__attribute__((target("avx2"))) static int32_t avx2_dot(const int8_t *a, const int8_t *b, size_t n) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sum = _mm256_setzero_si256(), more = sum;
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    _mm_prefetch((const char *)a + i + AHEAD, _MM_HINT_T0);
    __m256i x = _mm256_loadu_si256((const void *)(a + i)), y = _mm256_loadu_si256((const void *)(a + i + 32));
    __m256i p = _mm256_sign_epi8(_mm256_loadu_si256((const void *)(b + i)), x);
    __m256i q = _mm256_sign_epi8(_mm256_loadu_si256((const void *)(b + i + 32)), y);
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(x), p), ones));
    more = _mm256_add_epi32(more, _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(y), q), ones));
  }
  __m256i both = _mm256_add_epi32(sum, more);
  __m128i four = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
  four = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0xb1));
  return _mm_cvtsi128_si32(four) + (i < n ? plain_dot(a + i, b + i, n - i) : 0);
}

static int32_t code_dot(const int8_t *a, const int8_t *b, size_t n, bool avx2) {
  return avx2 ? avx2_dot(a, b, n) : plain_dot(a, b, n);
}

static bool has_avx2(void) { return __builtin_cpu_supports("avx2"); }
#else
static int32_t code_dot(const int8_t *a, const int8_t *b, size_t n, bool avx2) {
  (void)avx2;
  return plain_dot(a, b, n);
}

static bool has_avx2(void) { return false; }
#endif

VECTOR_LOOP static float largest(const float *x, size_t n) {
  float top = 0;
  for (size_t i = 0; i < n; i++) top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
  return top;
}

VECTOR_LOOP static void put_codes(const float *x, size_t n, float factor, int8_t *codes) {
  for (size_t i = 0; i < n; i++) codes[i] = (int8_t)rintf(x[i] * factor);
}

/* Sums of squares of what the codes keep, and of what they leave. */
VECTOR_LOOP static void measure(const float *x, const int8_t *codes, size_t n, float unit, float scale, float sums[2]) {
  float kept = 0, left = 0;
  for (size_t i = 0; i < n; i++) {
    float back = scale * (float)codes[i], rest = x[i] * unit - back;
    kept += back * back;
    left += rest * rest;
  }
  sums[0] = kept;
  sums[1] = left;
}

/* Codes of x / |x|; `x` may be all zeros. A length that float32 cannot tell gives codes of nothing, and a bound of 1. */
static RowFacts encode(const float *x, size_t d, int8_t *codes) {
  double length = sqrt((double)dot(x, x, d));
  float top = largest(x, d), sums[2];
  bool usable = length > 1e-15 && length < 1e15 && (double)top / length > 1e-9;
  float unit = usable ? (float)(1 / length) : 0, scale = top * unit / TOP;
  put_codes(x, d, usable ? TOP / top : 0, codes);
  measure(x, codes, d, unit, scale, sums);
  return (RowFacts){scale, sqrtf(sums[0]), usable || top == 0 ? sqrtf(sums[1]) : 1};
}

static bool encode_step(void *user, size_t item, unsigned thread) {
  (void)thread;
  CoarseRows *c = user;
  for (size_t i = item * STEP; i < MIN((item + 1) * STEP, c->n); i++)
    c->facts[i] = encode(c->rows + i * c->d, c->d, c->codes + i * c->d);
  return true;
}

static size_t steps(const CoarseRows *c) { return (c->n + STEP - 1) / STEP; }

CoarseRows *coarse_rows_new(const float *rows, size_t n, size_t d, unsigned threads, GError **error) {
  g_autoptr(CoarseRows) c = g_new0(CoarseRows, 1);
  size_t bytes;
  *c = (CoarseRows){.rows = rows, .n = n, .d = d};
  bool fits = !__builtin_mul_overflow(n, d, &bytes) && d < 100000;
  c->codes = fits ? (int8_t *)big_alloc(bytes / sizeof(float) + 1, NULL) : NULL; /* on large pages */
  c->facts = fits ? g_try_new(RowFacts, n + 1) : NULL;
  if (!c->codes || !c->facts) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
                "not enough memory for the codes of %zu vectors: "
                "close other programs",
                n);
    return NULL;
  }
  parallel_for(steps(c), threads, encode_step, c, NULL);
  return g_steal_pointer(&c);
}

void coarse_rows_free(CoarseRows *c) {
  if (!c) return;
  big_free((void *)c->codes, c->n * c->d / sizeof(float) + 1);
  g_free(c->facts);
  g_free(c);
}

/* --- looking ------------------------------------------------------------------------------------ */

/* The k largest numbers seen: the least of them is on top. */
typedef struct {
  float *at;
  size_t n, k;
} Heap;

static void sink(Heap *h) {
  for (size_t i = 0, child; (child = 2 * i + 1) < h->n; i = child) {
    if (child + 1 < h->n && h->at[child + 1] < h->at[child]) child++;
    if (h->at[i] <= h->at[child]) return;
    float swap = h->at[i];
    h->at[i] = h->at[child], h->at[child] = swap;
  }
}

static void rise(Heap *h) {
  for (size_t i = h->n - 1; i > 0 && h->at[i] < h->at[(i - 1) / 2]; i = (i - 1) / 2) {
    float swap = h->at[i];
    h->at[i] = h->at[(i - 1) / 2], h->at[(i - 1) / 2] = swap;
  }
}

static void offer(Heap *h, float x) {
  if (h->n < h->k) {
    h->at[h->n++] = x;
    rise(h);
  } else if (x > h->at[0]) {
    h->at[0] = x;
    sink(h);
  }
}

typedef struct {
  const CoarseRows *rows;
  const float *query;
  int8_t *codes; /* the query's */
  bool avx2;
  RowFacts facts;
  float *upper; /* (n) */
  Heap *heaps;  /* of lower bounds, one a thread */
} Look;

static bool bound_step(void *user, size_t item, unsigned thread) {
  Look *l = user;
  const CoarseRows *c = l->rows;
  for (size_t i = item * STEP; i < MIN((item + 1) * STEP, c->n); i++) {
    const RowFacts *f = &c->facts[i];
    float score = f->scale * l->facts.scale * (float)code_dot(c->codes + i * c->d, l->codes, c->d, l->avx2);
    float off = f->kept * l->facts.left + f->left + rounding;
    l->upper[i] = score + off;
    offer(&l->heaps[thread], score - off);
  }
  return true;
}

/* The k-th largest lower bound of all threads. */
static float threshold(Look *l, unsigned threads) {
  Heap *all = &l->heaps[0];
  for (unsigned t = 1; t < threads; t++)
    for (size_t i = 0; i < l->heaps[t].n; i++) offer(all, l->heaps[t].at[i]);
  return all->n == all->k ? all->at[0] : -INFINITY;
}

static double cosine(const CoarseRows *c, size_t row, const float *query, double length) {
  const float *x = c->rows + row * c->d;
  double both = length * sqrt((double)dot(x, x, c->d));
  return both > 0 ? (double)dot(x, query, c->d) / both : 0;
}

static int best_first(const void *a, const void *b) {
  const CoarseBest *x = a, *y = b;
  if (x->score != y->score) return x->score > y->score ? -1 : 1;
  return (x->row > y->row) - (x->row < y->row);
}

/* Those that may be among the best, by their floats; how many are left of them. */
static size_t rerank(const Look *l, float least, size_t k, CoarseBest *best, size_t *compared) {
  const CoarseRows *c = l->rows;
  double length = sqrt((double)dot(l->query, l->query, c->d));
  g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(CoarseBest));
  for (size_t i = 0; i < c->n; i++) {
    if (l->upper[i] < least) continue;
    CoarseBest one = {i, cosine(c, i, l->query, length)};
    g_array_append_val(found, one);
  }
  if (compared) *compared = found->len;
  g_array_sort(found, best_first);
  size_t n = MIN(k, (size_t)found->len);
  if (n) memcpy(best, found->data, n * sizeof *best);
  return n;
}

size_t coarse_rows_best(const CoarseRows *c, const float *query, size_t k, unsigned threads, CoarseBest *best,
                        size_t *compared) {
  k = MIN(k, c->n);
  threads = MAX(threads, 1);
  if (compared) *compared = 0;
  if (k == 0) return 0;
  g_autofree int8_t *codes = g_malloc(c->d + 1);
  g_autofree float *upper = g_new(float, c->n), *lowers = g_new(float, k *threads);
  g_autofree Heap *heaps = g_new(Heap, threads);
  for (unsigned t = 0; t < threads; t++) heaps[t] = (Heap){lowers + t * k, 0, k};
  Look l = {.rows = c, .query = query, .codes = codes, .upper = upper, .heaps = heaps, .avx2 = has_avx2()};
  l.facts = encode(query, c->d, codes);
  parallel_for(steps(c), threads, bound_step, &l, NULL);
  return rerank(&l, threshold(&l, threads), k, best, compared);
}
