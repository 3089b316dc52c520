/* SPDX-License-Identifier: Apache-2.0 */
/* Directions: found where there are some, nothing where the labels are noise, and their form against its definition. */
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/kernel/direction_fit.h"
#include "experts/kernel/kernel_store.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "weights/weight_open.h"

enum { N = 150, LABELS = 6, ROWS = 3, D = 12 };

/* Heads: the rows of three of six labels in any order, each near its label's vector, over what all have in common. */
static KernelRows *heads(float *y, uint64_t seed) {
  g_autofree size_t *ranks = g_new0(size_t, N);
  KernelRows *r = kernel_rows_alloc(LAYER_DENSE, N, ROWS, D, ranks, NULL);
  float of[LABELS * D];
  Rng rng;
  rng_init(&rng, seed, 0);
  rng_fill_normal(&rng, of, LABELS * D, 1);
  for (size_t i = 0; i < N; i++) {
    size_t order[LABELS];
    for (size_t c = 0; c < LABELS; c++) order[c] = c, y[i * LABELS + c] = -1;
    rng_shuffle(&rng, order, LABELS);
    float *x = r->x + i * ROWS * D;
    rng_fill_normal(&rng, x, ROWS * D, 0.7f);
    for (size_t k = 0; k < ROWS; k++) {
      y[i * LABELS + order[k]] = 1;
      axpy(1, of + order[k] * D, x + k * D, D);
    }
  }
  return r;
}

static KernelTarget target_of(float *y) { return (KernelTarget){.n = N, .width = LABELS, .y = y, .labels = LABELS}; }

static void test_found(void) {
  float y[N * LABELS], out[N * LABELS];
  g_autoptr(KernelRows) rows = heads(y, 1);
  KernelTarget t = target_of(y);
  g_autoptr(Directions) o = directions_fit(rows, 0, &t, out, NULL, NULL);
  g_assert_nonnull(o);
  g_assert_cmpfloat(kernel_target_r2(&t, out), >, 0.5);
}

static void test_noise(void) {
  float y[N * LABELS], out[N * LABELS], ridge[N * LABELS] = {0}, share[1], own;
  g_autoptr(KernelRows) rows = heads(y, 2);
  Rng rng;
  rng_init(&rng, 5, 0);
  for (size_t k = 0; k < N * LABELS; k++) y[k] = rng_below(&rng, 2) ? 1 : -1;
  KernelTarget t = target_of(y);
  g_autoptr(Directions) o = directions_fit(rows, 0, &t, out, NULL, NULL);
  g_assert_cmpfloat(kernel_target_r2(&t, out), <, 0.03);
  float *all[] = {out};
  directions_mix(&t, ridge, all, 1, share, &own);
  g_assert_cmpfloat_with_epsilon(share[0] + own, 1, 1e-6);
}

/* The answer for a model of a fifth does not depend on the labels of that fifth, but for gain and offset. */
static void test_kin(void) {
  float y[N * LABELS], other[N * LABELS], before[N * LABELS], after[N * LABELS];
  g_autoptr(KernelRows) rows = heads(y, 3);
  size_t group[N], in_one = 0;
  for (size_t i = 0; i < N; i++) group[i] = i < 30 ? 0 : i; /* kin: they lie in one fifth */
  memcpy(other, y, sizeof y);
  for (size_t i = 0; i < 30; i++) other[i * LABELS] = -y[i * LABELS];
  KernelTarget a = target_of(y), b = target_of(other);
  a.group = b.group = group;
  a.groups = b.groups = N;
  g_autoptr(Directions) x = directions_fit(rows, 0, &a, before, NULL, NULL);
  g_autoptr(Directions) z = directions_fit(rows, 0, &b, after, NULL, NULL);
  g_assert_cmpfloat(x->gain[0], >, 0);
  for (size_t i = 0; i < 30; i++) { /* the same number under either line */
    float f = (before[i * LABELS] - x->offset[0]) / x->gain[0];
    in_one += z->gain[0] * f + z->offset[0] == after[i * LABELS] ||
              fabsf(z->gain[0] * f + z->offset[0] - after[i * LABELS]) < 1e-4f;
  }
  g_assert_cmpuint(in_one, ==, 30);
}

