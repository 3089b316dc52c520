/* SPDX-License-Identifier: Apache-2.0 */
/* What experts learn from of adapters whose change depends on the base: V ΔW U of the dense change against the sum over
 * what is learned from, in the order that never makes ΔW; and a training on such adapters. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "experts/train/train.h"
#include "numerics/rng.h"
#include "tests/unit/expert_fixture.h"
#include "weights/formats/safetensors.h"
#include "weights/layers/adapter_change.h"
#include "weights/layers/learnable.h"
#include "weights/weight_open.h"

enum { ROWS = 12, COLUMNS = 8, RANK = 2, SIDE = 4, BLOCKS = COLUMNS / SIDE, V_ROWS = 3, U_COLUMNS = 2 };

/* All that one check needs: W, probes V (V_ROWS x ROWS) and U (COLUMNS x U_COLUMNS), and numbers to make files of. */
typedef struct {
  char *dir, *path;
  WeightFile *file;
  GArray *layers;
  float w[ROWS * COLUMNS], v[V_ROWS * ROWS], u[COLUMNS * U_COLUMNS];
  float numbers[512], small[512];
} Bench;

static void bench_open(Bench *b, const TensorOut *t, size_t n) {
  g_autoptr(GError) error = NULL;
  b->dir = g_dir_make_tmp("copse-learnable-XXXXXX", NULL);
  b->path = g_build_filename(b->dir, "m.safetensors", NULL);
  g_assert_true(safetensors_write(b->path, t, n, NULL, &error));
  b->file = weight_file_open(b->path, &error);
  g_assert_no_error(error);
  b->layers = learnable_list(b->file, NULL);
}

static void bench_close(Bench *b) {
  g_array_unref(b->layers);
  weight_file_free(b->file);
  g_unlink(b->path);
  g_rmdir(b->dir);
  g_free(b->path);
  g_free(b->dir);
}

static void bench_fill(Bench *b) {
  Rng rng;
  rng_init(&rng, 5, 0);
  rng_fill_normal(&rng, b->w, G_N_ELEMENTS(b->w), 1);
  rng_fill_normal(&rng, b->v, G_N_ELEMENTS(b->v), 1);
  rng_fill_normal(&rng, b->u, G_N_ELEMENTS(b->u), 1);
  rng_fill_normal(&rng, b->numbers, G_N_ELEMENTS(b->numbers), 1);
  rng_fill_normal(&rng, b->small, G_N_ELEMENTS(b->small), 1e-4f);
}

static Layer base_of(Bench *b) {
  return (Layer){.form = LAYER_DENSE, .d_out = ROWS, .d_in = COLUMNS, .scale = 1, .x = b->w};
}

static Layer learned(const Bench *b, const char *name, LayerForm form, size_t d_out, size_t d_in) {
  Layer x;
  const LayerInfo *l = layer_find(b->layers, name);
  g_assert_nonnull(l);
  g_assert_cmpint(l->form, ==, form);
  g_assert_cmpuint(l->d_out, ==, d_out);
  g_assert_cmpuint(l->d_in, ==, d_in);
  g_assert_true(layer_read(b->file, l, &x, NULL));
  return x;
}

/* The dense change, by the code that `copse diff` uses. */
static Layer dense_change(Bench *b) {
  Layer x, w = base_of(b);
  g_autoptr(FileNames) names = file_names_new(b->file);
  g_autoptr(GArray) layers = layer_list_named(b->file, names, NULL);
  g_autoptr(GArray) rest = layer_uncomputed(b->file, names, layers, NULL);
  g_assert_cmpuint(rest->len, ==, 1);
  g_assert_true(adapter_change_read(b->file, &g_array_index(rest, UncomputedLayer, 0), &w, &x));
  return x;
}

/* (V X U)[p, q] of any matrix (rows x columns). */
static double probed(const float *v, const float *x, const float *u, size_t rows, size_t columns, size_t p, size_t q) {
  double sum = 0;
  for (size_t o = 0; o < rows; o++)
    for (size_t i = 0; i < columns; i++)
      sum += (double)v[p * rows + o] * (double)x[o * columns + i] * (double)u[i * U_COLUMNS + q];
  return sum;
}

