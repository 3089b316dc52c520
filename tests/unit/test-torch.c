/* SPDX-License-Identifier: Apache-2.0 */
/* PyTorch files that are as they should be: both containers, views, number formats, names. */
#include <string.h>

#include "core/error.h"
#include "torch_fixture.h"
#include "weights/weight_open.h"

enum { N = 120 };

static void count_up(float *x, size_t n) {
  for (size_t i = 0; i < n; i++) x[i] = (float)i;
}

/* {"w": a 10 x 12 matrix, "b": 12 numbers of it} in either container. */
static GString *two_tensors(void) {
  GString *p = pk_new();
  PkTensor w = {.key = "0", .numbers = N, .rank = 2, .shape = {10, 12}, .step = {12, 1}};
  PkTensor b = {.key = "0", .numbers = N, .first = 24, .rank = 1, .shape = {12}, .step = {1}};
  pk_raw(p, "}(");
  pk_text(p, "w");
  pk_tensor(p, &w);
  pk_text(p, "b");
  pk_tensor(p, &b);
  pk_raw(p, "u");
  return p;
}

static void check_two(GBytes *bytes, const char *format, bool plain) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(weight_file_format(file), ==, format);
  g_autofree char *names = fixture_names(file);
  g_assert_cmpstr(names, ==, "w[10,12] b[12]");
  float x[N];
  count_up(x, N);
  fixture_numbers(file, 0, x, N);
  fixture_numbers(file, 1, x + 24, 12);
  const TensorInfo *b = weight_file_info(file, 1);
  g_assert_true((b->offset != UINT64_MAX) == plain);
  if (!plain) return;
  const char *at = (const char *)g_bytes_get_data(bytes, NULL) + b->offset;
  g_assert_cmpmem(at, b->bytes, x + 24, 12 * sizeof *x);
}

static void test_containers(void) {
  static const char *const folders[] = {"archive/", "my model/", "\303\251/", ""};
  float x[N];
  count_up(x, N);
  const PkStorage storages[] = {{"0", x, sizeof x, N}, {0}};
  for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
    g_autoptr(GBytes) stored = torch_fixture_zip(two_tensors(), folders[i], storages, ZIP_DESCRIPTOR | ZIP_ALIGN);
    check_two(stored, "torch", true);
    g_autoptr(GBytes) packed = torch_fixture_zip(two_tensors(), folders[i], storages, ZIP_DEFLATE | ZIP_WIDE);
    check_two(packed, "torch", false);
    if (i == 0) fixture_keep(stored, "torch", "stored");
    if (i == 0) fixture_keep(packed, "torch", "deflated");
  }
  g_autoptr(GBytes) legacy = torch_fixture_legacy(two_tensors(), storages);
  check_two(legacy, "torch-legacy", true);
  fixture_keep(legacy, "torch", "legacy");
  gssize object = fixture_find(legacy, "\x80\2}(", 4, 0); /* what the driver puts a head before */
  g_autoptr(GBytes) tail = g_bytes_new_from_bytes(legacy, (gsize)object, g_bytes_get_size(legacy) - (gsize)object);
  fixture_keep(tail, "torch", "object");
}

/* A reinforcement learner's archive: policy.pth in either container, stored or deflated. */
static void test_wrapped(void) {
  float x[N];
  count_up(x, N);
  const PkStorage storages[] = {{"0", x, sizeof x, N}, {0}};
  for (unsigned k = 0; k < 4; k++) {
    g_autoptr(GBytes) policy = k & 1 ? torch_fixture_legacy(two_tensors(), storages)
                                     : torch_fixture_zip(two_tensors(), "archive/", storages, 0);
    gsize n;
    const void *p = g_bytes_get_data(policy, &n);
    ZipFixture z;
    zip_fixture_begin(&z);
    zip_fixture_add(&z, "data", "{}", 2, 0);
    zip_fixture_add(&z, "policy.optimizer.pth", p, n, 0);
    zip_fixture_add(&z, "policy.pth", p, n, k & 2 ? ZIP_DEFLATE : 0);
    g_autoptr(GBytes) outer = zip_fixture_end(&z, false);
    check_two(outer, "torch", false);
    if (k == 0) fixture_keep(outer, "torch", "wrapped");
  }
}

/* One view of 120 numbers 0, 1, 2, …: element i of the tensor is number want[i]. */
typedef struct {
  const char *name;
  PkTensor t;
} ViewCase;

