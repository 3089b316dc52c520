/* SPDX-License-Identifier: Apache-2.0 */
/* Files of other libraries, written by these: the same four tensors from each. And what is missing, cut or hostile. */
#include <glib/gstdio.h>
#include <string.h>

#include "weights/formats/kernel_view.h"
#include "weights/weight_open.h"

static char *seed_path(const char *name) { return g_test_build_filename(G_TEST_DIST, "fuzz", "corpus", name, NULL); }

static WeightFile *open_seed(const char *name) {
  g_autofree char *path = seed_path(name);
  g_autoptr(GError) error = NULL;
  WeightFile *f = weight_file_open(path, &error);
  g_assert_no_error(error);
  return f;
}

static void assert_shape(const TensorInfo *t, Dtype dtype, uint64_t rows, uint64_t columns) {
  g_assert_cmpint(t->dtype, ==, dtype);
  g_assert_cmpint(t->rank, ==, columns ? 2 : 1);
  g_assert_cmpuint(t->shape[0], ==, rows);
  if (columns) g_assert_cmpuint(t->shape[1], ==, columns);
}

/* Keras and Flax keep kernels the other way round than they are given. */
static uint64_t stored_at(bool turned, uint64_t i, uint64_t rows, uint64_t columns) {
  return turned ? i % rows * columns + i / rows : i;
}

static bool is_turned(const WeightFile *f, const char *name) {
  static const char *const formats[] = {"hdf5", "keras", "msgpack"};
  for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
    if (strcmp(weight_file_format(f), formats[i]) == 0) return g_str_has_suffix(name, ".kernel");
  return false;
}

/* Tensor of that name, in the file of rows x columns: value i there is (i - zero) / step, or i * i. */
static void assert_tensor(WeightFile *f, const char *name, Dtype dtype, uint64_t rows, uint64_t columns, float zero,
                          float step) {
  gssize at = weight_file_find(f, name);
  if (at < 0) g_error("no tensor %s", name);
  float x[24];
  const TensorInfo *t = weight_file_info(f, (size_t)at);
  const bool turned = is_turned(f, name);
  assert_shape(t, dtype, turned ? columns : rows, turned ? rows : columns);
  g_assert_true(weight_file_read_f32(f, (size_t)at, 0, t->count, x, NULL));
  for (uint64_t i = 0; i < t->count; i++) {
    const uint64_t k = stored_at(turned, i, rows, columns);
    g_assert_cmpfloat(x[i], ==, step > 0 ? ((float)k - zero) / step : (float)(k * k));
  }
}

static void assert_all(WeightFile *f) {
  assert_tensor(f, "a.kernel", DTYPE_F32, 6, 4, 10, 8);
  assert_tensor(f, "a.bias", DTYPE_F32, 4, 0, 2, 2);
  assert_tensor(f, "b.kernel", DTYPE_F16, 4, 3, 3, 4);
  assert_tensor(f, "b.counter", DTYPE_I64, 5, 0, 0, 0);
}

typedef struct {
  const char *name, *format;
  size_t tensors;
} Good;

static const Good good[] = {{"hdf5/keras.h5", "hdf5", 4},
                            {"hdf5/latest.h5", "hdf5", 4},
                            {"hdf5/k3.keras", "keras", 4},
                            {"hdf5/many.h5", "hdf5", 44},
                            {"hdf5/chunked.h5", "hdf5", 4},
                            {"hdf5/chunk-tree.h5", "hdf5", 4},
                            {"hdf5/chunk-checked.h5", "hdf5", 4},
                            {"hdf5/chunk-plain.h5", "hdf5", 4},
                            {"hdf5/chunk-array.h5", "hdf5", 4},
                            {"hdf5/chunk-array-plain.h5", "hdf5", 4},
                            {"hdf5/chunk-single.h5", "hdf5", 4},
                            {"onnx/raw.onnx", "onnx", 4},
                            {"onnx/typed.onnx", "onnx", 4},
                            {"pickle/p0.pkl", "pickle", 4},
                            {"pickle/p2.pkl", "pickle", 4},
                            {"pickle/p4.pkl", "pickle", 4},
                            {"pickle/p5.pkl", "pickle", 4},
                            {"tar/old.pth", "torch-tar", 4},
                            {"msgpack/flax_model.msgpack", "msgpack", 4}};