/* (W U)[o, q], which all adapters of a base share. */
static double base_response(const Bench *b, size_t o, size_t q) {
  double sum = 0;
  for (size_t i = 0; i < COLUMNS; i++) sum += (double)b->w[o * COLUMNS + i] * (double)b->u[i * U_COLUMNS + q];
  return sum;
}

static void test_ia3(void) {
  Bench b;
  bench_fill(&b);
  const TensorOut t[] = {{"base_model.model.q.ia3_l", DTYPE_F32, 2, {ROWS, 1}, b.numbers}};
  bench_open(&b, t, 1);
  Layer dense = dense_change(&b), f = learned(&b, "q.scaling", LAYER_DENSE, ROWS, 1);
  for (size_t p = 0; p < V_ROWS; p++)
    for (size_t q = 0; q < U_COLUMNS; q++) {
      double sum = 0;
      for (size_t o = 0; o < ROWS; o++)
        sum += ((double)f.x[o] - 1) * (double)b.v[p * ROWS + o] * base_response(&b, o, q);
      g_assert_cmpfloat(fabs(sum - probed(b.v, dense.x, b.u, ROWS, COLUMNS, p, q)), <, 1e-4);
    }
  layer_clear(&dense);
  layer_clear(&f);
  bench_close(&b);
}

static void test_dora(void) {
  Bench b;
  bench_fill(&b);
  const TensorOut t[] = {{"base_model.model.q.lora_A.weight", DTYPE_F32, 2, {RANK, COLUMNS}, b.numbers},
                         {"base_model.model.q.lora_B.weight", DTYPE_F32, 2, {ROWS, RANK}, b.numbers + 100},
                         {"base_model.model.q.lora_magnitude_vector", DTYPE_F32, 1, {ROWS}, b.numbers + 200}};
  bench_open(&b, t, 3);
  g_assert_cmpuint(b.layers->len, ==, 2);
  Layer w = base_of(&b), dense = learned(&b, "q", LAYER_LOW_RANK, ROWS, COLUMNS);
  Layer factors = learned(&b, "q", LAYER_LOW_RANK, ROWS, COLUMNS), m = learned(&b, "q.magnitude", LAYER_DENSE, ROWS, 1);
  g_assert_true(adapter_change_dora(b.file, layer_find(b.layers, "q"), &w, &dense));
  for (size_t p = 0; p < V_ROWS; p++)
    for (size_t q = 0; q < U_COLUMNS; q++) {
      double sum = 0; /* V diag(m / |W + B A|) (W U + B (A U)) - V W U */
      for (size_t o = 0; o < ROWS; o++) {
        double norm = 0, turned = base_response(&b, o, q);
        for (size_t i = 0; i < COLUMNS; i++) {
          double x = 0;
          for (size_t k = 0; k < RANK; k++)
            x += (double)factors.b[o * RANK + k] * (double)factors.a[k * COLUMNS + i] * (double)factors.scale;
          norm += pow((double)b.w[o * COLUMNS + i] + x, 2);
          turned += x * (double)b.u[i * U_COLUMNS + q];
        }
        sum += (double)b.v[p * ROWS + o] * ((double)m.x[o] / sqrt(norm) * turned - base_response(&b, o, q));
      }
      g_assert_cmpfloat(fabs(sum - probed(b.v, dense.x, b.u, ROWS, COLUMNS, p, q)), <, 1e-3);
    }
  layer_clear(&dense);
  layer_clear(&factors);
  layer_clear(&m);
  bench_close(&b);
}

/* V W (R' - 1) U is 2 V W Q U but for the square of Q. */
static void check_rotation(Bench *b, const double *q_blocks) {
  Layer dense = dense_change(b);
  float turn[COLUMNS * COLUMNS] = {0}, wq[ROWS * COLUMNS] = {0};
  for (size_t k = 0; k < BLOCKS; k++)
    for (size_t i = 0; i < SIDE; i++)
      for (size_t j = 0; j < SIDE; j++)
        turn[(k * SIDE + i) * COLUMNS + k * SIDE + j] = (float)(2 * q_blocks[(k * SIDE + i) * SIDE + j]);
  for (size_t o = 0; o < ROWS; o++)
    for (size_t i = 0; i < COLUMNS; i++)
      for (size_t j = 0; j < COLUMNS; j++) wq[o * COLUMNS + j] += b->w[o * COLUMNS + i] * turn[i * COLUMNS + j];
  for (size_t p = 0; p < V_ROWS; p++)
    for (size_t c = 0; c < U_COLUMNS; c++) {
      double want = probed(b->v, dense.x, b->u, ROWS, COLUMNS, p, c);
      double sum = probed(b->v, wq, b->u, ROWS, COLUMNS, p, c);
      g_assert_cmpfloat(fabs(want), >, 1e-5);
      g_assert_cmpfloat(fabs(sum - want), <, 2e-5); /* the change is near 2e-3 */
    }
  layer_clear(&dense);
}