static const ViewCase views[] = {
    {"whole", {.rank = 3, .shape = {4, 5, 6}, .step = {30, 6, 1}}},
    {"transposed", {.rank = 2, .shape = {12, 10}, .step = {1, 12}}},
    {"permuted", {.rank = 3, .shape = {6, 4, 5}, .step = {1, 30, 6}}},
    {"column", {.rank = 1, .first = 3, .shape = {10}, .step = {12}}},
    {"narrow", {.rank = 2, .first = 4, .shape = {10, 5}, .step = {12, 1}}},
    {"steps", {.rank = 2, .first = 1, .shape = {4, 3}, .step = {36, 4}}},
    {"expanded", {.rank = 2, .first = 7, .shape = {3, 5}, .step = {1, 0}}},
    {"expanded-rows", {.rank = 2, .first = 7, .shape = {3, 5}, .step = {0, 2}}},
    {"windows", {.rank = 2, .shape = {9, 4}, .step = {2, 1}}},
    {"diagonal", {.rank = 1, .shape = {10}, .step = {13}}},
    {"scalar", {.rank = 0, .first = 119}},
    {"ones", {.rank = 4, .first = 5, .shape = {1, 3, 1, 2}, .step = {77, 2, 99, 1}}},
    {"last", {.rank = 1, .first = 119, .shape = {1}, .step = {1000000}}},
    {"empty", {.rank = 2, .first = 500, .shape = {0, 9}, .step = {9, 1}}},
    {"eight", {.rank = 8, .shape = {2, 1, 2, 1, 2, 1, 2, 3}, .step = {60, 9, 1, 9, 12, 9, 3, 20}}},
};

static size_t expected(const PkTensor *t, float *want) {
  size_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= (size_t)t->shape[i];
  for (size_t e = 0; e < n; e++) {
    size_t rest = e;
    int64_t at = t->first;
    for (int i = t->rank; i-- > 0;) {
      at += (int64_t)(rest % (size_t)t->shape[i]) * t->step[i];
      rest /= (size_t)t->shape[i];
    }
    want[e] = (float)at;
  }
  return n;
}

static void check_view(const ViewCase *c, GBytes *bytes) {
  g_autoptr(GError) error = NULL;
  float want[N];
  size_t n = expected(&c->t, want);
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(weight_file_info(file, 0)->name, ==, "tensor");
  fixture_numbers(file, 0, want, n);
}

static void test_view(const void *user) {
  const ViewCase *c = user;
  float x[N];
  count_up(x, N);
  const PkStorage storages[] = {{"k", x, sizeof x, N}, {0}};
  PkTensor t = c->t;
  t.key = "k";
  t.numbers = N;
  for (int k = 0; k < 3; k++) {
    GString *p = pk_new();
    pk_tensor(p, &t);
    g_autoptr(GBytes) bytes =
        k == 2 ? torch_fixture_legacy(p, storages) : torch_fixture_zip(p, "a/", storages, k ? ZIP_DEFLATE : 0);
    check_view(c, bytes);
    if (k == 0) fixture_keep(bytes, "torch", c->name);
  }
}

/* Large enough for every way of reading: long rows in pieces, thin views, spans that are kept. */
static void test_large_views(void) {
  enum { ROWS = 600, COLUMNS = 1200, THIN = 50 };
  g_autofree float *x = g_new(float, (ROWS * COLUMNS)), *want = g_new(float, (ROWS * COLUMNS));
  count_up(x, ROWS * COLUMNS);
  const PkStorage storages[] = {{"0", x, ROWS * COLUMNS * sizeof *x, ROWS * COLUMNS}, {0}};
  PkTensor t[] = {
      {.rank = 2, .shape = {COLUMNS, ROWS}, .step = {1, COLUMNS}},
      {.rank = 2, .shape = {ROWS, COLUMNS - 9}, .step = {COLUMNS, 1}},
      {.rank = 2, .shape = {ROWS / 2, COLUMNS / THIN}, .step = {2 * COLUMNS, THIN}},
  };
  GString *p = pk_new();
  pk_raw(p, "](");
  for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
    t[i].key = "0";
    t[i].numbers = ROWS * COLUMNS;
    pk_tensor(p, &t[i]);
  }
  pk_raw(p, "e");
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  g_autofree char *names = fixture_names(file);
  g_assert_cmpstr(names, ==, "0[1200,600] 1[600,1191] 2[300,24]");
  for (size_t i = 0; i < G_N_ELEMENTS(t); i++) {
    size_t n = expected(&t[i], want);
    g_autofree float *got = g_new(float, n);
    for (size_t at = 0, k = 70001; at < n; at += k)
      g_assert_true(weight_file_read_f32(file, i, at, MIN(k, n - at), got + at, &error));
    g_assert_cmpmem(got, n * sizeof *got, want, n * sizeof *want);
  }
}

