/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/stride.h"

#include <string.h>

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Adds a dimension inside the ones that are there. */
static void add_dimension(Stride *s, uint64_t n, uint64_t step) {
  if (n == 1) return;
  int outer = s->rank - 1;
  uint64_t whole;
  if (outer >= 0 && !__builtin_mul_overflow(n, step, &whole) && s->step[outer] == whole) {
    s->shape[outer] *= n;
    s->step[outer] = step;
    return;
  }
  s->shape[s->rank] = n;
  s->step[s->rank++] = step;
}

bool stride_init(Stride *s, int rank, const uint64_t *shape, const uint64_t *step, uint64_t *span) {
  *s = (Stride){.count = 1};
  *span = 1;
  for (int i = 0; i < rank; i++)
    if (shape[i] == 0) {
      s->count = *span = 0;
      return true;
    }
  for (int i = 0; i < rank; i++) {
    uint64_t reach;
    if (__builtin_mul_overflow(s->count, shape[i], &s->count) ||
        __builtin_mul_overflow(shape[i] - 1, step[i], &reach) || __builtin_add_overflow(*span, reach, span))
      return false;
  }
  for (int i = 0; i < rank; i++) add_dimension(s, shape[i], step[i]);
  return true;
}

bool stride_is_plain(const Stride *s) { return s->rank == 0 || (s->rank == 1 && s->step[0] == 1); }

uint64_t stride_row(const Stride *s) { return s->rank && s->step[s->rank - 1] == 1 ? s->shape[s->rank - 1] : 1; }

static void set_place(const Stride *s, StrideRun *run) {
  run->at = 0;
  for (int i = 0; i < s->rank; i++) run->at += run->index[i] * s->step[i];
}

void stride_seek(const Stride *s, uint64_t e, StrideRun *run) {
  *run = (StrideRun){.n = 1, .step = 1};
  for (int i = s->rank; i-- > 0;) {
    run->index[i] = e % s->shape[i];
    e /= s->shape[i];
  }
  if (s->rank) {
    run->step = s->step[s->rank - 1];
    run->n = s->shape[s->rank - 1] - run->index[s->rank - 1];
  }
  set_place(s, run);
}

void stride_next(const Stride *s, StrideRun *run) {
  if (s->rank == 0) return;
  int i = s->rank - 1;
  run->index[i] = 0;
  while (i-- > 0) {
    if (++run->index[i] < s->shape[i]) break;
    run->index[i] = 0;
  }
  run->n = s->shape[s->rank - 1];
  set_place(s, run);
}

/* One loop for each width, so that a copy of an element is a load and a store. */
#define COPY(width) \
  for (size_t i = 0; i < n; i++, dst += (width), src += step * (width)) memcpy(dst, src, width)

static void copy_run(unsigned char *dst, const unsigned char *src, uint64_t step, size_t n, unsigned width) {
  if (step == 1) {
    memcpy(dst, src, n * width);
    return;
  }
  switch (width) {
    case 1:
      COPY(1);
      break;
    case 2:
      COPY(2);
      break;
    case 4:
      COPY(4);
      break;
    case 8:
      COPY(8);
      break;
    default:
      COPY(width);
      break;
  }
}

void stride_gather(const Stride *s, unsigned width, const unsigned char *base, uint64_t e, size_t k,
                   unsigned char *dst) {
  StrideRun run;
  if (k == 0) return;
  for (stride_seek(s, e, &run);; stride_next(s, &run)) {
    size_t n = (size_t)least(run.n, k);
    copy_run(dst, base + run.at * width, run.step, n, width);
    dst += n * width;
    k -= n;
    if (k == 0) return;
  }
}
