/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/diff/verify_numbers.h"

#include <math.h>
#include <string.h>

#include "weights/convert.h"

enum { MOST_RUNS = 64, ROUNDED_AT_ONCE = 4096 };

/* Of integers that a quantiser chose with an eye on each other (GPTQ) a few lie farther than one step from the source. */
static const double most_beyond = 0.01, farthest = 4;

const char *verify_state_name(VerifyState state) {
  static const char *const names[VERIFY_STATES] = {"same",      "rounded",     "within",    "unread",
                                                   "different", "other shape", "only in A", "only in B"};
  return state < VERIFY_STATES ? names[state] : "?";
}

static bool is_equal(float a, float b) { return a == b || (isnan(a) && isnan(b)); }

/* Sums, and how many are not equal. */
static void measure(const float *a, const float *b, size_t n, VerifyNumbers *v) {
  for (size_t i = 0; i < n; i++) {
    v->size2 += (double)b[i] * b[i];
    if (is_equal(a[i], b[i])) continue;
    double d = fabs((double)a[i] - b[i]);
    v->differing++;
    v->distance2 += d * d;
    if (!(d <= v->largest)) v->largest = d;
  }
}

static float most_of(const float *x, size_t n) {
  float most = 0;
  for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(x[i]));
  return most;
}

/* Marks the number's block; runs of neighbours are joined. */
static void mark(VerifyNumbers *v, uint64_t i, uint64_t *last) {
  const uint64_t block = i / VERIFY_BLOCK;
  if (v->blocks && block == *last) return;
  v->blocks++;
  *last = block;
  VerifyRun *run = v->runs->len ? &g_array_index(v->runs, VerifyRun, v->runs->len - 1) : NULL;
  const uint64_t first = block * VERIFY_BLOCK, count = MIN((uint64_t)VERIFY_BLOCK, v->numbers - first);
  if (run && run->first + run->count == first) {
    run->count += count;
  } else if (v->runs->len < MOST_RUNS) {
    VerifyRun fresh = {first, count};
    g_array_append_val(v->runs, fresh);
  }
}

/* Where the finer numbers, rounded, are not the coarser ones. False when that rounding is not known. */
static bool mark_unrounded(const float *fine, const float *coarse, size_t n, Dtype to, VerifyNumbers *v) {
  g_autofree unsigned char *bytes = g_malloc(ROUNDED_AT_ONCE * sizeof(double));
  g_autofree float *rounded = g_new(float, ROUNDED_AT_ONCE);
  uint64_t unequal = 0, last = 0;
  for (size_t at = 0; at < n; at += ROUNDED_AT_ONCE) {
    size_t k = MIN(n - at, (size_t)ROUNDED_AT_ONCE);
    if (!dtype_from_f32(to, fine + at, bytes, k)) return false;
    dtype_to_f32(to, bytes, rounded, k);
    for (size_t i = 0; i < k; i++) {
      if (is_equal(rounded[i], coarse[at + i])) continue;
      unequal++;
      mark(v, at + i, &last);
    }
  }
  v->differing = unequal;
  v->state = unequal ? VERIFY_DIFFERENT : VERIFY_ROUNDED;
  return true;
}

static void mark_unequal(const float *a, const float *b, size_t n, VerifyNumbers *v) {
  uint64_t last = 0;
  v->state = VERIFY_DIFFERENT;
  for (size_t i = 0; i < n; i++)
    if (!is_equal(a[i], b[i])) mark(v, i, &last);
}

/* A quantised format: each number may be as far off as its group's largest allows. */
static void judge_quantised(const float *a, const float *b, size_t n, size_t columns, Dtype coarse, VerifyNumbers *v) {
  const bool packed = dtype_block(coarse) == 1;
  const size_t group = packed ? MAX(columns, 1) : dtype_block(coarse);
  const double epsilon = dtype_epsilon(coarse);
  uint64_t beyond = 0, last = 0;
  bool far = false;
  for (size_t at = 0; at < n; at += group) {
    size_t k = MIN(n - at, group);
    double step = epsilon * fmax(most_of(a + at, k), most_of(b + at, k));
    for (size_t i = at; i < at + k; i++) {
      double d = is_equal(a[i], b[i]) ? 0 : fabs((double)a[i] - b[i]);
      if (d <= step) continue;
      beyond++;
      far |= !(d <= farthest * step);
      mark(v, i, &last);
    }
  }
  bool within = beyond == 0 || (packed && !far && (double)beyond <= most_beyond * (double)n);
  v->state = within ? VERIFY_WITHIN : VERIFY_DIFFERENT;
  v->differing = beyond;
  if (!within) return;
  v->differing = v->blocks = 0;
  g_array_set_size(v->runs, 0);
}

void verify_numbers(const float *a, Dtype a_dtype, const float *b, Dtype b_dtype, size_t n, size_t columns,
                    VerifyNumbers *v) {
  *v = (VerifyNumbers){.numbers = n, .runs = g_array_new(FALSE, FALSE, sizeof(VerifyRun))};
  const bool a_coarse = dtype_epsilon(a_dtype) >= dtype_epsilon(b_dtype);
  const Dtype coarse = a_coarse ? a_dtype : b_dtype;
  measure(a, b, n, v);
  if (v->differing == 0) return;
  if (a_dtype == b_dtype) mark_unequal(a, b, n, v);
  else if (mark_unrounded(a_coarse ? b : a, a_coarse ? a : b, n, coarse, v)) return;
  else if (dtype_is_quantised(coarse) || dtype_epsilon(coarse) > dtype_epsilon(DTYPE_BF16))
    judge_quantised(a, b, n, columns, coarse, v);
  else mark_unequal(a, b, n, v);
}

void verify_numbers_clear(VerifyNumbers *v) { g_clear_pointer(&v->runs, g_array_unref); }