typedef struct {
  const char *storage; /* NULL: an untyped one with the dtype */
  const char *dtype;
  Dtype want;
} FormatCase;

static void test_formats(void) {
  static const FormatCase cases[] = {
      {"DoubleStorage", NULL, DTYPE_F64},
      {"FloatStorage", NULL, DTYPE_F32},
      {"HalfStorage", NULL, DTYPE_F16},
      {"BFloat16Storage", NULL, DTYPE_BF16},
      {"LongStorage", NULL, DTYPE_I64},
      {"IntStorage", NULL, DTYPE_I32},
      {"ShortStorage", NULL, DTYPE_I16},
      {"CharStorage", NULL, DTYPE_I8},
      {"ByteStorage", NULL, DTYPE_U8},
      {"BoolStorage", NULL, DTYPE_BOOL},
      {"ComplexFloatStorage", NULL, DTYPE_C64},
      {NULL, "uint16", DTYPE_U16},
      {NULL, "uint64", DTYPE_U64},
      {NULL, "float8_e4m3fn", DTYPE_F8_E4M3},
      {NULL, "float8_e5m2", DTYPE_F8_E5M2},
      {NULL, "bfloat16", DTYPE_BF16},
  };
  static const int64_t two = 2, one = 1;
  unsigned char data[16];
  for (size_t i = 0; i < sizeof data; i++) data[i] = (unsigned char)(i * 37 + 1);
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    const FormatCase *c = &cases[i];
    uint64_t bytes = 0;
    g_assert_true(dtype_bytes(c->want, 2, &bytes));
    GString *p = pk_new();
    pk_global(p, "torch._utils", c->dtype ? "_rebuild_tensor_v3" : "_rebuild_tensor");
    pk_raw(p, "(");
    pk_storage(p, c->storage ? c->storage : "UntypedStorage", "0", c->dtype ? (int64_t)bytes : 2);
    pk_int(p, 0);
    pk_numbers(p, 1, &two);
    pk_numbers(p, 1, &one);
    if (c->dtype) {
      pk_raw(p, "\x89}");
      pk_global(p, "torch", c->dtype);
    }
    pk_raw(p, "tR");
    const PkStorage storages[] = {{"0", data, bytes, 0}, {0}};
    g_autoptr(GBytes) file_bytes = torch_fixture_zip(p, "a/", storages, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(WeightFile) file = fixture_open(file_bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpint(weight_file_info(file, 0)->dtype, ==, c->want);
    unsigned char got[16];
    g_assert_true(weight_file_read_raw(file, 0, 0, bytes, got, &error));
    g_assert_cmpmem(got, bytes, data, bytes);
    if (c->dtype) fixture_keep(file_bytes, "torch", c->dtype);
  }
}

/* A transposed matrix in elements of every width. */
static void test_widths(void) {
  static const FormatCase cases[] = {{"CharStorage", NULL, DTYPE_I8},
                                     {"ShortStorage", NULL, DTYPE_I16},
                                     {"IntStorage", NULL, DTYPE_I32},
                                     {"LongStorage", NULL, DTYPE_I64}};
  enum { ROWS = 5, COLUMNS = 7 };
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    size_t width = (size_t)1 << i;
    unsigned char data[ROWS * COLUMNS * 8] = {0};
    float want[ROWS * COLUMNS];
    for (size_t e = 0; e < ROWS * COLUMNS; e++) {
      data[e * width] = (unsigned char)e;
      want[e % COLUMNS * ROWS + e / COLUMNS] = (float)e;
    }
    const PkStorage storages[] = {{"0", data, ROWS * COLUMNS * width, ROWS * COLUMNS}, {0}};
    PkTensor t = {.type = cases[i].storage,
                  .key = "0",
                  .numbers = ROWS * COLUMNS,
                  .rank = 2,
                  .shape = {COLUMNS, ROWS},
                  .step = {1, COLUMNS}};
    GString *p = pk_new();
    pk_tensor(p, &t);
    g_autoptr(GBytes) bytes = torch_fixture_legacy(p, storages);
    g_autoptr(GError) error = NULL;
    g_autoptr(WeightFile) file = fixture_open(bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpint(weight_file_info(file, 0)->dtype, ==, cases[i].want);
    fixture_numbers(file, 0, want, ROWS * COLUMNS);
  }
}

/* A parameter, a parameter with attributes, a tensor of a subclass. */
static void test_wrapped_tensors(void) {
  float x[4] = {1, 2, 3, 4};
  const PkStorage storages[] = {{"0", x, sizeof x, 4}, {0}};
  GString *p = pk_new();
  pk_raw(p, "](");
  pk_global(p, "torch._utils", "_rebuild_parameter");
  pk_raw(p, "(");
  pk_vector(p, "0", 4, 4);
  pk_raw(p, "\x88}tR");
  pk_global(p, "torch._utils", "_rebuild_parameter_with_state");
  pk_raw(p, "(");
  pk_vector(p, "0", 4, 3);
  pk_raw(p, "\x88}}tR");
  pk_global(p, "torch._tensor", "_rebuild_from_type_v2");
  pk_raw(p, "(");
  pk_global(p, "torch._utils", "_rebuild_tensor_v2");
  pk_global(p, "my.tensors", "Special");
  pk_raw(p, "(");
  pk_storage(p, "FloatStorage", "0", 4);
  pk_int(p, 2);
  pk_global(p, "torch", "Size");
  pk_raw(p, "(");
  pk_numbers(p, 1, &(int64_t){2});
  pk_raw(p, "tR");
  pk_numbers(p, 1, &(int64_t){1});
  pk_raw(p, "\x89}t}tR");
  pk_raw(p, "e");
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, 0);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  g_autofree char *names = fixture_names(file);
  g_assert_cmpstr(names, ==, "0[4] 1[3] 2[2]");
  fixture_numbers(file, 2, x + 2, 2);
  g_assert_cmpstr(g_hash_table_lookup(weight_file_metadata(file), "pickle.opaque"), ==, "my.tensors.Special");
}

