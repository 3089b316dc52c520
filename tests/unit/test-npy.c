/* SPDX-License-Identifier: Apache-2.0 */
/* numpy's arrays: every number format in both byte orders, both orders of dimensions, the header's
 * spellings over the years, and archives of arrays. */
#include <string.h>

#include "core/error.h"
#include "weights/weight_file.h"
#include "weights/weight_open.h"
#include "zip_fixture.h"

static GBytes *npy(unsigned version, const char *header, const void *data, size_t n) {
  GByteArray *a = g_byte_array_new();
  guint8 head[12] = {0x93, 'N', 'U', 'M', 'P', 'Y', (guint8)version, 0};
  size_t length = strlen(header);
  for (int i = 0; i < 4; i++) head[8 + i] = (guint8)(length >> 8 * i);
  g_byte_array_append(a, head, version == 1 ? 10 : 12);
  g_byte_array_append(a, (const guint8 *)header, (guint)length);
  g_byte_array_append(a, data, (guint)n);
  return g_byte_array_free_to_bytes(a);
}

static WeightFile *open_bytes(GBytes *bytes, GError **error) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "test.npy");
  return weight_file_open_source(source, error);
}

static void assert_refused(GBytes *bytes, const char *complaint) {
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = open_bytes(bytes, &error);
  if (file) g_error("opened, instead of: %s", complaint);
  if (!strstr(error->message, complaint)) g_error("%s", error->message);
  g_assert_true(g_str_has_prefix(error->message, "test.npy"));
}

/* A header and what its 24 bytes of data, 6 floats, are read as. */
typedef struct {
  const char *name;
  unsigned version;
  const char *header;
  const char *complaint; /* NULL: it must open */
  int rank;
  uint64_t shape[3];
  float want[6];
} Header;

#define D(order, shape) "{'descr': '<f4', 'fortran_order': " order ", 'shape': " shape ", }"

