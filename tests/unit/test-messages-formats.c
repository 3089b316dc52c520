/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of weight files that are not read: the words, the file, and the tensor or the byte. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core/files.h"
#include "tests/unit/raw_tensors.h"
#include "weights/weight_open.h"

/* Bytes that may hold NUL, with their number. */
#define BYTES(s) s, sizeof(s) - 1

typedef struct {
  const char *label, *bytes;
  size_t n;
  const char *words;
} Bad;

static void refused(const char *label, GBytes *bytes, const char *words) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, label);
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) f = weight_file_open_source(source, &error);
  if (f) g_error("%s opens, instead of: %s", label, words);
  if (!strstr(error->message, words)) g_error("\"%s\" lacks \"%s\"", error->message, words);
  if (!g_str_has_prefix(error->message, label)) g_error("\"%s\" lacks the file", error->message);
}

/* What each format's file begins with. */
static const struct {
  const char *label, *bytes;
  size_t n;
} heads[] = {{"a.safetensors", BYTES("")},
             {"a.onnx", BYTES("\x08\x07\x12\x01x")},
             {"a.msgpack", BYTES("\x82\xa5"
                                 "first\x01")},
             {"a.gguf", BYTES("GGUF\3\0\0\0")},
             {"a.npy", BYTES("\x93NUMPY\1\0")}};

static GBytes *with_head(const Bad *b) {
  GByteArray *all = g_byte_array_new();
  const guint64 header = b->n;
  const guint16 text = (guint16)b->n;
  for (size_t i = 0; i < G_N_ELEMENTS(heads); i++)
    if (strcmp(heads[i].label, b->label) == 0)
      g_byte_array_append(all, (const guint8 *)heads[i].bytes, (guint)heads[i].n);
  if (strcmp(b->label, "a.safetensors") == 0) g_byte_array_append(all, (const guint8 *)&header, 8);
  if (strcmp(b->label, "a.npy") == 0) g_byte_array_append(all, (const guint8 *)&text, 2);
  g_byte_array_append(all, (const guint8 *)b->bytes, (guint)b->n);
  return g_byte_array_free_to_bytes(all);
}

#define ST "a.safetensors"
#define GRAPH(n) "\x3a" n "\x2a" /* a graph's initialiser */
#define LONG "\xff\xff\xff\xff\xff\xff\xff\xff\xff"

