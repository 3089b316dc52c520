/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of experts' files that are not taken: the words, the file, and the tensor where one is wrong. */
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/expert_file.h"
#include "experts/kernel/kernel_gram.h"
#include "experts/probex/compress.h"
#include "experts/probex/dense_store.h"
#include "experts/probex/layer_set.h"
#include "tests/unit/expert_fixture.h"
#include "weights/layers/layer_figures.h"
#include "weights/layers/spectrum.h"

static const float ones[64] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const float nans[64] = {NAN};
static const float far[] = {5};

/* A file of one of three kinds, bent at one place: `tensor` is left out (rank 0), or has another shape, or begins with
 * NaN (rank -1); the metadata `key` is another. */
typedef struct {
  char kind; /* p: ProbeX; k: kernel; v: one view */
  const char *tensor;
  int rank;
  uint64_t shape[2];
  const char *key, *value, *words;
} Lie;

#define KERNEL(models, layer, view) \
  "{\"models\":" models ",\"layers\":[" layer "],\"terms\":[{\"layer\":0,\"view\":\"" view "\",\"seen\":1}]}"
#define A_LAYER "{\"name\":\"a\",\"dense\":true,\"d_out\":2,\"d_in\":2}"
#define DIRECTIONS(more) \
  "{\"models\":2,\"layers\":[" A_LAYER "],\"terms\":[{\"layer\":0,\"view\":\"x,1\",\"seen\":1}]," more "}"
#define LOW_RANK_DIRECTION                                                              \
  "{\"models\":2,\"layers\":[{\"name\":\"a\",\"dense\":false,\"d_out\":2,\"d_in\":2}]," \
  "\"terms\":[{\"layer\":0,\"view\":\"u,1\",\"seen\":1}],\"ridge\":0.1,"                \
  "\"directions\":[{\"layer\":0,\"view\":\"u,1\",\"weight\":1}]}"
#define GATED_KERNEL \
  "{\"models\":2,\"layers\":[" A_LAYER "],\"terms\":[{\"layer\":0,\"view\":\"x,1\",\"seen\":1}],\"gate\":{}}"
#define GOOD_KERNEL KERNEL("2", A_LAYER, "x,1")