/* y = w (g d'Gd + o), multiplied out. */
static void test_form(void) {
  float y[N * LABELS], out[N * LABELS] = {0};
  g_autoptr(KernelRows) rows = heads(y, 4);
  g_autoptr(Directions) o = directions_new(0, (KernelView){SIDE_V, 2}, LABELS, D);
  Rng rng;
  rng_init(&rng, 6, 0);
  rng_fill_normal(&rng, o->d_of, LABELS * D, 1);
  rows->empty[1] = true;
  for (size_t c = 0; c < LABELS; c++) o->gain[c] = 2 + (float)c, o->offset[c] = 0.5f;
  o->weight = 0.25f;
  directions_add(o, rows, out);
  for (size_t i = 0; i < 3; i++) {
    float g[D * D], length;
    const float *x = rows->x + i * ROWS * D;
    gemm_reference(true, false, D, D, ROWS, 1, x, D, x, D, 0, g, D);
    length = sqrtf(dot(g, g, D * D));
    for (size_t c = 0; c < LABELS; c++) {
      float sum = 0;
      const float *d = o->d_of + c * D;
      for (size_t j = 0; j < D; j++) sum += d[j] * dot(g + j * D, d, D);
      float wanted = 0.25f * (o->gain[c] * (i == 1 ? 0 : sum / length) + 0.5f);
      g_assert_cmpfloat_with_epsilon(out[i * LABELS + c], wanted, 1e-3);
    }
  }
}

/* What is stored comes back, and what does not fit is refused. */
static Kernel *small_kernel(void) {
  float y[N * LABELS], weight[KERNEL_HEADS] = {1, 0};
  Kernel *k = kernel_new();
  k->n = N;
  g_ptr_array_add(k->layers, g_strdup("classifier"));
  g_ptr_array_add(k->rows, heads(y, 7));
  kernel_add_term(k, 0, (KernelView){SIDE_V, 2}, weight, kernel_scale_new(NULL, NULL, N));
  k->head[KERNEL_SEEN] = (KernelHead){LABELS, g_new0(float, N *LABELS), g_new0(float, LABELS), 0.1};
  Directions *o = directions_new(0, (KernelView){SIDE_V, 1}, LABELS, D);
  for (size_t j = 0; j < LABELS * D; j++) o->d_of[j] = (float)j;
  o->weight = 0.75f, o->gain[2] = 3, o->offset[1] = -1;
  k->ridge = 0.25f;
  g_ptr_array_add(k->directions, o);
  return k;
}

/* Through a file whose description is `text`. */
static Kernel *through_file(const Kernel *k, const char *text, GError **error) {
  g_autofree char *folder = g_dir_make_tmp("copse-direction-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "kernel.safetensors", NULL);
  KernelParts parts = kernel_store_parts(k);
  const char *metadata[] = {"copse.kernel", text, NULL};
  g_assert_true(safetensors_write_quick(path, (const TensorOut *)(const void *)parts.tensors->data, parts.tensors->len,
                                        metadata, NULL));
  kernel_store_parts_clear(&parts);
  g_autoptr(WeightFile) f = weight_file_open(path, NULL);
  Kernel *back = kernel_store_read(f, error);
  g_unlink(path);
  g_rmdir(folder);
  return back;
}

static void test_store(void) {
  static const char *const wrong[][2] = {{"\"ridge\":0.25", "\"ridge\":2"},
                                         {"\"weight\":0.75", "\"weight\":-1"},
                                         {"\"view\":\"v,1\"", "\"view\":\"x,1\""},
                                         {"\"view\":\"v,1\"", "\"view\":\"u,1\""}};
  g_autoptr(Kernel) k = small_kernel();
  g_autofree char *text = kernel_store_text(k);
  g_autoptr(Kernel) back = through_file(k, text, NULL);
  g_assert_nonnull(back);
  g_assert_cmpuint(back->directions->len, ==, 1);
  const Directions *a = k->directions->pdata[0], *b = back->directions->pdata[0];
  g_assert_cmpmem(a->d_of, LABELS * D * sizeof(float), b->d_of, LABELS * D * sizeof(float));
  g_assert_cmpfloat(b->gain[2], ==, 3);
  g_assert_cmpfloat(b->offset[1], ==, -1);
  g_assert_cmpfloat(b->weight, ==, 0.75f);
  g_assert_cmpfloat(back->ridge, ==, 0.25f);
  g_assert_true(kernel_hash(k) == kernel_hash(back));
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) parts = g_strsplit(text, wrong[i][0], 2);
    g_assert_cmpuint(g_strv_length(parts), ==, 2);
    g_autofree char *other = g_strjoinv(wrong[i][1], parts);
    g_autoptr(Kernel) none = through_file(k, other, &error);
    g_assert_null(none);
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/direction/found", test_found);
  g_test_add_func("/direction/noise", test_noise);
  g_test_add_func("/direction/kin", test_kin);
  g_test_add_func("/direction/form", test_form);
  g_test_add_func("/direction/store", test_store);
  return g_test_run();
}
