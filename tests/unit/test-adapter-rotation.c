/* SPDX-License-Identifier: Apache-2.0 */
/* OFT, BOFT and GLoRA beside their base: blocks of two whose angle is known, and products written out. */
#include <math.h>
#include <string.h>

#include "tests/unit/raw_tensors.h"
#include "weights/layers/adapter_change.h"

enum { ROWS = 4, COLUMNS = 6, RANK = 2 };

static float w[ROWS * COLUMNS];

static void fill(float *x, size_t n, unsigned seed) {
  for (size_t i = 0; i < n; i++) x[i] = sinf((float)(seed + 7 * i));
}

/* The change of the only module in `t`; NULL when it is not computed. The caller frees the numbers. */
static float *change_of(RawTensors *t, const AdapterConfig *config, size_t rows, size_t columns, float *x) {
  g_autoptr(WeightFile) f = raw_tensors_open(t);
  g_autoptr(FileNames) names = file_names_new(f);
  g_autoptr(GArray) layers = layer_list_named(f, names, config);
  g_autoptr(GArray) rest = layer_uncomputed(f, names, layers, config);
  Layer base = {.form = LAYER_DENSE, .d_out = rows, .d_in = columns, .scale = 1, .x = x}, out;
  g_assert_cmpuint(rest->len, ==, 1);
  if (!adapter_change_read(f, &g_array_index(rest, UncomputedLayer, 0), &base, &out)) return NULL;
  g_assert_true(out.d_out == rows && out.d_in == columns && out.form == LAYER_DENSE);
  return out.x;
}

static float *change(RawTensors *t, const AdapterConfig *config) {
  fill(w, ROWS * COLUMNS, 3);
  return change_of(t, config, ROWS, COLUMNS, w);
}

/* Columns 2g and 2g + 1 turned by [c -s; s c] of each group. */
static void expect_columns(const float *x, const double *cosine, const double *sine, const float *scale) {
  for (size_t o = 0; o < ROWS; o++)
    for (size_t g = 0; g < COLUMNS / 2; g++) {
      const float *a = w + o * COLUMNS + 2 * g;
      double by = scale ? (double)scale[o] : 1;
      double first = by * (cosine[g] * (double)a[0] - sine[g] * (double)a[1]) - (double)a[0];
      double second = by * (sine[g] * (double)a[0] + cosine[g] * (double)a[1]) - (double)a[1];
      g_assert_cmpfloat(fabs((double)x[o * COLUMNS + 2 * g] - first), <, 1e-5);
      g_assert_cmpfloat(fabs((double)x[o * COLUMNS + 2 * g + 1] - second), <, 1e-5);
    }
}

static const float triangles[3] = {1, 0.5f, -0.25f}; /* tangents of half the angles */

static void angles(double *cosine, double *sine, size_t n, const float *tangents) {
  for (size_t g = 0; g < n; g++) {
    cosine[g] = cos(2 * atan((double)tangents[g]));
    sine[g] = sin(2 * atan((double)tangents[g]));
  }
}

static void test_triangles(void) {
  double cosine[3], sine[3];
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "base_model.model.q.oft_R.weight", "F32", (int[]){3, 1, -1}, triangles, sizeof triangles);
  g_autofree float *x = change(&t, NULL);
  g_assert_nonnull(x);
  angles(cosine, sine, 3, triangles);
  expect_columns(x, cosine, sine, NULL);
}

/* 1 - 2q² + q⁴ and 2q - 2q³: what PEFT's five terms make of it, and the other way round. */
static void test_series(void) {
  g_autoptr(cJSON) json = cJSON_Parse("{\"peft_type\":\"OFT\",\"use_cayley_neumann\":true}");
  g_autoptr(AdapterConfig) config = adapter_config_new(json, NULL);
  double cosine[3], sine[3];
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "base_model.model.q.oft_R.weight", "F32", (int[]){3, 1, -1}, triangles, sizeof triangles);
  g_autofree float *x = change(&t, config);
  g_assert_nonnull(x);
  for (int g = 0; g < 3; g++) {
    double q = (double)triangles[g];
    cosine[g] = 1 - 2 * q * q + pow(q, 4);
    sine[g] = -(2 * q - 2 * pow(q, 3));
  }
  expect_columns(x, cosine, sine, NULL);
}

