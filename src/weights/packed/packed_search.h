/* SPDX-License-Identifier: Apache-2.0 */
/* What those who look for packed matrices share. Seen by packed/ alone; the functions are in packed_find.c. */
#pragma once

#include <glib.h>

#include "weights/packed/packed_tensor.h"

/* A name while its group is looked for. */
typedef struct {
  WeightFile *file;
  size_t codes;
  const TensorInfo *t; /* of the codes */
  char *stem;          /* the codes' name without its ending */
  uint64_t mlx_group;  /* numbers that share a scale in MLX's matrices of this file, by what else is in it */
  PackedTensor p;
} Search;

/* A part's tensor, NULL where there is none. */
const TensorInfo *search_info(const Search *s, int part);

/* The tensor STEM + ending becomes a part; false when there is none. */
bool search_take(Search *s, int part, const char *ending);

/* Shown as STEM + ending, one matrix of that shape. */
void search_show_as(Search *s, const char *ending, uint64_t rows, uint64_t columns);

/* Words of 32 bits; a float format that can be read (NULL is none). */
bool search_is_words(const TensorInfo *t);
bool search_is_float(const TensorInfo *t);

/* The number format of integers of so many bits; false when there is none. */
bool search_dtype_of_bits(unsigned bits, Dtype *d);

/* Two whole numbers, the matrix's own shape, from the tensor STEM + ending. */
bool search_read_shape(Search *s, const char *ending, float shape[2]);

/* Bytes with scales of the whole, of rows or of blocks, by the shapes of both. */
bool search_settle_scaled(Search *s);

/* The zeros beside the scales of the bytes NAME, one a scale or none; false when they are of another number. */
bool search_settle_zeros(Search *s, const char *name);