static const Lie lies[] = {
    {.kind = 'p',
     .tensor = "probes.weight",
     .words = "no checkpoint of ProbeX or of several views: probes.weight is not there"},
    {'p', "probes.weight", 1, {2}, NULL, NULL, "probes.weight has another number of dimensions"},
    {'p', "probes.weight", -1, {2, 1}, NULL, NULL, "probes.weight holds what is no number, at 0"},
    {'p', "per_probe_encoders.bias", 1, {5}, NULL, NULL, "per_probe_encoders.bias should hold 3 numbers"},
    {'p', "per_probe_encoders.weight", 2, {3, 9}, NULL, NULL, "its encoder or its head does not fit the rest"},
    {'p', "copse.split", 2, {2, 1}, NULL, NULL, "copse.split does not say who was trained on"},
    {'p', "copse.curve", 2, {2, 1}, NULL, NULL, "copse.curve is no curve"},
    {'p', NULL, 0, {0}, "copse.guard", "{}", "copse.guard is no description of a guard"},
    {'p', NULL, 0, {0}, "copse.guard", "{\"side\":0,\"size\":1}", "copse.guard.mean does not fit its description"},
    {'p', NULL, 0, {0}, "copse.labels", "[\"fox\"]", "1 labels for a head of 2 classes"},
    {'p', NULL, 0, {0}, "copse.sum", "0", "is damaged: its bytes are not those that were written; delete it"},
    {'v', NULL, 0, {0}, NULL, NULL, "its one view does not say how large the layer is"},
    {'v', "probes_xu.weight", 2, {2, 1}, NULL, NULL, "the views are of different sizes, from "},
    {'k', NULL, 0, {0}, "copse.kernel", "[", "no kernel expert: its description is not there"},
    {'k', NULL, 0, {0}, "copse.kernel", "{}", "too many or too few models"},
    {'k', NULL, 0, {0}, "copse.kernel", "{\"models\":2}", "it reads no layer"},
    {'k', NULL, 0, {0}, "copse.kernel", KERNEL("2", "{}", "x,1"), "a layer without name or size"},
    {'k', NULL, 0, {0}, "copse.kernel", KERNEL("2", A_LAYER, "?"), "a term without layer or view"},
    {'k', "kernel.0.models", 0, {0}, NULL, NULL, "a tensor is not there"},
    {'k', "kernel.0.models", 2, {2, 3}, NULL, NULL, "a tensor has another shape"},
    {'k', "kernel.term.0.mean", -1, {1, 2}, NULL, NULL, "a tensor holds what is no number"},
    {'k', "kernel.0.x", 0, {0}, NULL, NULL, "a layer's models are not there"},
    {'k', "kernel.head.0.a", 0, {0}, NULL, NULL, "it has no head"},
    {'k', "kernel.head.0.a", 2, {3, 2}, NULL, NULL, "a head of another size"},
    {'k', NULL, 0, {0}, "copse.kernel", DIRECTIONS("\"directions\":[{}]"), "directions that it cannot have"},
    {'k',
     NULL,
     0,
     {0},
     "copse.kernel",
     DIRECTIONS("\"ridge\":0.1,\"directions\":[{}]"),
     "a direction of no layer, view or weight"},
    {'k',
     NULL,
     0,
     {0},
     "copse.kernel",
     DIRECTIONS("\"ridge\":0.1,\"directions\":[{\"layer\":0,\"view\":\"u,1\",\"weight\":1}]"),
     "directions of another size"},
    {'k', NULL, 0, {0}, "copse.kernel", LOW_RANK_DIRECTION, "a direction of a layer that has none"},
    {'k', "kernel.gate.form", 0, {0}, "copse.kernel", GATED_KERNEL, "a gate of another size"},
    {'k', NULL, 0, {0}, "copse.kernel", GATED_KERNEL, "a gate of models it has not"},
    {'k', NULL, 0, {0}, "copse.task", "align", "its heads do not fit its texts"},
};

static const TensorOut network[] = {{"probes.weight", DTYPE_F32, 2, {2, 1}, ones},
                                    {"shared_probe_proj.weight", DTYPE_F32, 2, {1, 4}, ones},
                                    {"per_probe_encoders.weight", DTYPE_F32, 2, {3, 1}, ones},
                                    {"per_probe_encoders.bias", DTYPE_F32, 1, {3}, ones},
                                    {"classification_head.weight", DTYPE_F32, 2, {2, 3}, ones},
                                    {"classification_head.bias", DTYPE_F32, 1, {2}, ones},
                                    {"copse.split", DTYPE_F32, 2, {0, 0}, ones},
                                    {"copse.curve", DTYPE_F32, 2, {0, 0}, ones}};
static const TensorOut view[] = {{"probes_xxtu.weight", DTYPE_F32, 2, {4, 1}, ones},
                                 {"shared_probe_proj_row2.weight", DTYPE_F32, 2, {1, 4}, ones},
                                 {"probes_xu.weight", DTYPE_F32, 2, {0, 0}, ones},
                                 {"shared_probe_proj_row.weight", DTYPE_F32, 2, {1, 5}, ones}};