static const Bad bad[] = {
    {ST, BYTES("{\"a\":{\"shape\":[1],\"shape\":[1]}}"),
     "safetensors header at byte 34: shape is given twice: damaged?"},
    {ST, BYTES("{\"a\":{\"data_offsets\":[0,4],\"data_offsets\":[0,4]}}"), "data_offsets is given twice"},
    {ST, BYTES("{\"a\":{\"data_offsets\":[0,4,8]}}"), "data_offsets has more than two numbers"},
    {ST, BYTES("{\"a\":{\"data_offsets\":[0]}}"), "data_offsets needs two numbers"},
    {ST, BYTES("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}"), "dtype is given twice"},
    {ST, BYTES("{\"a\":{}}"), "a tensor without dtype: damaged? fetch or save it again"},
    {ST, BYTES("{\"a\":{\"dtype\":\"F32\"}}"), "a tensor without shape"},
    {ST, BYTES("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}"), "a tensor without data_offsets"},
    {ST, BYTES("{\"a\":{\"dtype\":\"Q9\",\"shape\":[1],\"data_offsets\":[0,4]}}"),
     "tensor a has unknown dtype Q9, which is not read: save it in a plain one"},
    {ST, BYTES("{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}"), "a metadata key appears twice"},
    {ST, BYTES("{\"\\u12x4\":1}"), "a \\u escape needs four hex digits"},
    {ST, BYTES("{\"\\ud83d\":1}"), "half a surrogate pair"},
    {ST, BYTES("{\"\\u0000\":1}"), "a NUL inside a string"},
    {ST, BYTES("{\"abc"), "a string without an end"},
    {ST, BYTES("{\"\\x\":1}"), "an unknown escape in a string"},
    {ST, BYTES("{\"\xff\":1}"), "a string that is not UTF-8"},
    {ST, BYTES("{\"\n\":1}"), "a raw control character inside a string"},
    {ST, BYTES("{\"a\":{\"shape\":[01]}}"), "a number with a leading zero"},
    {ST, BYTES("{\"a\":{\"shape\":[18446744073709551616]}}"), "a number above 64 bits"},
    {ST, BYTES("{\"a\":{\"x\":!}}"), "a value is expected"},
    {ST, BYTES("{\"a\":{\"x\":yes}}"), "an unknown word"},

    {"a.npy", BYTES("{'descr': 5}"), "npy header: descr is no text: damaged? fetch or save it again"},
    {"a.npy", BYTES("{'descr': '<f4'}"), "descr, fortran_order or shape is missing"},
    {"a.npy", BYTES("{'shape': (99999999999999999999,)}"), "a size is beyond 64 bits"},
    {"a.npy", BYTES("{'shape': 5}"), "the shape is no tuple"},
    {"a.npy", BYTES("{'shape': (1,), 'shape': (1,)}"), "a key that is unknown or appears twice"},
    {"a.npy", BYTES("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}x"), "text after the dictionary"},
    {"a.npy", BYTES("{'descr': [('a', '<f4')]}"),
     "an array of records, which is not read: save its fields as arrays of numbers"},
    {"a.npy", BYTES("{'descr': '|O', 'fortran_order': False, 'shape': (0,)}"),
     "an array of objects, which would have to be unpickled: save arrays of numbers instead"},
    {"a.npy", BYTES("{'descr': '<U5', 'fortran_order': False, 'shape': (0,)}"),
     "numbers of type <U5 are not read: save it as float32"},
    {"short.npy", BYTES("\x93NUMPY\1\0"), "too short for an npy header: damaged? fetch or save it again"},
    {"new.npy", BYTES("\x93NUMPY\4\0\0\0\0\0"), "npy version 4.0 is not known: save it again with an older numpy"},

    {"a.gguf", BYTES("\0\0\0\0\0\0\0\0\x63\0\0\0\0\0\0\0"),
     "GGUF header at byte 24: 99 metadata keys do not fit into the 0 bytes that are left: damaged?"},
    {"a.gguf", BYTES("\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0"),
     "a string of 1099511627776 bytes, above the limit of 65535"},
    {"a.gguf",
     BYTES("\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0w\1\0\0\0\41\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0"),
     "tensor w has rows of 33 numbers, which are no whole blocks of Q4_0"},

    {"a.onnx", BYTES(LONG "\xff\xff"), "a number of more than 64 bits: damaged? fetch or save it again"},
    {"a.onnx", BYTES("\0"), "a field without a number"},
    {"a.onnx", BYTES("\x0b"), "a field of an unknown kind"},
    {"a.onnx", BYTES(GRAPH("\4") "\2\x40\1"), "a name that is no text, or beyond measure"},
    {"a.onnx", BYTES(GRAPH("\7") "\5\x0d\0\0\0\0"), "a size that is no whole number"},
    {"a.onnx", BYTES(GRAPH("\15") "\13\x0a\x09\1\1\1\1\1\1\1\1\1"), "a tensor of more than 8 dimensions"},
    {"a.onnx", BYTES(GRAPH("\17") "\15\x10\1\x08" LONG "\1"), "a tensor with a size below 0"},
    {"a.onnx", BYTES(GRAPH("\12") "\10\x10\6\x08\1\x2a\2\1\2"), "a tensor with more numbers than its shape has"},
    {"a.onnx", BYTES(GRAPH("\12") "\10\x10\6\x08\3\x2a\2\1\2"), "a tensor with fewer numbers than its shape has"},
    {"a.onnx", BYTES(GRAPH("\16") "\14\x10\6\x08\x80\x80\x80\x80\1\x2a\2\1\2"),
     "too many numbers that are stored one by one"},
    {"a.onnx", BYTES(GRAPH("\10") "\6\x10\1\x08\1\x70\1"), "a tensor that lies in a file without a name"},
    {"a.onnx", BYTES(GRAPH("\14") "\12\x10\1\x08\2\x4a\4\0\0\0\0"), "a tensor whose numbers do not fill its shape"},

    {"a.msgpack", BYTES("\xa1w\xc1"), "a byte that begins no value: damaged? fetch or save it again"},
    {"a.msgpack", BYTES("\x91\1\1"), "a key that is no short text"},
    {"a.msgpack", BYTES("\xa1w\xc7\2\1\x92\1"), "an array of another form"},
    {"a.msgpack", BYTES("\xa1w\xc7\2\1\x93\1"), "an array without a shape of at most 8 sizes"},
    {"a.msgpack", BYTES("\xa1w\xc7\4\1\x93\x91\xa1x"), "a size that is no whole number"},
    {"a.msgpack", BYTES("\xa1w\xc7\5\1\x93\x91\1\xa1x"), "an array of an unknown number format: save it as float32"},
    {"a.msgpack",
     BYTES("\xa1w\xc7\xc\1\x93\x91\1\xa7"
           "float32\1"),
     "an array whose numbers are no bytes"},
    {"a.msgpack",
     BYTES("\xa1w\xc7\x12\1\x93\x91\1\xa7"
           "float32\xc4\4\0\0\0\0\0"),
     "an array that is not as long as it says"},
    {"a.msgpack", BYTES("\xb9__msgpack_chunked_array__\1"),
     "an array above 1 GiB, which is stored in chunks that are not read: save it as safetensors"},
    {"a.msgpack", BYTES("\xa1w\1\1"), "bytes after the last value"},
};

