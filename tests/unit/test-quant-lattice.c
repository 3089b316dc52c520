/* SPDX-License-Identifier: Apache-2.0 */
/* The formats that index a lattice: one block of bytes from a generator each, against what ggml's own decoder makes of
 * the same bytes (recorded once: sums over the block and single numbers, all exact in float32), and the lattices' own
 * order, which a slip of the pen would break. */
#include <glib.h>
#include <math.h>

#include "weights/lattice_points.h"
#include "weights/quant.h"

enum { LARGEST = 110 };

typedef struct {
  Dtype dtype;
  double sum, weighted; /* sum of x[k], and of (k + 1) x[k] */
  float at_0, at_100, at_255;
} Recorded;

static const Recorded recorded[] = {
    {DTYPE_IQ1_S, -198, -2737, -1.875f, 0.875f, -0.875f},
    {DTYPE_IQ1_M, -3, -3187, 12.375f, -0.375f, -0.625f},
    {DTYPE_IQ2_XXS, -1772.5, -149681.25, 25, 48.375f, 59.125f},
    {DTYPE_IQ2_XS, -2019.25, -290974, -71.875f, -27, -123.625f},
    {DTYPE_IQ2_S, -108.875, -56126.5, 19, 29, 71.875f},
    {DTYPE_IQ3_XXS, -3485.5, -366891, -55, -253, 75},
    {DTYPE_IQ3_S, 240, 257998, -135, 253, -119},
};

/* The bytes the values were recorded for; d is 1, which IQ1_M keeps in four places. */
static void fill(Dtype d, unsigned char *p) {
  uint64_t bytes;
  uint32_t state = 12345;
  g_assert_true(dtype_bytes(d, dtype_block(d), &bytes));
  g_assert_cmpuint(bytes, <=, LARGEST);
  for (uint64_t i = 0; i < bytes; i++) p[i] = (unsigned char)((state = state * 1664525u + 1013904223u) >> 24);
  if (d != DTYPE_IQ1_M) {
    p[0] = 0, p[1] = 0x3c;
    return;
  }
  p[49] &= 15, p[51] &= 15;
  p[53] = (unsigned char)((p[53] & 15) | 0xc0);
  p[55] = (unsigned char)((p[55] & 15) | 0x30);
}

static void test_recorded(gconstpointer data) {
  const Recorded *want = data;
  unsigned char block[2 * LARGEST];
  float x[256];
  double sum = 0, weighted = 0;
  fill(want->dtype, block + 1); /* unaligned */
  g_assert_true(dtype_is_readable(want->dtype));
  g_assert_true(quant_to_f32(want->dtype, block + 1, x, 1));
  for (int k = 0; k < 256; k++) {
    sum += (double)x[k];
    weighted += (k + 1) * (double)x[k];
  }
  g_assert_cmpfloat(sum, ==, want->sum);
  g_assert_cmpfloat(weighted, ==, want->weighted);
  g_assert_cmpfloat(x[0], ==, want->at_0);
  g_assert_cmpfloat(x[100], ==, want->at_100);
  g_assert_cmpfloat(x[255], ==, want->at_255);
}

static void check_points(const uint16_t *points, int n, int numbers, int bits, unsigned values) {
  for (int i = 0; i < n; i++) {
    if (i > 0) g_assert_cmpuint(points[i - 1], <, points[i]);
    for (int k = 0; k < numbers; k++) g_assert_cmpuint(points[i] >> (bits * k) & ((1 << bits) - 1), <, values);
  }
}

static void test_points(void) {
  check_points(lattice_2_256, 256, 8, 2, 3);
  check_points(lattice_2_512, 512, 8, 2, 3);
  check_points(lattice_2_1024, 1024, 8, 2, 3);
  check_points(lattice_1_2048, 2048, 8, 2, 3);
  check_points(lattice_3_256, 256, 4, 3, 8);
  check_points(lattice_3_512, 512, 4, 3, 8);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(recorded); i++) {
    g_autofree char *path = g_strconcat("/quant-lattice/", dtype_name(recorded[i].dtype), NULL);
    g_test_add_data_func(path, &recorded[i], test_recorded);
  }
  g_test_add_func("/quant-lattice/points", test_points);
  return g_test_run();
}