static const TensorOut kernel[] = {
    {"kernel.0.models", DTYPE_F32, 2, {2, 2}, ones},      {"kernel.0.x", DTYPE_F32, 2, {2, 4}, ones},
    {"kernel.0.s", DTYPE_F32, 2, {1, 2}, ones},           {"kernel.term.0.mean", DTYPE_F32, 2, {1, 2}, ones},
    {"kernel.term.0.spread", DTYPE_F32, 2, {1, 2}, ones}, {"kernel.gate.models", DTYPE_F32, 2, {1, 1}, far},
    {"kernel.gate.form", DTYPE_F32, 2, {1, 1}, ones},     {"kernel.gate.slope", DTYPE_F32, 2, {1, 1}, ones},
    {"kernel.head.0.a", DTYPE_F32, 2, {2, 2}, ones},      {"kernel.head.0.b", DTYPE_F32, 2, {1, 2}, ones},
    {"copse.text_mean", DTYPE_F32, 1, {5}, ones}};

/* The tensors of that kind with the one that lies; returns how many there are. */
static size_t bend(const Lie *lie, TensorOut *out) {
  const TensorOut *all = lie->kind == 'p' ? network : lie->kind == 'k' ? kernel : view;
  const size_t n = lie->kind == 'p'   ? G_N_ELEMENTS(network)
                   : lie->kind == 'k' ? G_N_ELEMENTS(kernel)
                                      : G_N_ELEMENTS(view);
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    TensorOut t = all[i];
    const bool bent = g_strcmp0(lie->tensor, t.name) == 0;
    if (bent && lie->rank) t.rank = ABS(lie->rank) == 1 && lie->rank > 0 ? 1 : 2, memcpy(t.shape, lie->shape, 16);
    if (bent && lie->rank < 0) t.data = nans;
    if ((!bent || lie->rank) && t.shape[0]) out[kept++] = t;
  }
  return kept;
}

static void test_lie(const void *user) {
  const Lie *lie = user;
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL),
                  *path = g_build_filename(folder, "bent.safetensors", NULL);
  TensorOut tensors[G_N_ELEMENTS(kernel)];
  const size_t n = bend(lie, tensors);
  const char *const metadata[] = {lie->key ? lie->key : "x",
                                  lie->value ? lie->value : "x",
                                  lie->kind == 'k' && g_strcmp0(lie->key, "copse.kernel") ? "copse.kernel" : NULL,
                                  GOOD_KERNEL,
                                  g_strcmp0(lie->key, "copse.task") ? "copse.task" : NULL,
                                  "classify",
                                  NULL};
  g_assert_true(safetensors_write(path, tensors, n, metadata, NULL));
  g_autoptr(GError) error = NULL;
  g_autoptr(Expert) x = expert_load(path, &error);
  if (x) g_test_fail_printf("opens, instead of: %s", lie->words);
  else if (!strstr(error->message, lie->words)) g_test_fail_printf("\"%s\" lacks \"%s\"", error->message, lie->words);
  else if (!g_str_has_prefix(error->message, path)) g_test_fail_printf("\"%s\" lacks the file", error->message);
  g_unlink(path);
  g_rmdir(folder);
}

/* --- experts that do not fit what is asked ---------------------------------------------------- */

static void expect(const GError *error, int code, const char *words) {
  g_assert_error(error, COPSE_ERROR, code);
  if (!strstr(error->message, words)) g_test_fail_printf("\"%s\" lacks \"%s\"", error->message, words);
}

static void test_files(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const float x[AXES] = {1};
  put_column(f, "a.safetensors", "l", x, "fox");
  scan(f);
  g_autoptr(Expert) e = class_expert("l", model_at(f, "a.safetensors"));
  keep_expert(f, e, "mine");
  g_autoptr(GError) error = NULL;
  g_assert_false(expert_file_rename(e, "a/b", &error));
  expect(error, COPSE_ERROR_USAGE, "\"a/b\" is no name for a file");
  g_clear_error(&error);
  g_assert_false(expert_file_rename(e, "mine", &error));
  expect(error, COPSE_ERROR_USAGE, "there is an expert mine already");
  g_clear_error(&error);
  g_unlink(e->path);
  g_assert_false(expert_file_remove(e, &error));
  expect(error, COPSE_ERROR_NOT_FOUND, "mine: there is no file of it any more");
  g_clear_error(&error);
  g_autoptr(LayerSet) set = layer_set_dense(1, 3, 3, NULL, NULL);
  float out[AXES];
  g_assert_false(expert_represent(e, set, out, NULL, &error));
  expect(error, COPSE_ERROR_UNSUPPORTED, "expert mine is for a layer of 4 x 2, and this one is 3 x 3");
}