static void test_bad(const void *user) {
  const Bad *b = user;
  g_autoptr(GBytes) bytes = with_head(b);
  refused(b->label, bytes, b->words);
}

/* --- what takes many bytes to say ------------------------------------------------------------- */

/* A safetensors header that begins with `before` and goes on with n letters. */
static void long_header(const char *before, size_t n, const char *words) {
  g_autofree char *letters = g_strnfill(n, 'a');
  g_autofree char *header = g_strconcat(before, letters, "\"}}", NULL);
  const Bad b = {ST, header, strlen(header), words};
  test_bad(&b);
}

static void test_long(void) {
  long_header("{\"__metadata__\":{\"k\":\"", 17u << 20, "a string that is beyond measure");
  g_autoptr(GString) two = g_string_new("{\"__metadata__\":{\"k\":\"");
  for (size_t i = 0; i < 15u << 20; i++) g_string_append_c(two, 'a');
  g_string_append_printf(two, "\",\"m\":\"%s\",\"l\":\"", two->str + 22);
  long_header(two->str, 15u << 20, "more than 32 MiB of metadata, which no weights need");

  g_autoptr(GString) deep = g_string_new(NULL);
  g_autofree char *key = g_strnfill(255, 'k');
  for (int i = 0; i < 9; i++) g_string_append_printf(deep, "\x81\xd9\xff%s", key);
  g_string_append_c(deep, 1);
  g_autoptr(GBytes) bytes = g_bytes_new(deep->str, deep->len);
  refused("names.msgpack", bytes, "a name beyond measure");
}

static void test_gguf_text(void) {
  GByteArray *all = g_byte_array_new();
  const guint64 keys = 40, one = 1, n = 1u << 20;
  const guint32 text = 8;
  g_byte_array_append(all, (const guint8 *)"GGUF\3\0\0\0\0\0\0\0\0\0\0", 16);
  g_byte_array_append(all, (const guint8 *)&keys, 8);
  g_autofree char *letters = g_strnfill(n, 'a');
  for (guint8 k = 0; k < keys; k++) {
    const guint8 key = (guint8)('0' + k);
    g_byte_array_append(all, (const guint8 *)&one, 8);
    g_byte_array_append(all, &key, 1);
    g_byte_array_append(all, (const guint8 *)&text, 4);
    g_byte_array_append(all, (const guint8 *)&n, 8);
    g_byte_array_append(all, (const guint8 *)letters, (guint)n);
  }
  g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(all);
  refused("a.gguf", bytes, "more than 32 MiB of metadata text");
}

/* --- HDF5 ------------------------------------------------------------------------------------- */

/* A superblock of version 2 and, at byte 48, the root's header of version 2 with these messages (and what else lies
 * behind them). */
static GBytes *hdf5_of(const char *messages, size_t n, size_t said) {
  GByteArray *all = g_byte_array_new();
  const guint64 root = 48, none = G_MAXUINT64, base = 0;
  const guint16 size = (guint16)said;
  g_byte_array_append(all, (const guint8 *)"\x89HDF\r\n\x1a\n\2\10\10", 12);
  g_byte_array_append(all, (const guint8 *)&base, 8);
  g_byte_array_append(all, (const guint8 *)&none, 8);
  g_byte_array_append(all, (const guint8 *)&none, 8);
  g_byte_array_append(all, (const guint8 *)&root, 8);
  g_byte_array_append(all, (const guint8 *)"\0\0\0\0OHDR\2\1", 10);
  g_byte_array_append(all, (const guint8 *)&size, 2);
  g_byte_array_append(all, (const guint8 *)messages, (guint)n);
  return g_byte_array_free_to_bytes(all);
}

static void refuse_hdf5(const char *messages, size_t n, size_t said, const char *words) {
  g_autoptr(GBytes) bytes = hdf5_of(messages, n, said);
  refused("a.h5", bytes, words);
}

