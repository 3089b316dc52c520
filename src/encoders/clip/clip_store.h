/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of a weight file as float32 in memory. What is wanted is named first; then all of it
 * becomes readable at once: mapped where the file holds float32 that are aligned, the rest
 * converted into one block. */
#pragma once

#include "weights/weight_file.h"

typedef struct ClipStore ClipStore;

ClipStore *clip_store_open(const char *path, GError **error);
void clip_store_free(ClipStore *store); /* NULL-safe */
const char *clip_store_label(const ClipStore *store);

bool clip_store_has(const ClipStore *store, const char *name);

/* The two sizes of a matrix; both above 0. */
bool clip_store_shape(const ClipStore *store, const char *name, size_t *rows, size_t *columns, GError **error);

/* Asks for a tensor (n1, n2), or (n1) when n2 is 0: *where points at it once it is loaded. */
bool clip_store_want(ClipStore *store, const char *name, size_t n1, size_t n2, const float **where, GError **error);

/* Names the matrix whose rows clip_store_row() reads. */
bool clip_store_set_table(ClipStore *store, const char *name, GError **error);

/* Loads what was asked for, once. */
bool clip_store_load(ClipStore *store, GError **error);

/* COPSE_ERROR_STATE when the mapped file was changed since it was opened. */
bool clip_store_check(const ClipStore *store, GError **error);

/* Row `row` of the table (width numbers). Thread-safe. */
bool clip_store_row(const ClipStore *store, size_t row, size_t width, float *dst, GError **error);

/* A hash of the sizes and of the first and last numbers of each tensor. */
uint64_t clip_store_hash(const ClipStore *store, const uint64_t *sizes, size_t n);