static void test_oft(void) {
  enum { TRIANGLE = SIDE * (SIDE - 1) / 2 };
  Bench b;
  bench_fill(&b);
  const TensorOut t[] = {{"base_model.model.q.oft_R.weight", DTYPE_F32, 2, {BLOCKS, TRIANGLE}, b.small}};
  bench_open(&b, t, 1);
  Layer x = learned(&b, "q.rotation", LAYER_DENSE, BLOCKS, TRIANGLE);
  double q[BLOCKS * SIDE * SIDE] = {0};
  const float *at = x.x;
  for (size_t k = 0; k < BLOCKS; k++)
    for (size_t i = 0; i < SIDE; i++)
      for (size_t j = i + 1; j < SIDE; j++, at++) {
        q[(k * SIDE + i) * SIDE + j] = (double)*at;
        q[(k * SIDE + j) * SIDE + i] = -(double)*at;
      }
  check_rotation(&b, q);
  layer_clear(&x);
  bench_close(&b);
}

static void test_boft(void) {
  static const float ones[ROWS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  Bench b;
  bench_fill(&b);
  const TensorOut t[] = {{"base_model.model.q.boft_R", DTYPE_F32, 4, {1, BLOCKS, SIDE, SIDE}, b.small},
                         {"base_model.model.q.boft_s", DTYPE_F32, 2, {ROWS, 1}, ones}};
  bench_open(&b, t, 2);
  Layer x = learned(&b, "q.rotation", LAYER_DENSE, BLOCKS, SIDE * SIDE),
        s = learned(&b, "q.scaling", LAYER_DENSE, ROWS, 1);
  double q[BLOCKS * SIDE * SIDE];
  for (size_t k = 0; k < BLOCKS; k++)
    for (size_t i = 0; i < SIDE; i++)
      for (size_t j = 0; j < SIDE; j++) {
        const float *block = x.x + k * SIDE * SIDE;
        q[(k * SIDE + i) * SIDE + j] = 0.5 * ((double)block[i * SIDE + j] - (double)block[j * SIDE + i]);
      }
  check_rotation(&b, q);
  layer_clear(&x);
  layer_clear(&s);
  bench_close(&b);
}

static void test_glora(void) {
  static const float six = 6;
  Bench b;
  bench_fill(&b);
  const TensorOut t[] = {{"lycoris_q.a1.weight", DTYPE_F32, 2, {RANK, COLUMNS}, b.numbers},
                         {"lycoris_q.a2.weight", DTYPE_F32, 2, {COLUMNS, RANK}, b.numbers + 50},
                         {"lycoris_q.b1.weight", DTYPE_F32, 2, {RANK, COLUMNS}, b.numbers + 100},
                         {"lycoris_q.b2.weight", DTYPE_F32, 2, {ROWS, RANK}, b.numbers + 150},
                         {"lycoris_q.alpha", DTYPE_F32, 0, {0}, &six}};
  bench_open(&b, t, 5);
  Layer dense = dense_change(&b);
  Layer x = learned(&b, "q.b", LAYER_LOW_RANK, ROWS, COLUMNS), a = learned(&b, "q.a", LAYER_LOW_RANK, COLUMNS, COLUMNS);
  g_assert_cmpfloat(fabs((double)a.scale - 3), <, 1e-6);
  float vw[V_ROWS * COLUMNS] = {0};
  for (size_t p = 0; p < V_ROWS; p++)
    for (size_t o = 0; o < ROWS; o++)
      for (size_t i = 0; i < COLUMNS; i++) vw[p * COLUMNS + i] += b.v[p * ROWS + o] * b.w[o * COLUMNS + i];
  for (size_t p = 0; p < V_ROWS; p++)
    for (size_t q = 0; q < U_COLUMNS; q++) {
      double sum = 0;
      for (size_t k = 0; k < RANK; k++) {
        double left = 0, right = 0, left_a = 0, right_a = 0;
        for (size_t o = 0; o < ROWS; o++) left += (double)b.v[p * ROWS + o] * (double)x.b[o * RANK + k];
        for (size_t i = 0; i < COLUMNS; i++) {
          right += (double)x.a[k * COLUMNS + i] * (double)b.u[i * U_COLUMNS + q];
          left_a += (double)vw[p * COLUMNS + i] * (double)a.b[i * RANK + k];
          right_a += (double)a.a[k * COLUMNS + i] * (double)b.u[i * U_COLUMNS + q];
        }
        sum += (double)x.scale * left * right + (double)a.scale * left_a * right_a;
      }
      double want = probed(b.v, dense.x, b.u, ROWS, COLUMNS, p, q);
      g_assert_cmpfloat(fabs(sum - want), <, 1e-4 * (1 + fabs(want)));
    }
  layer_clear(&dense);
  layer_clear(&x);
  layer_clear(&a);
  bench_close(&b);
}

/* --- training ---------------------------------------------------------------------------------------- */

enum { WIDTH = 96, EACH = 10 };

/* One adapter of each form whose vector, of what is learned beside factors alone, tells the concept. */
static void put_adapter(const Fixture *f, const char *form, int concept, int i, Rng *rng) {
  static const char *const names[] = {"fox", "cat", "owl"};
  float told[WIDTH], noise[2 * WIDTH];
  rng_fill_normal(rng, told, WIDTH, 0.02f);
  rng_fill_normal(rng, noise, 2 * WIDTH, 0.1f);
  for (int k = 0; k < WIDTH; k++) told[k] += 1 + (k % 3 == concept ? 0.1f : 0);
  g_autofree char *path = g_strdup_printf("%s-%s-%d.safetensors", form, names[concept], i);
  const char *const metadata[] = {"concept", names[concept], NULL};
  bool dora = strcmp(form, "dora") == 0;
  const TensorOut ia3[] = {{"base_model.model.q.ia3_l", DTYPE_F32, 2, {WIDTH, 1}, told}};
  const TensorOut magnitudes[] = {{"base_model.model.q.lora_A.weight", DTYPE_F32, 2, {1, WIDTH}, noise},
                                  {"base_model.model.q.lora_B.weight", DTYPE_F32, 2, {WIDTH, 1}, noise + WIDTH},
                                  {"base_model.model.q.lora_magnitude_vector", DTYPE_F32, 1, {WIDTH}, told}};
  const TensorOut blocks[] = {{"base_model.model.q.oft_R.weight", DTYPE_F32, 2, {WIDTH / 6, 6}, told}};
  put_tensors(f, path, dora ? magnitudes : strcmp(form, "oft") == 0 ? blocks : ia3, dora ? 3 : 1, metadata);
}

static void check_training(Fixture *f, const char *form, const char *layer) {
  g_autoptr(GError) error = NULL;
  Rng rng;
  rng_init(&rng, 9, 0);
  for (int c = 0; c < 3; c++)
    for (int i = 0; i < EACH; i++) put_adapter(f, form, c, i, &rng);
  scan(f);
  TrainOptions o = TRAIN_DEFAULTS;
  o.kind = TRAIN_KERNEL;
  o.layer = layer;
  o.baselines = false;
  g_autoptr(TrainResult) r = expert_train(f->collection, f->models, &o, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpfloat(r->kernel->right[0], >, 0.9);
}

static void test_train_ia3(Fixture *f, gconstpointer unused) {
  (void)unused;
  check_training(f, "ia3", NULL);
}

static void test_train_oft(Fixture *f, gconstpointer unused) {
  (void)unused;
  check_training(f, "oft", NULL);
}

static void test_train_magnitudes(Fixture *f, gconstpointer unused) {
  (void)unused;
  check_training(f, "dora", "q.magnitude");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/learnable/ia3", test_ia3);
  g_test_add_func("/learnable/dora", test_dora);
  g_test_add_func("/learnable/oft", test_oft);
  g_test_add_func("/learnable/boft", test_boft);
  g_test_add_func("/learnable/glora", test_glora);
  add_test("/learnable", "train-ia3", test_train_ia3);
  add_test("/learnable", "train-oft", test_train_oft);
  add_test("/learnable", "train-magnitudes", test_train_magnitudes);
  return g_test_run();
}