static void test_good(gconstpointer data) {
  const Good *g = data;
  g_autoptr(WeightFile) f = open_seed(g->name);
  g_assert_cmpstr(weight_file_format(f), ==, g->format);
  g_assert_cmpuint(weight_file_count(f), ==, g->tensors);
  assert_all(f);
}

/* Column-major numbers and big-endian ones come as all others do. */
static void test_pickled_list(void) {
  g_autoptr(WeightFile) f = open_seed("pickle/list.pkl");
  g_assert_cmpuint(weight_file_count(f), ==, 2);
  assert_tensor(f, "0", DTYPE_F32, 6, 4, 10, 8);
  assert_tensor(f, "1", DTYPE_F32, 4, 0, 2, 2);
}

static void refuse_bytes(const char *bytes, size_t n, const char *label, const char *word) {
  g_autoptr(GBytes) all = g_bytes_new(bytes, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(all, label);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) f = weight_file_open_source(source, &error);
  if (f) g_error("%s opens", label);
  if (!strstr(error->message, word)) g_error("\"%s\" lacks \"%s\"", error->message, word);
}

static void refuse_seed(const char *name, const char *word) {
  g_autofree char *path = seed_path(name), *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  refuse_bytes(bytes, n, name, word);
}

/* A file that ends early says so, wherever it ends; none opens with fewer tensors. */
static void test_cut(void) {
  static const char *const names[] = {"hdf5/keras.h5", "onnx/raw.onnx", "msgpack/flax_model.msgpack", "tar/old.pth",
                                      "pickle/p4.pkl"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = seed_path(names[i]), *bytes = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    const gsize whole = g_str_has_prefix(names[i], "tar/") ? 8000 : n; /* a tar ends with zeroes */
    for (gsize left = 32; left < whole; left += 1 + whole / 50) {
      g_autoptr(GBytes) part = g_bytes_new(bytes, left);
      g_autoptr(ByteSource) source = byte_source_from_bytes(part, names[i]);
      g_autoptr(GError) error = NULL;
      g_autoptr(WeightFile) f = weight_file_open_source(source, &error);
      if (f && weight_file_count(f) != 4) g_error("%s opens with %d bytes", names[i], (int)left);
      g_assert_true(f || error);
    }
  }
}

/* Other filters, other indices and chunks that nobody wrote are said to be unread; what lies beside them is read. */
static void test_unread_chunks(void) {
  refuse_seed("hdf5/chunk-lzf.h5", "stored in a way that is not read");
  refuse_seed("hdf5/chunk-growing.h5", "stored in a way that is not read");
  g_autoptr(WeightFile) f = open_seed("hdf5/chunk-missing.h5");
  g_assert_cmpuint(weight_file_count(f), ==, 1);
  const char *left = g_hash_table_lookup(weight_file_metadata(f), "hdf5.skipped");
  g_assert_nonnull(left);
  g_assert_nonnull(strstr(left, "1 data sets"));
}

/* A byte of a deflated chunk changed: the header opens, the numbers are refused by name. */
static void test_damaged_chunk(void) {
  g_autofree char *path = seed_path("hdf5/chunk-single.h5"), *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  unsigned refused = 0;
  for (gsize at = 0; at < n; at += 3) {
    bytes[at] ^= 0x55;
    g_autoptr(GBytes) part = g_bytes_new(bytes, n);
    g_autoptr(ByteSource) source = byte_source_from_bytes(part, "x.h5");
    g_autoptr(WeightFile) f = weight_file_open_source(source, NULL);
    for (size_t i = 0; f && i < weight_file_count(f); i++) {
      g_autofree float *x = g_new(float, weight_file_info(f, i)->count + 1);
      g_autoptr(GError) error = NULL;
      bool ok = dtype_is_readable(weight_file_info(f, i)->dtype) && weight_file_info(f, i)->count < 10000 &&
                !weight_file_read_f32(f, i, 0, weight_file_info(f, i)->count, x, &error);
      refused += ok;
      g_assert_true(!ok || error);
    }
    bytes[at] ^= 0x55;
  }
  g_assert_cmpuint(refused, >, 0);
}

