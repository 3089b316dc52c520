/* SPDX-License-Identifier: Apache-2.0 */
/* The arithmetic of strided arrays: which elements of a storage a tensor of any steps consists of,
 * in row-major order. Dimensions of one element are dropped and those that continue each other
 * merged. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STRIDE_MAX_RANK = 8 };

typedef struct {
  int rank; /* after merging; 0: one element, or none */
  uint64_t shape[STRIDE_MAX_RANK], step[STRIDE_MAX_RANK];
  uint64_t count; /* elements */
} Stride;

/* Elements that lie in a row, or evenly spaced. */
typedef struct {
  uint64_t index[STRIDE_MAX_RANK];
  uint64_t at;   /* of the first, counted from the tensor's first */
  uint64_t step; /* from one to the next */
  uint64_t n;
} StrideRun;

/* *span is the distance from the first element to behind the last one used, 0 for an empty tensor.
 * False when the number of elements or the span overflows. rank <= 8. */
bool stride_init(Stride *s, int rank, const uint64_t *shape, const uint64_t *step, uint64_t *span);

/* True when the elements lie in a row without gaps. */
bool stride_is_plain(const Stride *s);

/* Elements of the innermost dimension when these lie in a row; 1 otherwise. */
uint64_t stride_row(const Stride *s);

/* The run that begins at element e < count, and the one after it. */
void stride_seek(const Stride *s, uint64_t e, StrideRun *run);
void stride_next(const Stride *s, StrideRun *run);

/* Copies elements e .. e + k, of `width` bytes each; `base` is the tensor's first element. */
void stride_gather(const Stride *s, unsigned width, const unsigned char *base, uint64_t e, size_t k,
                   unsigned char *dst);
