/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of GPT-NeoX's, BLOOM's and Falcon's query_key_value alternate: each group of heads has the rows of its queries,
 * then those of its key and of its value. Others keep q above k above v, or each in a matrix of its own, and llama.cpp's
 * converter brings the rows into that order. How many heads there are is said by config.json, or by GGUF's metadata.
 *
 * Sources: transformers (models/gpt_neox, bloom and falcon), llama.cpp (convert_hf_to_gguf.py). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  uint64_t size;   /* rows of a head */
  uint64_t heads;  /* of q */
  uint64_t groups; /* heads of k, and of v */
} QkvRows;

/* True for a layer whose rows alternate, by its canonical name. */
bool qkv_rows_alternate(const char *layer);

/* The order of a matrix of that shape with so many heads; false when its shape does not fit them. */
bool qkv_rows_of(uint64_t d_out, uint64_t d_in, uint64_t heads, QkvRows *out);

/* Where the row is stored that belongs at `row` of q above k above v. */
uint64_t qkv_rows_stored(const QkvRows *rows, uint64_t row);

/* Brings the rows of m (heads and groups as `rows` says, `width` numbers a row) into that order, into `out`. */
void qkv_rows_restore(const QkvRows *rows, const float *m, uint64_t width, float *out);
