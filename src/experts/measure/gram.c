/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/measure/gram.h"

#include <string.h>

#include "numerics/linalg.h"

enum { BLOCK_FLOATS = 8 << 20 };

static float *gram_new(size_t n, GError **error) { return big_alloc(n * n, error); }

float *gram_of_features(const float *features, size_t n, size_t width, GError **error) {
  float *k = gram_new(n, error);
  if (k) gemm(false, true, n, n, width, 1.0f / (float)width, features, width, features, width, 0, k, n);
  return k;
}

/* The products of rows of models [from, to) with all rows, elementwise, summed by model. */
static void fold_block(const LayerSet *set, size_t from, size_t to, const float *aa, const float *bb, float *k) {
  size_t rows = set->first[set->n], base = set->first[from];
  float share = 1.0f / ((float)set->d_out * (float)set->d_in);
  for (size_t i = from; i < to; i++)
    for (size_t j = 0; j < set->n; j++) {
      double sum = 0;
      for (size_t r = set->first[i] - base; r < set->first[i + 1] - base; r++)
        for (size_t c = set->first[j]; c < set->first[j + 1]; c++)
          sum += (double)aa[r * rows + c] * (double)bb[r * rows + c];
      k[i * set->n + j] = (float)sum * set->scale[i] * set->scale[j] * share;
    }
}

static bool gram_low_rank(const LayerSet *set, float *k, const Progress *progress, GError **error) {
  size_t rows = set->first[set->n];
  size_t step = MAX(1, BLOCK_FLOATS / MAX(rows * MAX(set->max_rank, 1), 1));
  size_t floats = step * set->max_rank * rows;
  float *aa = big_alloc(floats, error), *bb = aa ? big_alloc(floats, error) : NULL;
  bool ok = bb != NULL;
  for (size_t from = 0; ok && from < set->n; from += step) {
    size_t to = MIN(from + step, set->n), base = set->first[from], m = set->first[to] - base;
    gemm(false, true, m, rows, set->d_in, 1, set->a + base * set->d_in, set->d_in, set->a, set->d_in, 0, aa, rows);
    gemm(false, true, m, rows, set->d_out, 1, set->bt + base * set->d_out, set->d_out, set->bt, set->d_out, 0, bb,
         rows);
    fold_block(set, from, to, aa, bb, k);
    ok = progress_step(progress, "comparing", to, set->n, error);
  }
  big_free(aa, floats);
  big_free(bb, floats);
  return ok;
}

/* Blocks of widened layers against single ones, when they are not all at hand as float32. */
static bool gram_blocks(const LayerSet *set, float *k, const Progress *progress, GError **error) {
  enum { BLOCK = 8 };
  size_t each = set->d_out * set->d_in;
  float *block = big_alloc(BLOCK * each, error);
  if (!block) return false;
  bool ok = true;
  g_autofree float *scratch = g_new(float, each);
  for (size_t at = 0; ok && at < set->n; at += BLOCK) {
    size_t m = MIN((size_t)BLOCK, set->n - at);
    ok = progress_step(progress, "comparing", at, set->n, error);
    for (size_t i = 0; i < m; i++) memcpy(block + i * each, layer_set_get(set, at + i, scratch), each * sizeof *block);
    for (size_t j = 0; j < set->n; j++)
      gemm(false, true, m, 1, each, 1.0f / (float)each, block, each, layer_set_get(set, j, scratch), each, 0,
           k + at * set->n + j, set->n);
  }
  big_free(block, BLOCK * each);
  return ok;
}

static float *gram_dense(const LayerSet *set, const Progress *progress, GError **error) {
  const float *all = dense_store_all(set->x);
  if (all) return gram_of_features(all, set->n, set->d_out * set->d_in, error);
  float *k = gram_new(set->n, error);
  if (k && gram_blocks(set, k, progress, error)) return k;
  big_free(k, set->n * set->n);
  return NULL;
}

float *gram_of_layers(const LayerSet *set, const Progress *progress, GError **error) {
  if (set->form == LAYER_DENSE) return gram_dense(set, progress, error);
  float *k = gram_new(set->n, error);
  if (k && gram_low_rank(set, k, progress, error)) return k;
  big_free(k, set->n * set->n);
  return NULL;
}