/* One byte of a chunked file changed: what is wrong is named where it is, in the header or once the numbers are read. */
static void assert_names_damage(const char *name, gsize at, unsigned char value, const char *word) {
  g_autofree char *path = seed_path(name), *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  bytes[at] = (char)value;
  g_autoptr(GBytes) part = g_bytes_new(bytes, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(part, "x.h5");
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) f = weight_file_open_source(source, &error);
  float x[64];
  for (size_t i = 0; f && !error && i < weight_file_count(f); i++) {
    const TensorInfo *t = weight_file_info(f, i);
    if (t->count <= G_N_ELEMENTS(x) && dtype_is_readable(t->dtype)) weight_file_read_f32(f, i, 0, t->count, x, &error);
  }
  if (!error || !strstr(error->message, word) || !strstr(error->message, "damaged? fetch or save it again"))
    g_error("%s, byte %d: %s in place of: %s", name, (int)at, error ? error->message : "no error", word);
}

static void test_damage_named(void) {
  static const struct {
    const char *name;
    gsize at;
    unsigned char value;
    const char *word;
  } damages[] = {
      {"hdf5/chunk-single.h5", 714, 12, "the chunk at 2048 has other bytes than its data set asks for"},
      {"hdf5/chunk-single.h5", 737, 4, "chunks with an unknown index"},
      {"hdf5/chunk-single.h5", 738, 0, "chunks whose size is not told"},
      {"hdf5/chunk-single.h5", 1550, 2, "the chunk at 2129 is larger than it may be"},
      {"hdf5/chunk-array.h5", 652, 3, "an array of more chunks than the data set has"},
      {"hdf5/chunk-array.h5", 910, 1, "an array of unknown entries"},
      {"hdf5/chunk-checked.h5", 3928, 1, "a chunk outside its data set"},
      {"hdf5/chunk-checked.h5", 4502, 5, "a chunk that has no place"},
      {"hdf5/chunk-checked.h5", 4520, 3, "the chunk at 7112 is shorter than its checksum"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(damages); i++)
    assert_names_damage(damages[i].name, damages[i].at, damages[i].value, damages[i].word);
}

static void test_refused(void) {
  refuse_seed("pickle/none.pkl", "no tensors are read from it");
  refuse_bytes("\x89HDF\r\n\x1a\n\x09", 9, "a.h5", "a version of HDF5 that is not known");
  refuse_bytes("\x81\xa1x\x01", 4, "short.msgpack", "not a weight file of a known format");
  refuse_bytes("\x81\xa5hello\xa5world", 13, "words.msgpack", "msgpack without arrays of Flax: no weights");
  refuse_bytes("\x81\xa5hello\xc7\xff\x01", 10, "cut.msgpack", "the file ends too early: a download cut short");
  refuse_bytes("\x08\x07\x12\x01x\x3a\x02\x12\x00", 9, "none.onnx", "without initialisers");
  refuse_bytes("\x08\x07\x12\x01x\x3a\x7f", 7, "cut.onnx", "the file ends too early: a download cut short");
}

/* Maps within maps, beyond any network's. */
static void test_deep(void) {
  GString *s = g_string_new(NULL);
  for (int i = 0; i < 1000; i++) g_string_append_len(s, "\x81\xa1k", 3);
  g_string_append_c(s, 1);
  refuse_bytes(s->str, s->len, "deep.msgpack", "maps that are nested too deeply");
  g_string_free(s, TRUE);
}

/* --- numbers beside an ONNX graph ------------------------------------------------------------- */

static char *put(const char *folder, const char *name, const char *bytes, gsize n) {
  char *path = g_build_filename(folder, name, NULL);
  g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
  return path;
}

static void test_external(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL), *seed = seed_path("onnx/external.onnx");
  g_autofree char *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(seed, &bytes, &n, NULL));
  g_autofree char *path = put(folder, "model.onnx", bytes, n);
  g_autoptr(GError) error = NULL;
  g_assert_null(weight_file_open(path, &error));
  g_assert_nonnull(strstr(error->message, "model.onnx_data, which is missing"));
  g_clear_error(&error);
  char numbers[176] = {0};
  for (int i = 0; i < 24; i++) memcpy(numbers + 4 * i, &(float){((float)i - 10) / 8}, 4);
  g_autofree char *data = put(folder, "model.onnx_data", numbers, 40);
  g_assert_null(weight_file_open(path, &error));
  g_assert_nonnull(strstr(error->message, "model.onnx_data is too short: a download cut short? 40 of at least"));
  g_assert_true(g_file_set_contents(data, numbers, sizeof numbers, NULL));
  g_autoptr(WeightFile) f = weight_file_open(path, NULL);
  g_assert_nonnull(f);
  assert_tensor(f, "a.kernel", DTYPE_F32, 6, 4, 10, 8);
  g_unlink(path);
  g_unlink(data);
  g_rmdir(folder);
}

