/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/diff/verify_numbers.h"

#include <math.h>
#include <string.h>

#include "weights/convert.h"

enum { MOST_RUNS = 64, ROUNDED_AT_ONCE = 4096 };

/* Of integers that a quantiser chose with an eye on each other (GPTQ) a few lie farther than one step from the
 * source. */
static const double most_beyond = 0.01, farthest = 4;

const char *verify_state_name(VerifyState state) {
  static const char *const names[VERIFY_STATES] = {"same",      "rounded",     "within",    "unread",
                                                   "different", "other shape", "only in A", "only in B"};
  return state < VERIFY_STATES ? names[state] : "?";
}

void verify_numbers_begin(VerifyNumbers *v, Dtype a, Dtype b, uint64_t numbers, size_t columns) {
  *v = (VerifyNumbers){.numbers = numbers, .a = a, .b = b, .columns = columns};
  v->runs = g_array_new(FALSE, FALSE, sizeof(VerifyRun));
}

void verify_numbers_clear(VerifyNumbers *v) { g_clear_pointer(&v->runs, g_array_unref); }

static bool is_equal(float a, float b) { return a == b || (isnan(a) && isnan(b)); }

static bool a_is_coarse(const VerifyNumbers *v) { return dtype_epsilon(v->a) >= dtype_epsilon(v->b); }

static Dtype coarse_of(const VerifyNumbers *v) { return a_is_coarse(v) ? v->a : v->b; }

/* Formats to which dtype_from_f32() rounds as every writer does. */
static bool is_rounding_known(Dtype d) { return d == DTYPE_F32 || d == DTYPE_F16 || d == DTYPE_BF16; }

static bool is_wide(Dtype d) { return dtype_is_quantised(d) || dtype_epsilon(d) > dtype_epsilon(DTYPE_BF16); }

/* Sums, and how many are not equal. */
static void measure(VerifyNumbers *v, const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    v->size2 += (double)b[i] * b[i];
    if (is_equal(a[i], b[i])) continue;
    double d = fabs((double)a[i] - b[i]);
    v->unequal++;
    v->distance2 += d * d;
    if (!(d <= v->largest)) v->largest = d;
  }
}

/* Marks number i of all as one that differs, and its block; runs of neighbours are joined. */
static void mark(VerifyNumbers *v, uint64_t i) {
  const uint64_t block = i / VERIFY_BLOCK;
  v->differing++;
  if (v->blocks && block == v->last) return;
  v->blocks++;
  v->last = block;
  VerifyRun *run = v->runs->len ? &g_array_index(v->runs, VerifyRun, v->runs->len - 1) : NULL;
  const uint64_t first = block * VERIFY_BLOCK, count = MIN((uint64_t)VERIFY_BLOCK, v->numbers - first);
  if (run && run->first + run->count == first) {
    run->count += count;
  } else if (v->runs->len < MOST_RUNS) {
    VerifyRun fresh = {first, count};
    g_array_append_val(v->runs, fresh);
  }
}

static void mark_unequal(VerifyNumbers *v, const float *a, const float *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!is_equal(a[i], b[i])) mark(v, v->taken + i);
}

/* Where the finer numbers, rounded, are not the coarser ones. */
static void mark_unrounded(VerifyNumbers *v, const float *fine, const float *coarse, size_t n) {
  g_autofree unsigned char *bytes = g_malloc(ROUNDED_AT_ONCE * sizeof(float));
  g_autofree float *rounded = g_new(float, ROUNDED_AT_ONCE);
  const Dtype to = coarse_of(v);
  for (size_t at = 0; at < n; at += ROUNDED_AT_ONCE) {
    size_t k = MIN(n - at, (size_t)ROUNDED_AT_ONCE);
    dtype_from_f32(to, fine + at, bytes, k);
    dtype_to_f32(to, bytes, rounded, k);
    for (size_t i = 0; i < k; i++)
      if (!is_equal(rounded[i], coarse[at + i])) mark(v, v->taken + at + i);
  }
}

static float most_of(const float *x, size_t n) {
  float most = 0;
  for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(x[i]));
  return most;
}

/* Where a number is farther off than its group's largest allows in a quantised format. */
static void mark_beyond(VerifyNumbers *v, const float *a, const float *b, size_t n) {
  const Dtype coarse = coarse_of(v);
  const size_t group = dtype_block(coarse) == 1 ? MAX(v->columns, 1) : dtype_block(coarse);
  for (size_t at = 0; at < n; at += group) {
    size_t k = MIN(n - at, group);
    double step = dtype_epsilon(coarse) * fmax(most_of(a + at, k), most_of(b + at, k));
    for (size_t i = at; i < at + k; i++) {
      double d = is_equal(a[i], b[i]) ? 0 : fabs((double)a[i] - b[i]);
      if (d <= step) continue;
      v->far |= !(d <= farthest * step);
      mark(v, v->taken + i);
    }
  }
}

void verify_numbers_add(VerifyNumbers *v, const float *a, const float *b, size_t n) {
  const bool a_coarse = a_is_coarse(v);
  measure(v, a, b, n);
  if (v->a == v->b) mark_unequal(v, a, b, n);
  else if (is_rounding_known(coarse_of(v))) mark_unrounded(v, a_coarse ? b : a, a_coarse ? a : b, n);
  else if (is_wide(coarse_of(v))) mark_beyond(v, a, b, n);
  else mark_unequal(v, a, b, n);
  v->taken += n;
}

static void forget_marks(VerifyNumbers *v) {
  v->differing = v->blocks = 0;
  g_array_set_size(v->runs, 0);
}

void verify_numbers_end(VerifyNumbers *v) {
  const Dtype coarse = coarse_of(v);
  const bool alike = v->a == v->b, packed = dtype_is_quantised(coarse) && dtype_block(coarse) == 1;
  const bool few = packed && !v->far && (double)v->differing <= most_beyond * (double)v->numbers;
  if (v->unequal == 0) v->state = VERIFY_SAME;
  else if (!alike && is_rounding_known(coarse) && v->differing == 0) v->state = VERIFY_ROUNDED;
  else if (!alike && !is_rounding_known(coarse) && is_wide(coarse) && (v->differing == 0 || few))
    v->state = VERIFY_WITHIN;
  else v->state = VERIFY_DIFFERENT;
  if (v->state != VERIFY_DIFFERENT) forget_marks(v);
}
