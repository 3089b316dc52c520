/* SPDX-License-Identifier: Apache-2.0 */
/* Experts written for the authors' programs, and their files read: the same answers, or a clear no. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/expert_export.h"
#include "experts/probex/multiview.h"
#include "experts/probex/probex_pass.h"
#include "tests/unit/collection_fixture.h"
#include "weights/weight_open.h"

enum { D_OUT = 6, D_IN = 5, R_T = 4 };

static Expert *random_expert(unsigned views, ExpertTask task) {
  Expert *x = expert_new();
  ProbexShape shape = {.d_out = D_OUT, .d_in = D_IN, .r_u = 3, .r_v = 2, .r_t = R_T, .views = views};
  *(task == EXPERT_ALIGN ? &shape.d_text : &shape.n_classes) = 7;
  Rng rng;
  rng_init(&rng, 3, views);
  x->name = g_strdup("x");
  x->task = task;
  x->layer = g_strdup("mid");
  x->raw_text = task == EXPERT_ALIGN;
  x->probex = probex_new(&shape, NULL);
  probex_init(x->probex, &rng);
  return x;
}

static void represent(const Expert *x, float *e) {
  Layer l = {.form = LAYER_DENSE, .d_out = D_OUT, .d_in = D_IN, .scale = 1};
  l.x = g_new(float, D_OUT *D_IN);
  Rng rng;
  rng_init(&rng, 9, 0);
  rng_fill_normal(&rng, l.x, D_OUT * D_IN, 1);
  g_autoptr(LayerSet) set = layer_set_from_layers(&l, 1, NULL);
  g_assert_true(probex_represent(x->probex, set, e, NULL, NULL));
  layer_clear(&l);
}

/* What is written has the authors' tensors and no other, and answers the same when it is read as theirs. */
static void expect_same(const Fixture *f, const Expert *x, const char *program, size_t tensors) {
  g_autofree char *path = g_build_filename(f->top, "out.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_true(expert_export(x, program, path, &error));
  g_autoptr(WeightFile) file = weight_file_open(path, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(weight_file_count(file), ==, tensors);
  g_autoptr(Expert) y = expert_load(path, &error);
  g_assert_no_error(error);
  float own[R_T], theirs[R_T];
  represent(x, own);
  represent(y, theirs);
  for (int k = 0; k < R_T; k++) g_assert_cmpfloat(fabsf(own[k] - theirs[k]), <, 1e-5f);
  g_assert_true(y->raw_text == (x->task == EXPERT_ALIGN));
  g_assert_null(y->layer);
  size_t head = (size_t)(x->probex->tau - x->probex->head) * sizeof(float);
  g_assert_cmpmem(y->probex->head, head, x->probex->head, head);
  if (x->task == EXPERT_ALIGN) g_assert_cmpfloat(*y->probex->tau, ==, 0);
}

static void test_same(Fixture *f, gconstpointer unused) {
  (void)unused;
  for (int task = 0; task < 2; task++) {
    g_autoptr(Expert) x = random_expert(0, (ExpertTask)task);
    expect_same(f, x, "probex", 6);
    for (unsigned views = 1; views <= VIEW_ALL; views++) { /* branches that are missing are added as zeros */
      g_autoptr(Expert) y = random_expert(views, (ExpertTask)task);
      expect_same(f, y, "mvprobe", 12);
    }
  }
}

static void expect_no(const Fixture *f, const Expert *x, const char *program, int code, const char *why) {
  g_autofree char *path = g_build_filename(f->top, "no.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_false(expert_export(x, program, path, &error));
  g_assert_error(error, COPSE_ERROR, code);
  g_assert_nonnull(strstr(error->message, why));
  g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_refused(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(Expert) x = random_expert(0, EXPERT_ALIGN), y = random_expert(VIEW_ALL, EXPERT_ALIGN);
  expect_no(f, x, "other", COPSE_ERROR_USAGE, "unknown program 'other'; there are: probex, mvprobe");
  expect_no(f, x, "mvprobe", COPSE_ERROR_UNSUPPORTED, "--for probex");
  expect_no(f, y, "probex", COPSE_ERROR_UNSUPPORTED, "--for mvprobe");
  x->raw_text = false;
  expect_no(f, x, "probex", COPSE_ERROR_UNSUPPORTED, "--preset published");
  x->probex->shape.linear = true;
  expect_no(f, x, "probex", COPSE_ERROR_UNSUPPORTED, "--linear");
  x->centre = g_new0(float, D_OUT *D_IN);
  expect_no(f, x, "probex", COPSE_ERROR_UNSUPPORTED,
            "cannot be written for probex: it subtracts a centre from the weights before its probes");
}

/* Files whose parts do not fit each other are refused before anything is allocated by them. */
static void test_hostile(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const float zeros[64] = {0};
  TensorOut t[] = {{"probes_xu.weight", DTYPE_F32, 2, {D_IN, 3}, zeros},
                   {"shared_probe_proj_row.weight", DTYPE_F32, 2, {2, D_OUT}, zeros},
                   {"concat_all4_encoder.weight", DTYPE_F32, 2, {R_T, 6}, zeros},
                   {"concat_all4_encoder.bias", DTYPE_F32, 1, {R_T}, zeros},
                   {"classification_head.weight", DTYPE_F32, 2, {2, R_T}, zeros},
                   {"classification_head.bias", DTYPE_F32, 1, {2}, zeros},
                   {"probes_xtu.weight", DTYPE_F32, 2, {D_OUT + 1, 3}, zeros},
                   {"shared_probe_proj_col.weight", DTYPE_F32, 2, {2, D_IN}, zeros}};
  g_autofree char *path = g_build_filename(f->top, "bad.safetensors", NULL);
  for (int how = 0; how < 4; how++) {
    g_autoptr(GError) error = NULL;
    t[2].shape[1] = how == 1 ? 7 : 6, t[4].shape[1] = how == 2 ? R_T + 1 : R_T;
    g_assert_true(safetensors_write(path, t, how == 3 ? 8 : 6, NULL, NULL));
    g_autoptr(Expert) x = expert_load(path, &error);
    g_assert_true((x != NULL) == (how == 0));
    if (how) g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/export", "same", test_same);
  add_test("/export", "refused", test_refused);
  add_test("/export", "hostile", test_hostile);
  return g_test_run();
}