/* A convolution's (height, width, in, out) is (out, in, height, width); what each channel has of its own stays. */
static void test_kernels(void) {
  Strided view = {.rank = 4, .shape = {3, 5, 7, 11}}, before;
  strided_set_steps(&view, false);
  before = view;
  kernel_view_turn("block.depthwise_kernel", &view);
  g_assert_cmpmem(&view, sizeof view, &before, sizeof before);
  kernel_view_turn("block.conv.kernel", &view);
  static const int from[4] = {3, 2, 0, 1};
  for (int i = 0; i < 4; i++) {
    g_assert_cmpuint(view.shape[i], ==, before.shape[from[i]]);
    g_assert_cmpuint(view.step[i], ==, before.step[from[i]]);
  }
}

/* By their first bytes alone. */
static void test_marks(void) {
  static const char *const marked[] = {"hdf5/keras.h5", "tar/old.pth", "hdf5/k3.keras"};
  static const char *const silent[] = {"onnx/raw.onnx", "pickle/p2.pkl"};
  for (size_t i = 0; i < G_N_ELEMENTS(marked) + G_N_ELEMENTS(silent); i++) {
    const bool mark = i < G_N_ELEMENTS(marked);
    g_autofree char *path = seed_path(mark ? marked[i] : silent[i - G_N_ELEMENTS(marked)]), *bytes = NULL;
    gsize n;
    g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
    g_assert_true(weight_file_is_marked((unsigned char *)bytes, MIN(n, 512)) == mark);
  }
  g_assert_false(weight_file_is_marked((const unsigned char *)"Apache License, Version 2.0, January 2004", 40));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
    g_autofree char *path = g_strconcat("/containers/", good[i].name, NULL);
    g_test_add_data_func(path, &good[i], test_good);
  }
  g_test_add_func("/containers/pickled-list", test_pickled_list);
  g_test_add_func("/containers/cut", test_cut);
  g_test_add_func("/containers/refused", test_refused);
  g_test_add_func("/containers/unread-chunks", test_unread_chunks);
  g_test_add_func("/containers/damaged-chunk", test_damaged_chunk);
  g_test_add_func("/containers/damage-named", test_damage_named);
  g_test_add_func("/containers/deep", test_deep);
  g_test_add_func("/containers/external", test_external);
  g_test_add_func("/containers/kernels", test_kernels);
  g_test_add_func("/containers/marks", test_marks);
  return g_test_run();
}
