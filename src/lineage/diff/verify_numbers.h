/* SPDX-License-Identifier: Apache-2.0 */
/* Two lists of numbers that should be the same: whether they are, or would be after a rounding, and where not. They are
 * given in stretches, so that no matrix need be held whole. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weights/dtype.h"

/* From the best to the worst. */
typedef enum {
  VERIFY_SAME,    /* number for number */
  VERIFY_ROUNDED, /* the finer ones, rounded to the coarser format, are the coarser ones */
  VERIFY_WITHIN,  /* nowhere farther apart than the coarser format, a quantised one, is wide */
  VERIFY_UNREAD,  /* the numbers cannot be read */
  VERIFY_DIFFERENT,
  VERIFY_OTHER_SHAPE,
  VERIFY_ONLY_A,
  VERIFY_ONLY_B,
  VERIFY_STATES
} VerifyState;

/* "same", "rounded", … Static text. */
const char *verify_state_name(VerifyState state);

/* A stretch of numbers of which some differ beyond the rounding, in whole blocks. */
typedef struct {
  uint64_t first, count;
} VerifyRun;

enum { VERIFY_BLOCK = 256 };

typedef struct {
  VerifyState state;
  uint64_t numbers;
  uint64_t differing;      /* beyond what a rounding between the two formats explains; 0 unless VERIFY_DIFFERENT */
  uint64_t blocks;         /* of VERIFY_BLOCK numbers, that hold such */
  double largest;          /* |a - b| */
  double distance2, size2; /* |a - b|^2, |b|^2 */
  GArray *runs;            /* of VerifyRun: the first 64, neighbours joined */
  /* While it is filled: */
  Dtype a, b;
  size_t columns;
  uint64_t taken, unequal, last;
  bool far;
} VerifyNumbers;

/* Begins a comparison of `numbers` numbers of two formats; `columns` is the length of a row, within which a packed
 * format's groups lie. Clear with verify_numbers_clear(). */
void verify_numbers_begin(VerifyNumbers *v, Dtype a, Dtype b, uint64_t numbers, size_t columns);

/* The next n numbers of both: whole rows, or whole blocks of either format. NaNs of both at one place are equal. */
void verify_numbers_add(VerifyNumbers *v, const float *a, const float *b, size_t n);

/* Judges what was added. */
void verify_numbers_end(VerifyNumbers *v);
void verify_numbers_clear(VerifyNumbers *v);
