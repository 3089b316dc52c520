/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/packed_case.h"

#include <math.h>

#include "weights/convert.h"

PackedCase *packed_case_new(uint64_t seed) {
  PackedCase *c = g_new0(PackedCase, 1);
  rng_init(&c->rng, seed, 0);
  return c;
}

void packed_draw(PackedCase *c, unsigned bits, size_t n) {
  for (size_t i = 0; i < n; i++) c->q[i] = (unsigned)rng_below(&c->rng, 1u << bits);
}

float packed_draw_scale(PackedCase *c) { return (float)(1 + rng_below(&c->rng, 1000)) * 0x1p-12f; }

uint16_t packed_half(float x) {
  uint16_t h;
  g_assert_true(dtype_from_f32(DTYPE_F16, &x, &h, 1));
  return h;
}

void packed_put_bits(uint32_t *words, size_t at, unsigned bits, unsigned code) {
  for (unsigned b = 0; b < bits; b++)
    if (code >> b & 1) words[(at + b) / 32] |= 1u << ((at + b) % 32);
}

void packed_add_halves(RawTensors *t, const char *name, const float *x, int rows, int columns) {
  g_autofree uint16_t *h = g_new(uint16_t, ((size_t)rows * (size_t)columns));
  for (int i = 0; i < rows * columns; i++) h[i] = packed_half(x[i]);
  raw_tensors_add(t, name, "F16", (int[]){rows, columns, -1}, h, (size_t)(rows * columns) * 2);
}

void packed_assert(WeightFile *f, const char *name, Dtype dtype, const int *shape, const PackedCase *c) {
  gssize i = weight_file_find(f, name);
  g_assert_cmpint(i, >=, 0);
  const TensorInfo *t = weight_file_info(f, (size_t)i);
  g_assert_cmpint(t->dtype, ==, dtype);
  for (int k = 0; k < t->rank; k++) g_assert_cmpuint(t->shape[k], ==, (guint)shape[k]);
  g_assert_cmpint(shape[t->rank], ==, -1);
  g_autofree float *got = g_new(float, t->count);
  g_autoptr(GError) error = NULL;
  weight_file_read_f32(f, (size_t)i, 0, t->count, got, &error);
  g_assert_no_error(error);
  for (uint64_t k = 0; k < t->count; k++)
    if (!(fabsf(got[k] - c->want[k]) <= 1e-6f * fabsf(c->want[k])))
      g_error("%s[%d]: %g, not %g", name, (int)k, (double)got[k], (double)c->want[k]);
  float piece[7];
  for (uint64_t first = 1; first + 7 <= t->count; first += 61) {
    g_assert_true(weight_file_read_f32(f, (size_t)i, first, 7, piece, NULL));
    g_assert_cmpmem(piece, sizeof piece, got + first, sizeof piece);
  }
  unsigned char odd[9];
  g_assert_true(weight_file_read_raw(f, (size_t)i, 3, sizeof odd, odd, NULL));
  g_assert_cmpmem(odd, sizeof odd, (unsigned char *)got + 3, sizeof odd);
}