static const Header headers[] = {
    {"c", 1, D("False", "(2, 3)") "   \n", NULL, 2, {2, 3}, {0, 1, 2, 3, 4, 5}},
    {"fortran", 1, D("True", "(2, 3)"), NULL, 2, {2, 3}, {0, 2, 4, 1, 3, 5}},
    {"fortran-3", 1, D("True", "(1, 3, 2)"), NULL, 3, {1, 3, 2}, {0, 3, 1, 4, 2, 5}},
    {"version-2", 2, D("False", "(6,)"), NULL, 1, {6}, {0, 1, 2, 3, 4, 5}},
    {"version-3", 3, D("False", "(3,2)"), NULL, 2, {3, 2}, {0, 1, 2, 3, 4, 5}},
    {"scalar", 1, D("False", "()"), NULL, 0, {0}, {0}},
    {"empty", 1, D("False", "(0, 7)"), NULL, 2, {0, 7}, {0}},
    {"python-2", 1, D("False", "(2L, 3L)"), NULL, 2, {2, 3}, {0, 1, 2, 3, 4, 5}},
    {"other-order", 1, "{\"shape\":(6,),\"fortran_order\":False,\"descr\":\"<f4\"}", NULL, 1, {6}, {0, 1, 2, 3, 4, 5}},
    {"less", 1, D("False", "(2,)"), NULL, 1, {2}, {0, 1}},

    {"more", 1, D("False", "(7,)"), "beyond its storage", 0, {0}, {0}},
    {"product-wraps", 1, D("False", "(4294967296, 4294967296)"), "overflows", 0, {0}, {0}},
    {"fortran-wraps", 1, D("True", "(4294967296, 4294967296, 4294967296)"), "overflows", 0, {0}, {0}},
    {"size-wraps", 1, D("False", "(18446744073709551616,)"), "beyond 64 bits", 0, {0}, {0}},
    {"minus", 1, D("False", "(-1,)"), "whole number", 0, {0}, {0}},
    {"fraction", 1, D("False", "(1.5,)"), "no tuple", 0, {0}, {0}},
    {"no-tuple", 1, D("False", "(6)"), "no tuple", 0, {0}, {0}},
    {"list", 1, D("False", "[6]"), "no tuple", 0, {0}, {0}},
    {"nine", 1, D("False", "(1,1,1,1,1,1,1,1,1)"), "more than 8", 0, {0}, {0}},
    {"no-truth", 1, D("1", "(6,)"), "neither True nor False", 0, {0}, {0}},
    {"twice", 1, "{'shape': (6,), 'shape': (6,)}", "appears twice", 0, {0}, {0}},
    {"other-key", 1, "{'shape': (6,), 'x': 1}", "unknown", 0, {0}, {0}},
    {"missing", 1, "{'shape': (6,), 'descr': '<f4'}", "missing", 0, {0}, {0}},
    {"call", 1, "__import__('os').system('id')", "no dictionary", 0, {0}, {0}},
    {"tail", 1, D("False", "(6,)") "x", "text after", 0, {0}, {0}},
    {"open", 1, "{'descr': '<f4', ", "no dictionary", 0, {0}, {0}},
    {"open-text", 1, "{'descr", "no dictionary", 0, {0}, {0}},
    {"nothing", 1, "", "no dictionary", 0, {0}, {0}},
    {"objects", 1, "{'descr': '|O', 'fortran_order': False, 'shape': (6,), }", "unpickled", 0, {0}, {0}},
    {"text", 1, "{'descr': '<U5', 'fortran_order': False, 'shape': (1,), }", "<U5 are not read", 0, {0}, {0}},
    {"records", 1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,), }", "records", 0, {0}, {0}},
    {"native", 1, "{'descr': '=f4', 'fortran_order': False, 'shape': (6,), }", "not read", 0, {0}, {0}},
    {"no-type", 1, "{'descr': '', 'fortran_order': False, 'shape': (6,), }", "not read", 0, {0}, {0}},
    {"wide", 1, "{'descr': '<f16', 'fortran_order': False, 'shape': (1,), }", "<f16 are", 0, {0}, {0}},
    {"escape",
     1,
     "{'descr': '\033[2J', 'fortran_order': False, 'shape': (1,), }",
     "\357\277\275[2J are not",
     0,
     {0},
     {0}},
    {"version-4", 4, D("False", "(6,)"), "version 4.0", 0, {0}, {0}},
};