static gpointer read_often(gpointer user) {
  WeightFile *file = user;
  for (int k = 0; k < 50; k++)
    for (size_t i = 0; i < weight_file_count(file); i++) {
      float got[N];
      if (!weight_file_read_f32(file, i, 0, N, got, NULL) || got[1] != 12) return file;
    }
  return NULL;
}

/* Twelve deflated storages, more than are kept at once, read by four threads. */
static void test_threads(void) {
  enum { STORAGES = 12, THREADS = 4 };
  static const char *const keys[STORAGES] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
  float x[N];
  count_up(x, N);
  PkStorage storages[STORAGES + 1] = {0};
  GString *p = pk_new();
  pk_raw(p, "](");
  for (int i = 0; i < STORAGES; i++) {
    storages[i] = (PkStorage){keys[i], x, sizeof x, N};
    PkTensor t = {.key = keys[i], .numbers = N, .rank = 2, .shape = {12, 10}, .step = {1, 12}};
    pk_tensor(p, &t);
  }
  pk_raw(p, "e");
  g_autoptr(GBytes) bytes = torch_fixture_zip(p, "a/", storages, ZIP_DEFLATE);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = fixture_open(bytes, &error);
  g_assert_no_error(error);
  GThread *threads[THREADS];
  for (int i = 0; i < THREADS; i++) threads[i] = g_thread_new("read", read_often, file);
  for (int i = 0; i < THREADS; i++) g_assert_null(g_thread_join(threads[i]));
}

/* A network that somebody saved in both formats, in two trainings: the same names and shapes. */
static void test_real(void) {
  const char *root = g_getenv("COPSE_REAL_DIR");
  if (!root) {
    g_test_skip("COPSE_REAL_DIR names no folder of real files");
    return;
  }
  g_autofree char *path = g_build_filename(root, "tracel-ai__burn/examples/import-model-weights/weights", NULL);
  g_autofree char *pt = g_build_filename(path, "mnist.pt", NULL);
  g_autofree char *st = g_build_filename(path, "mnist.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) a = weight_file_open(pt, &error), b = weight_file_open(st, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(weight_file_count(a), ==, weight_file_count(b));
  for (size_t i = 0; i < weight_file_count(a); i++) {
    const TensorInfo *t = weight_file_info(a, i);
    gssize k = weight_file_find(b, t->name);
    g_assert_cmpint(k, >=, 0);
    const TensorInfo *other = weight_file_info(b, (size_t)k);
    g_assert_cmpint(t->dtype, ==, other->dtype);
    g_assert_cmpmem(t->shape, sizeof t->shape, other->shape, sizeof other->shape);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/torch/containers", test_containers);
  g_test_add_func("/torch/wrapped", test_wrapped);
  for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
    g_autofree char *path = g_strdup_printf("/torch/view/%s", views[i].name);
    g_test_add_data_func(path, &views[i], test_view);
  }
  g_test_add_func("/torch/large-views", test_large_views);
  g_test_add_func("/torch/formats", test_formats);
  g_test_add_func("/torch/widths", test_widths);
  g_test_add_func("/torch/wrapped-tensors", test_wrapped_tensors);
  g_test_add_func("/torch/threads", test_threads);
  g_test_add_func("/torch/real", test_real);
  return g_test_run();
}