/* One block for all groups, as older files have it, with a scale for each row. */
static void test_shared(void) {
  const float square[4] = {5, 3, 1, 5}, scale[ROWS] = {1, 2, -1, 0.5f}; /* half the difference of 3 and 1 is 1 */
  const float tangents[3] = {1, 1, 1};
  double cosine[3], sine[3];
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "base_model.model.q.oft_r", "F32", (int[]){1, 2, 2, -1}, square, sizeof square);
  raw_tensors_add(&t, "base_model.model.q.oft_s", "F32", (int[]){ROWS, 1, -1}, scale, sizeof scale);
  g_autofree float *x = change(&t, NULL);
  g_assert_nonnull(x);
  angles(cosine, sine, 3, tangents);
  expect_columns(x, cosine, sine, scale);
}

/* Rows 2g and 2g + 1. */
static void check_outputs(double alpha, double length) {
  const float blocks[8] = {0, 1, 0, 0, 2, 1.5f, 1, 2}, told = (float)alpha; /* tangents 1 and 0.5 */
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "lycoris_q.alpha", "F32", (int[]){-1}, &told, sizeof told);
  raw_tensors_add(&t, "lycoris_q.oft_blocks", "F32", (int[]){2, 2, 2, -1}, blocks, sizeof blocks);
  g_autofree float *x = change(&t, NULL);
  g_assert_nonnull(x);
  for (int g = 0; g < 2; g++) {
    double half = atan((g ? 0.5 : 1) * length), c = cos(2 * half), s = sin(2 * half);
    for (int i = 0; i < COLUMNS; i++) {
      const float *a = w + 2 * g * COLUMNS + i, *got = x + 2 * g * COLUMNS + i;
      double first = c * (double)a[0] - s * (double)a[COLUMNS], second = s * (double)a[0] + c * (double)a[COLUMNS];
      g_assert_cmpfloat(fabs((double)got[0] - (first - (double)a[0])), <, 1e-5);
      g_assert_cmpfloat(fabs((double)got[COLUMNS] - (second - (double)a[COLUMNS])), <, 1e-5);
    }
  }
}

/* alpha is no scale but the most that the blocks may be long: sqrt(2.5) as they are. */
static void test_outputs(void) {
  check_outputs(0, 1);
  check_outputs(1, 1);
  check_outputs(0.125, 0.5 / sqrt(2.5));
}

/* --- butterflies: every matrix written out --- */

enum { WIDE = 16, SIDE = 4, BLOCKS = WIDE / SIDE, FACTORS = 3 };

/* c = a b, square. */
static void multiply(const double *a, const double *b, double *c) {
  for (size_t i = 0; i < WIDE; i++)
    for (size_t j = 0; j < WIDE; j++) {
      c[i * WIDE + j] = 0;
      for (size_t k = 0; k < WIDE; k++) c[i * WIDE + j] += a[i * WIDE + k] * b[k * WIDE + j];
    }
}

/* (I - Q)(I + Q)^-1 of Q = (x - x')/2 as the sum over I - 2Q + 2Q² - …, which converges for small Q. */
static void put_block(const float *x, double *d, size_t at) {
  double power[SIDE * SIDE], next[SIDE * SIDE];
  for (size_t i = 0; i < SIDE; i++)
    for (size_t j = 0; j < SIDE; j++) power[i * SIDE + j] = d[(at + i) * WIDE + at + j] = i == j;
  for (int k = 1; k < 60; k++) {
    for (size_t i = 0; i < SIDE; i++)
      for (size_t j = 0; j < SIDE; j++) {
        next[i * SIDE + j] = 0;
        for (size_t l = 0; l < SIDE; l++)
          next[i * SIDE + j] -= power[i * SIDE + l] * ((double)x[l * SIDE + j] - (double)x[j * SIDE + l]) / 2;
      }
    memcpy(power, next, sizeof power);
    for (size_t i = 0; i < SIDE * SIDE; i++) d[(at + i / SIDE) * WIDE + at + i % SIDE] += 2 * power[i];
  }
}