static void test_hdf5_header(void) {
  static const struct {
    const char *bytes;
    size_t n;
    const char *words;
  } messages[] = {
      {BYTES("\1\4\0\0\11\1\0\0"), "at byte 63: a data space of an unknown version: damaged? fetch or save it again"},
      {BYTES("\1\4\0\0\2\11\0\0"), "a data set of more than 8 dimensions"},
      {BYTES("\6\4\0\0\2\0\0\0"), "a link of an unknown version"},
      {BYTES("\6\4\0\0\1\0\0\0"), "a name that is empty or beyond measure"},
      {BYTES("\1\377\0\0\0\0"), "a message that reaches beyond its header"},
      {BYTES("\2\12\0\0\0\0\1\0\0\0\0\0\0\0"),
       "a group of many links, which is not read: save it again with libver='earliest'"},
      {BYTES("\20\20\0\0\60\0\0\0\0\0\0\0\10\0\0\0\0\0\0\0"), "a part of an object header that does not begin as one"},
      {BYTES("\20\20\0\0\377\377\377\377\377\377\377\377\10\0\0\0\0\0\0\0"), "an address beyond all measure"},
      {BYTES(""), "HDF5 without data sets of numbers that are read"},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(messages); i++)
    refuse_hdf5(messages[i].bytes, messages[i].n, messages[i].n, messages[i].words);
  refuse_hdf5(BYTES("\1\2\0\0\1\1\0\0\0\0"), 6, "a part that is shorter than it says");
  static const char circle[] =
      "\20\20\0\0\114\0\0\0\0\0\0\0\34\0\0\0\0\0\0\0"
      "OCHK\20\20\0\0\114\0\0\0\0\0\0\0\34\0\0\0\0\0\0\0\0\0\0\0";
  refuse_hdf5(BYTES(circle), 20, "an object header of too many parts");
  g_autofree char *nothing = g_malloc0(4 * 4100);
  refuse_hdf5(nothing, (size_t)4 * 4100, (size_t)4 * 4100, "an object header of too many messages");
  g_autoptr(GBytes) good = hdf5_of("", 0, 0);
  gsize n;
  g_autofree char *bent = g_memdup2(g_bytes_get_data(good, &n), g_bytes_get_size(good));
  bent[48] = 'X';
  g_autoptr(GBytes) header = g_bytes_new(bent, n);
  refused("a.h5", header, "an object header of an unknown version");
  bent[9] = 4;
  g_autoptr(GBytes) narrow = g_bytes_new(bent, n);
  refused("a.h5", narrow, "addresses of other than 64 bits, which are not read: save it again on another machine");
}

/* `levels` groups in each other, each with a name of n letters. */
static void refuse_nested(unsigned levels, guint16 n, const char *words) {
  g_autoptr(GString) s = g_string_new(NULL);
  for (unsigned i = 0; i < levels; i++) {
    const guint16 link = (guint16)(2 + 2 + n + 8), all = (guint16)(link + 4);
    const guint64 next = 48 + (guint64)(i + 1) * (8 + all);
    if (i > 0) g_string_append_len(s, "OHDR\2\1", 6), g_string_append_len(s, (const char *)&all, 2);
    g_string_append_c(s, 6);
    g_string_append_len(s, (const char *)&link, 2);
    g_string_append_len(s, "\0\1\1", 3);
    g_string_append_len(s, (const char *)&n, 2);
    for (guint16 k = 0; k < n; k++) g_string_append_c(s, 'g');
    g_string_append_len(s, (const char *)&next, 8);
  }
  g_string_append_len(s, "OHDR\2\1\0\0", 8);
  refuse_hdf5(s->str, s->len, (size_t)n + 16, words);
}

/* Bytes of a seed, bent at one place. */
static void test_hdf5_tables(void) {
  static const struct {
    size_t at;
    const char *bytes;
    size_t n;
    const char *words;
  } bent[] = {
      {680, BYTES("X"), "a heap of names that does not begin as one"},
      {136, BYTES("X"), "a tree of names that does not begin as one"},
      {1504, BYTES("X"), "a node of symbols that does not begin as one"},
      {688, BYTES("\0\0\0\0\0\0\0\0"), "a name outside its heap"},
      {704, BYTES("\377\377\377\0\0\0\0\0"), "a name outside the file"},
      {141,
       BYTES(
           "\1\1\0\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\0\0\0\0\0\0\0\0\210\0\0\0\0\0\0\0"),
       "a tree of names that is too deep, or in a circle"},
  };
  g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fuzz", "corpus", "hdf5/keras.h5", NULL), *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(path, &bytes, &n, NULL));
  for (size_t i = 0; i < G_N_ELEMENTS(bent); i++) {
    g_autofree char *copy = g_memdup2(bytes, n);
    memcpy(copy + bent[i].at, bent[i].bytes, bent[i].n);
    g_autoptr(GBytes) all = g_bytes_new(copy, n);
    refused("keras.h5", all, bent[i].words);
  }
  refuse_nested(5, 1000, "a path beyond measure");
  refuse_nested(40, 1, "groups that are nested too deeply");
}