static void test_header(const void *user) {
  const Header *h = user;
  static const float data[6] = {0, 1, 2, 3, 4, 5};
  g_autoptr(GBytes) bytes = npy(h->version, h->header, data, sizeof data);
  fixture_keep(bytes, "npy", h->name);
  if (h->complaint) {
    assert_refused(bytes, h->complaint);
    return;
  }
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = open_bytes(bytes, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(weight_file_format(file), ==, "npy");
  const TensorInfo *t = weight_file_info(file, 0);
  g_assert_cmpstr(t->name, ==, "array");
  g_assert_cmpint(t->rank, ==, h->rank);
  g_assert_cmpmem(t->shape, sizeof h->shape, h->shape, sizeof h->shape);
  float got[6];
  g_assert_true(weight_file_read_f32(file, 0, 0, t->count, got, &error));
  g_assert_cmpmem(got, t->count * 4, h->want, t->count * 4);
  for (size_t i = 0; i < t->count; i++) { /* one by one */
    g_assert_true(weight_file_read_f32(file, 0, i, 1, got, &error));
    g_assert_true(got[0] == h->want[i]);
  }
}

/* 1, 2, 3 in every format, little-endian, and the same reversed byte by byte. */
static void test_formats(void) {
  static const struct {
    const char *kind;
    Dtype dtype;
    unsigned width;
    guint8 bytes[24];
  } formats[] = {
      {"f2", DTYPE_F16, 2, {0, 0x3c, 0, 0x40, 0, 0x42}},
      {"f4", DTYPE_F32, 4, {0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40}},
      {"f8", DTYPE_F64, 8, {[6] = 0xf0, [7] = 0x3f, [15] = 0x40, [22] = 8, [23] = 0x40}},
      {"i2", DTYPE_I16, 2, {1, 0, 2, 0, 3, 0}},
      {"i4", DTYPE_I32, 4, {[0] = 1, [4] = 2, [8] = 3}},
      {"i8", DTYPE_I64, 8, {[0] = 1, [8] = 2, [16] = 3}},
      {"u2", DTYPE_U16, 2, {1, 0, 2, 0, 3, 0}},
      {"u4", DTYPE_U32, 4, {[0] = 1, [4] = 2, [8] = 3}},
      {"u8", DTYPE_U64, 8, {[0] = 1, [8] = 2, [16] = 3}},
      {"i1", DTYPE_I8, 1, {1, 2, 3}},
      {"u1", DTYPE_U8, 1, {1, 2, 3}},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(formats); i++)
    for (int big = 0; big < 2; big++) {
      unsigned w = formats[i].width;
      guint8 data[24];
      for (unsigned k = 0; k < 3 * w; k++) data[k] = formats[i].bytes[big ? k / w * w + (w - 1 - k % w) : k];
      g_autofree char *header = g_strdup_printf("{'descr': '%c%s', 'fortran_order': False, 'shape': (3,), }",
                                                w == 1 ? '|'
                                                : big  ? '>'
                                                       : '<',
                                                formats[i].kind);
      g_autoptr(GBytes) bytes = npy(1, header, data, 3 * w);
      g_autoptr(GError) error = NULL;
      g_autoptr(WeightFile) file = open_bytes(bytes, &error);
      g_assert_no_error(error);
      g_assert_cmpint(weight_file_info(file, 0)->dtype, ==, formats[i].dtype);
      float got[3];
      g_assert_true(weight_file_read_f32(file, 0, 0, 3, got, &error));
      g_assert_true(got[0] == 1 && got[1] == 2 && got[2] == 3);
      guint8 raw[24], part[24];
      g_assert_true(weight_file_read_raw(file, 0, 0, 3 * w, raw, &error));
      g_assert_cmpmem(raw, 3 * w, formats[i].bytes, 3 * w);
      g_assert_true(weight_file_read_raw(file, 0, 1, 3 * w - 2, part, &error));
      g_assert_cmpmem(part, 3 * w - 2, raw + 1, 3 * w - 2);
      if (big) fixture_keep(bytes, "npy", formats[i].kind);
    }
}

static void test_lengths(void) {
  static const float data[6] = {0, 1, 2, 3, 4, 5};
  g_autoptr(GBytes) good = npy(1, D("False", "(6,)"), data, sizeof data);
  for (size_t n = 6; n < g_bytes_get_size(good); n++) {
    g_autoptr(GBytes) cut = fixture_cut(good, n);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_bytes(cut, &error));
    g_assert_nonnull(error);
  }
  g_autoptr(GBytes) beyond = fixture_patch(good, 8, "\xff\xff", 2);
  assert_refused(beyond, "the npy header reaches beyond the end: a download cut short");
  g_autoptr(GBytes) wide = npy(2, D("False", "(6,)"), data, sizeof data);
  g_autoptr(GBytes) huge = fixture_patch(wide, 8, "\xff\xff\xff\xff", 4);
  assert_refused(huge, "the npy header is longer than 64 KiB");
}

/* --- archives ------------------------------------------------------------------------------ */

static void add_array(ZipFixture *z, const char *name, GBytes *array, unsigned manner) {
  g_autoptr(GBytes) bytes = array;
  gsize n;
  const void *p = g_bytes_get_data(bytes, &n);
  zip_fixture_add(z, name, p, n, manner);
}