/* Row k has its one where place k of the sorted order comes from: within each stretch, halves of blocks at even places,
 * then those at odd ones. */
static void put_butterfly(double *p, unsigned factor) {
  size_t half = SIDE / 2, stretch = (size_t)SIDE << factor, k = 0;
  memset(p, 0, WIDE * WIDE * sizeof *p);
  for (size_t first = 0; first < WIDE; first += stretch)
    for (size_t odd = 0; odd < 2; odd++)
      for (size_t place = odd; place < stretch / half; place += 2)
        for (size_t i = 0; i < half; i++, k++) p[k * WIDE + first + place * half + i] = 1;
}

static void transpose(const double *a, double *t) {
  for (size_t i = 0; i < WIDE * WIDE; i++) t[i % WIDE * WIDE + i / WIDE] = a[i];
}

/* The product of all P D P'. */
static void rotation(const float *x, unsigned factors, double *m) {
  double d[WIDE * WIDE], p[WIDE * WIDE], t[WIDE * WIDE], a[WIDE * WIDE], b[WIDE * WIDE];
  for (size_t i = 0; i < WIDE * WIDE; i++) m[i] = i % (WIDE + 1) == 0;
  for (unsigned f = 0; f < factors; f++) {
    memset(d, 0, sizeof d);
    for (size_t k = 0; k < BLOCKS; k++) put_block(x + (f * BLOCKS + k) * SIDE * SIDE, d, k * SIDE);
    put_butterfly(p, f);
    transpose(p, t);
    multiply(d, t, a);
    multiply(p, a, b);
    multiply(b, m, a);
    memcpy(m, a, sizeof a);
  }
}

static void check_butterfly(unsigned factors) {
  float base[ROWS * WIDE], x[FACTORS * BLOCKS * SIDE * SIDE], scale[ROWS] = {1, 2, -1, 0.5f};
  double m[WIDE * WIDE];
  fill(base, G_N_ELEMENTS(base), 3), fill(x, G_N_ELEMENTS(x), 5);
  for (size_t i = 0; i < G_N_ELEMENTS(x); i++) x[i] *= 0.2f;
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "base_model.model.q.boft_R", "F32", (int[]){(int)factors, BLOCKS, SIDE, SIDE, -1}, x,
                  factors * BLOCKS * SIDE * SIDE * sizeof *x);
  raw_tensors_add(&t, "base_model.model.q.boft_s", "F32", (int[]){ROWS, 1, -1}, scale, sizeof scale);
  g_autofree float *got = change_of(&t, NULL, ROWS, WIDE, base);
  g_assert_nonnull(got);
  rotation(x, factors, m);
  for (size_t o = 0; o < ROWS; o++)
    for (size_t i = 0; i < WIDE; i++) {
      double want = 0;
      for (size_t k = 0; k < WIDE; k++) want += (double)base[o * WIDE + k] * m[i * WIDE + k];
      want = want * (double)scale[o] - (double)base[o * WIDE + i];
      g_assert_cmpfloat(fabs((double)got[o * WIDE + i] - want), <, 1e-5);
    }
}

static void test_butterflies(void) {
  for (unsigned factors = 1; factors <= FACTORS; factors++) check_butterfly(factors);
}