static void test_layers(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const float x[AXES] = {1}, y[12] = {1};
  const TensorOut other = {.name = "l.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {4, 3}, .data = y};
  put_column(f, "a.safetensors", "l", x, NULL);
  put_tensors(f, "b.safetensors", &other, 1, NULL);
  scan(f);
  g_autoptr(GError) error = NULL;
  g_assert_null(layer_set_read(f->collection, f->models, "m", NULL, NULL, &error));
  expect(error, COPSE_ERROR_NOT_FOUND, " has no layer m");
  g_clear_error(&error);
  g_assert_null(layer_set_read(f->collection, f->models, "l", NULL, NULL, &error));
  expect(error, COPSE_ERROR_UNSUPPORTED,
         "in a.safetensors but dense 4 x 3 in b.safetensors: choose models of one tree");
}

/* What comes of numbers that cannot be reckoned with, and of room that is not there. */
static void test_numbers(void) {
  g_autoptr(GError) error = NULL;
  float x[4] = {1, NAN, 2, 3};
  Layer l = {.form = LAYER_DENSE, .d_out = 2, .d_in = 2, .scale = 1, .x = x};
  g_assert_null(layer_figures_new(&l, &error));
  expect(error, COPSE_ERROR_FORMAT, "its numbers hold NaN or infinity");
  g_clear_error(&error);
  g_assert_null(spectrum_new(&l, &error));
  expect(error, COPSE_ERROR_FORMAT, "its numbers hold NaN or infinity");
  g_clear_error(&error);
  l.d_out = 0;
  g_assert_null(layer_figures_new(&l, &error));
  expect(error, COPSE_ERROR_FORMAT, "it holds no numbers");
  g_clear_error(&error);
  g_assert_null(dense_store_new(SIZE_MAX / 2, 4, NULL, &error));
  expect(error, COPSE_ERROR_IO, "not enough memory for the layers");
  g_clear_error(&error);
  const DenseStoreOptions nowhere = {.memory = 1, .folder = "/nowhere"};
  g_assert_null(dense_store_new(4, 4, &nowhere, &error));
  expect(error, COPSE_ERROR_IO, "no room for 64 bytes of layers in /nowhere: No such file or directory");
  g_clear_error(&error);
  const size_t ranks[] = {1};
  KernelRows *a = kernel_rows_alloc(LAYER_DENSE, 1, 2, 2, ranks, NULL);
  KernelRows *b = kernel_rows_alloc(LAYER_DENSE, 1, 2, 3, ranks, NULL);
  g_assert_false(kernel_gram(a, b, NULL, 0, NULL, NULL, &error));
  expect(error, COPSE_ERROR_UNSUPPORTED, "layers of 2 x 2 and of 2 x 3 do not compare: choose models of one tree");
  g_clear_error(&error);
  kernel_rows_free(a);
  kernel_rows_free(b);
  g_autoptr(LayerSet) set = layer_set_dense(1, 2, 2, NULL, NULL);
  g_assert_null(compression_find(set, (const size_t[]){0}, 1, 2, NULL, &error));
  expect(error, COPSE_ERROR_USAGE, "compression is for dense layers, with an energy above 0 and at most 1");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
    g_autofree char *path = g_strdup_printf("/messages/expert/%c/%zu", lies[i].kind, i);
    g_test_add_data_func(path, &lies[i], test_lie);
  }
  add_test("/messages/experts", "files", test_files);
  add_test("/messages/experts", "layers", test_layers);
  g_test_add_func("/messages/experts/numbers", test_numbers);
  return g_test_run();
}