static void test_archive(void) {
  static const float data[6] = {0, 1, 2, 3, 4, 5};
  for (unsigned manner = 0; manner < 2; manner++) {
    ZipFixture z;
    zip_fixture_begin(&z);
    add_array(&z, "w2.npy", npy(1, D("True", "(2, 3)"), data, sizeof data), ZIP_WIDE | manner);
    add_array(&z, "a/b.npy", npy(1, D("False", "(6,)"), data, sizeof data), ZIP_WIDE | manner);
    add_array(&z, "who\033.npy", npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (), }", "x", 1), manner);
    zip_fixture_add(&z, "notes.txt", "hello", 5, manner);
    g_autoptr(GBytes) bytes = zip_fixture_end(&z, false);
    fixture_keep(bytes, "npy", manner ? "npz-deflated" : "npz");
    g_autoptr(GError) error = NULL;
    g_autoptr(WeightFile) file = open_bytes(bytes, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(weight_file_format(file), ==, "npz");
    g_assert_cmpuint(weight_file_count(file), ==, 2);
    g_assert_cmpint(weight_file_find(file, "w2"), ==, 0);
    g_assert_cmpint(weight_file_find(file, "a/b"), ==, 1);
    g_assert_true((weight_file_info(file, 1)->offset == UINT64_MAX) == (manner == ZIP_DEFLATE));
    float got[6];
    g_assert_true(weight_file_read_f32(file, 0, 0, 6, got, &error));
    g_assert_cmpmem(got, sizeof got, ((float[]){0, 2, 4, 1, 3, 5}), sizeof got);
    g_assert_true(weight_file_read_f32(file, 1, 2, 3, got, &error));
    g_assert_cmpmem(got, 12, data + 2, 12);
    g_assert_cmpstr(g_hash_table_lookup(weight_file_metadata(file), "npz.skipped"), ==,
                    "who\357\277\275.npy, notes.txt");
  }
}

static void test_archive_refused(void) {
  static const float data[6] = {0, 1, 2, 3, 4, 5};
  ZipFixture z;
  zip_fixture_begin(&z);
  add_array(&z, "x.npy", npy(1, "{'descr': '|O', 'fortran_order': False, 'shape': (), }", "x", 1), 0);
  g_autoptr(GBytes) objects = zip_fixture_end(&z, false);
  assert_refused(objects, "no arrays that are read (x.npy)");

  zip_fixture_begin(&z);
  add_array(&z, "timesteps.npy", npy(1, D("False", "(6,)"), data, sizeof data), 0);
  add_array(&z, "results.npy", npy(1, D("False", "(6,)"), data, sizeof data), 0);
  g_autoptr(GBytes) log = zip_fixture_end(&z, false);
  assert_refused(log, "the log of an agent's evaluation, no model");

  zip_fixture_begin(&z);
  add_array(&z, "x.npy", npy(1, D("False", "(7,)"), data, sizeof data), 0);
  g_autoptr(GBytes) shorter = zip_fixture_end(&z, false);
  assert_refused(shorter, "tensor x reaches beyond");
  fixture_keep(shorter, "npy", "npz-short");

  zip_fixture_begin(&z);
  zip_fixture_add(&z, "x.npy", "hello hello hello", 17, ZIP_DEFLATE);
  g_autoptr(GBytes) other = zip_fixture_end(&z, false);
  assert_refused(other, "x.npy: no npy file");

  zip_fixture_begin(&z);
  zip_fixture_add(&z, "readme.txt", "hello", 5, 0);
  g_autoptr(GBytes) none = zip_fixture_end(&z, false);
  assert_refused(none, "no weight file");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
    g_autofree char *path = g_strdup_printf("/npy/header/%s", headers[i].name);
    g_test_add_data_func(path, &headers[i], test_header);
  }
  g_test_add_func("/npy/formats", test_formats);
  g_test_add_func("/npy/lengths", test_lengths);
  g_test_add_func("/npy/archive", test_archive);
  g_test_add_func("/npy/archive-refused", test_archive_refused);
  return g_test_run();
}