/* Blocks that do not fill the inputs, odd sides, more factors than blocks allow, and a convolution's scale. */
static void test_unfit_butterflies(void) {
  static const float x[256] = {0};
  static const int shapes[][5] = {{1, 3, 4, 4, -1}, {2, 1, 6, 6, -1}, {2, 2, 3, 3, -1}, {1, 2, 3, 4, -1}};
  for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
    const int *s = shapes[i];
    RawTensors t = raw_tensors_new();
    raw_tensors_add(&t, "base_model.model.q.boft_R", "F32", s, x, (size_t)(s[0] * s[1] * s[2] * s[3]) * sizeof *x);
    g_assert_null(change(&t, NULL));
  }
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "base_model.model.q.boft_R", "F32", (int[]){1, 3, 2, 2, -1}, x, 12 * sizeof *x);
  raw_tensors_add(&t, "base_model.model.q.boft_s", "F32", (int[]){1, ROWS, -1}, x, ROWS * sizeof *x);
  g_assert_null(change(&t, NULL));
}

static void check_glora(bool old) {
  float a_left[COLUMNS * RANK], a_right[RANK * COLUMNS], b_left[ROWS * RANK], b_right[RANK * COLUMNS], alpha = 4;
  fill(a_left, COLUMNS * RANK, 11), fill(a_right, RANK * COLUMNS, 12);
  fill(b_left, ROWS * RANK, 13), fill(b_right, RANK * COLUMNS, 14);
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, old ? "lycoris_q.a2.weight" : "lycoris_q.a1.weight", "F32", (int[]){COLUMNS, RANK, -1}, a_left,
                  sizeof a_left);
  raw_tensors_add(&t, old ? "lycoris_q.a1.weight" : "lycoris_q.a2.weight", "F32", (int[]){RANK, COLUMNS, -1}, a_right,
                  sizeof a_right);
  raw_tensors_add(&t, old ? "lycoris_q.b2.weight" : "lycoris_q.b1.weight", "F32", (int[]){ROWS, RANK, -1}, b_left,
                  sizeof b_left);
  raw_tensors_add(&t, old ? "lycoris_q.b1.weight" : "lycoris_q.b2.weight", "F32", (int[]){RANK, COLUMNS, -1}, b_right,
                  sizeof b_right);
  raw_tensors_add(&t, "lycoris_q.alpha", "F32", (int[]){-1}, &alpha, sizeof alpha);
  g_autofree float *x = change(&t, NULL);
  g_assert_nonnull(x);
  for (int o = 0; o < ROWS; o++)
    for (int i = 0; i < COLUMNS; i++) {
      double want = 0;
      for (int k = 0; k < RANK; k++) {
        double wa = 0;
        for (int j = 0; j < COLUMNS; j++) wa += (double)w[o * COLUMNS + j] * (double)a_left[j * RANK + k];
        want += (double)b_left[o * RANK + k] * (double)b_right[k * COLUMNS + i] + wa * (double)a_right[k * COLUMNS + i];
      }
      g_assert_cmpfloat(fabs((double)x[o * COLUMNS + i] - alpha / RANK * want), <, 1e-4);
    }
}

static void test_glora(void) {
  check_glora(true);
  check_glora(false);
}

/* Blocks that do not fit the base are named, not computed. */
static void test_unfit(void) {
  static const float x[48] = {1};
  static const int shapes[][4] = {{2, 6, -1}, {4, 1, -1}, {3, 2, -1}, {1, 10, -1}};
  for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
    RawTensors t = raw_tensors_new();
    size_t n = (size_t)(shapes[i][0] * shapes[i][1]);
    raw_tensors_add(&t, "base_model.model.q.oft_R.weight", "F32", shapes[i], x, n * sizeof *x);
    g_assert_null(change(&t, NULL));
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/adapter-rotation/triangles", test_triangles);
  g_test_add_func("/adapter-rotation/series", test_series);
  g_test_add_func("/adapter-rotation/shared", test_shared);
  g_test_add_func("/adapter-rotation/outputs", test_outputs);
  g_test_add_func("/adapter-rotation/butterflies", test_butterflies);
  g_test_add_func("/adapter-rotation/unfit-butterflies", test_unfit_butterflies);
  g_test_add_func("/adapter-rotation/glora", test_glora);
  g_test_add_func("/adapter-rotation/unfit", test_unfit);
  return g_test_run();
}