/* --- numbers elsewhere ------------------------------------------------------------------------ */

/* An ONNX graph whose numbers are said to lie in a file of that name, of 15 letters. */
static char *put_graph(const char *folder, const char *location) {
  g_autofree char *seed = g_test_build_filename(G_TEST_DIST, "fuzz", "corpus", "onnx/external.onnx", NULL);
  g_autofree char *bytes = NULL;
  gsize n;
  g_assert_true(g_file_get_contents(seed, &bytes, &n, NULL));
  for (char *at = bytes; (at = memmem(at, n - (gsize)(at - bytes), "model.onnx_data", 15)); at += 15)
    memcpy(at, location, 15);
  char *path = g_build_filename(folder, "model.onnx", NULL);
  g_assert_true(g_file_set_contents(path, bytes, (gssize)n, NULL));
  return path;
}

static void refuse_graph(const char *folder, const char *location, const char *words) {
  g_autofree char *path = put_graph(folder, location);
  g_autoptr(GError) error = NULL;
  g_assert_null(weight_file_open(path, &error));
  if (!strstr(error->message, words)) g_error("\"%s\" lacks \"%s\"", error->message, words);
  g_assert_true(g_str_has_prefix(error->message, path));
}

static void test_onnx_elsewhere(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL),
                  *link = g_build_filename(folder, "model.onnx_link", NULL);
  refuse_graph(folder, "../el.onnx_data", "its numbers are said to lie in ../el.onnx_data, outside its folder");
  refuse_graph(folder, "model.onnx_data", "its numbers lie in model.onnx_data, which is missing: fetch what is left");
  g_assert_cmpint(symlink("/proc/self/exe", link), ==, 0);
  refuse_graph(folder, "model.onnx_link", "its numbers lie behind a link out of its folder: model.onnx_link");
  g_autofree char *path = put_graph(folder, "model.onnx_data");
  g_autoptr(ByteSource) source = byte_source_open(path, NULL);
  g_autoptr(WeightFile) f = weight_file_open_source(source, NULL);
  g_autoptr(GError) error = NULL;
  float x[1];
  g_assert_false(weight_file_read_f32(f, 0, 0, 1, x, &error));
  g_assert_nonnull(
      strstr(error->message, "model.onnx: tensor a.kernel lies in model.onnx_data, which cannot be reached"));
  g_assert_true(dir_remove(folder, NULL));
}

/* Who asks for more than a tensor has. */
static void test_beyond(void) {
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "w", "F32", (const int[]){2, -1}, (const float[]){1, 2}, 8);
  raw_tensors_add(&t, "e", "F4", (const int[]){2, -1}, "x", 1);
  g_autoptr(WeightFile) f = raw_tensors_open(&t);
  float x[4];
  g_autoptr(GError) error = NULL;
  g_assert_false(weight_file_read_f32(f, 0, 1, 3, x, &error));
  g_assert_nonnull(strstr(error->message, "tensor w has no 3 numbers from 1"));
  g_clear_error(&error);
  g_assert_false(weight_file_read_raw(f, 0, 8, 4, x, &error));
  g_assert_nonnull(strstr(error->message, "tensor w has no 4 bytes at 8"));
  g_clear_error(&error);
  g_assert_false(weight_file_read_f32(f, 1, 0, 1, x, &error));
  g_assert_nonnull(strstr(error->message, "tensor e is F4, which is listed but not read: convert it to F16 or F32"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *path = g_strdup_printf("/messages/%s/%zu", bad[i].label, i);
    g_test_add_data_func(path, &bad[i], test_bad);
  }
  g_test_add_func("/messages/long", test_long);
  g_test_add_func("/messages/gguf-text", test_gguf_text);
  g_test_add_func("/messages/hdf5-header", test_hdf5_header);
  g_test_add_func("/messages/hdf5-tables", test_hdf5_tables);
  g_test_add_func("/messages/onnx-elsewhere", test_onnx_elsewhere);
  g_test_add_func("/messages/beyond", test_beyond);
  return g_test_run();
}
