/* SPDX-License-Identifier: Apache-2.0 */
/* Archives as each program writes them, and those that say one thing here and another there. */
#include <string.h>

#include "core/error.h"
#include "archives/zip.h"
#include "zip_fixture.h"

enum { LIMIT = 1 << 20 };

static ZipFile *open_zip(GBytes *bytes, GError **error) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "test.zip");
  return zip_open(source, error);
}

static GBytes *two_members(unsigned manner, bool wide) {
  ZipFixture z;
  zip_fixture_begin(&z);
  zip_fixture_add(&z, "one/first", "hello hello hello hello hello", 29, manner);
  zip_fixture_add(&z, "one/second", "", 0, manner);
  return zip_fixture_end(&z, wide);
}

static void assert_member(ZipFile *zip, const char *name, const char *text) {
  g_autoptr(GError) error = NULL;
  const ZipMember *m = zip_find(zip, name);
  g_assert_nonnull(m);
  g_assert_cmpuint(m->size, ==, strlen(text));
  g_autoptr(ByteSource) source = zip_member_source(zip, m, LIMIT, &error);
  g_assert_no_error(error);
  g_autofree char *got = g_malloc0(strlen(text) + 1);
  g_assert_cmpuint(byte_source_size(source), ==, strlen(text));
  g_assert_true(byte_source_read(source, 0, got, strlen(text), &error));
  g_assert_cmpstr(got, ==, text);
  g_autoptr(GBytes) bytes = zip_member_bytes(zip, m, LIMIT, &error);
  g_assert_no_error(error);
  g_assert_cmpmem(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), text, strlen(text));
}

static void test_manners(void) {
  for (unsigned manner = 0; manner < 16; manner++)
    for (int wide = 0; wide < 2; wide++) {
      g_autoptr(GError) error = NULL;
      g_autoptr(GBytes) bytes = two_members(manner, wide);
      g_autoptr(ZipFile) zip = open_zip(bytes, &error);
      g_assert_no_error(error);
      g_assert_cmpuint(zip_count(zip), ==, 2);
      assert_member(zip, "one/first", "hello hello hello hello hello");
      assert_member(zip, "one/second", "");
      g_assert_null(zip_find(zip, "one/third"));
      if (manner & ZIP_ALIGN && !(manner & ZIP_WIDE)) g_assert_cmpuint(zip_member(zip, 0)->start % 64, ==, 0);
    }
}

static void test_head(void) {
  g_autoptr(GError) error = NULL;
  for (unsigned manner = 0; manner < 2; manner++) {
    char five[6] = "";
    g_autoptr(GBytes) bytes = two_members(manner, false);
    g_autoptr(ZipFile) zip = open_zip(bytes, &error);
    g_autoptr(ByteSource) head = zip_member_head(zip, zip_member(zip, 0), 5, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(byte_source_size(head), ==, 5);
    g_assert_true(byte_source_read(head, 0, five, 5, &error));
    g_assert_cmpstr(five, ==, "hello");
  }
}

static void test_empty_and_comment(void) {
  g_autoptr(GError) error = NULL;
  ZipFixture z;
  zip_fixture_begin(&z);
  g_autoptr(GBytes) empty = zip_fixture_end(&z, false);
  g_autoptr(ZipFile) none = open_zip(empty, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(zip_count(none), ==, 0);
  g_assert_true(zip_matches(g_bytes_get_data(empty, NULL), 4));

  g_autoptr(GBytes) plain = two_members(0, false);
  gsize n;
  const guint8 *p = g_bytes_get_data(plain, &n);
  g_autoptr(GByteArray) commented = g_byte_array_new();
  g_byte_array_append(commented, p, (guint)n);
  commented->data[n - 2] = 7;
  g_byte_array_append(commented, (const guint8 *)"comment", 7);
  g_autoptr(GBytes) bytes = g_bytes_new(commented->data, commented->len);
  g_autoptr(ZipFile) zip = open_zip(bytes, &error);
  g_assert_no_error(error);
  assert_member(zip, "one/first", "hello hello hello hello hello");
}

static void assert_refused(GBytes *bytes, const char *complaint) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ZipFile) zip = open_zip(bytes, &error);
  g_assert_null(zip);
  if (!strstr(error->message, complaint)) g_error("%s", error->message);
  g_assert_nonnull(strstr(error->message, "test.zip"));
}

/* One lie: what stands at some distance from the `nth` signature. */
typedef struct {
  const char *name;
  const char *mark; /* of the header: 4 bytes */
  int nth;
  size_t distance;
  const char *patch;
  size_t n;
  bool wide;
  unsigned manner;
  const char *complaint;
} Lie;

static const Lie lies[] = {
    {"other-name", "PK\3\4", 0, 30, "two", 3, false, 0, "ZIP member one/first has another name in its own header"},
    {"other-method", "PK\3\4", 0, 8, "\10", 1, false, 0, "has other flags or another method in its own header"},
    {"other-size", "PK\3\4", 0, 22, "\1", 1, false, 0, "has other sizes or another checksum in its own header"},
    {"other-crc", "PK\3\4", 0, 14, "\1", 1, false, 0, "has other sizes or another checksum in its own header"},
    {"local-flags", "PK\3\4", 0, 6, "\1", 1, false, 0, "has other flags or another method in its own header"},
    {"encrypted", "PK\1\2", 0, 8, "\1", 1, false, 0, "is encrypted: unpack the archive with its password first"},
    {"method", "PK\1\2", 0, 10, "\14", 1, false, 0, "method that is not read"},
    {"local-extra", "PK\3\4", 0, 41, "\377\377", 2, false, ZIP_WIDE, "has a damaged extra field in its own header"},
    {"stored-sizes", "PK\1\2", 0, 24, "\36", 1, false, 0, "is stored, yet has two sizes"},
    {"twice", "PK\1\2", 1, 46, "one/first\0", 9, false, 0, "has another name in its own header"},
    {"no-local", "PK\1\2", 0, 42, "\1", 1, false, 0, "no header of its own"},
    {"outside", "PK\1\2", 0, 42, "\377\377\377\0", 4, false, 0, "begins outside the file"},
    {"same-place", "PK\1\2", 1, 42, "\0", 1, false, 0, "has another name in its own header"},
    {"nul", "PK\1\2", 0, 47, "\0", 1, false, 0, "a name that is empty or holds NUL"},
    {"no-name", "PK\1\2", 0, 28, "\0", 1, false, 0, "a name that is empty or holds NUL"},
    {"long-name", "PK\1\2", 1, 28, "\377\377", 2, false, 0, "leaves the directory"},
    {"entry", "PK\1\2", 0, 0, "XX", 2, false, 0, "a damaged entry in the directory"},
    {"volume", "PK\1\2", 0, 34, "\1", 1, false, 0, "an archive in several volumes: join them first"},
    {"missing-wide", "PK\1\2", 0, 24, "\377\377\377\377", 4, false, 0, "extra field is damaged"},
    {"short-wide", "PK\1\2", 0, 57, "\10", 1, false, ZIP_WIDE, "extra field is damaged"},
    {"huge-packed", "PK\1\2", 0, 67, "\377\377\377\377\377\377\377\177", 8, false, ZIP_WIDE | ZIP_DEFLATE,
     "beyond the directory"},
    {"count", "PK\5\6", 0, 8, "\1\0\1", 3, false, 0, "follow the last entry"},
    {"huge-count", "PK\5\6", 0, 8, "\377\377\377\377", 4, false, 0, "more members than the directory has room for"},
    {"disk", "PK\5\6", 0, 4, "\1", 1, false, 0, "an archive in several volumes: join them first"},
    {"offset", "PK\5\6", 0, 16, "\0", 1, false, 0, "the directory does not end where the end record begins"},
    {"size", "PK\5\6", 0, 12, "\377\377\377", 3, false, 0, "the directory does not end where the end record begins"},
    {"comment", "PK\5\6", 0, 20, "\1", 1, false, 0, "cut short"},
    {"locator", "PK\6\7", 0, 8, "\377\377\377\377\377\377\377\377", 8, true, 0,
     "the ZIP64 directory lies outside the file"},
    {"end64", "PK\6\6", 0, 4, "\0", 1, true, 0, "end record is damaged"},
    {"end64-volumes", "PK\6\6", 0, 16, "\1", 1, true, 0, "an archive in several volumes: join them first"},
    {"end64-count", "PK\6\6", 0, 24, "\3\0\0\0\0\0\0\0\3", 9, true, 0, "its two end records disagree"},
    {"end64-size", "PK\6\6", 0, 40, "\377\377\377\377\377\377\377\377", 8, true, 0,
     "the directory does not end where the end record begins"},
};

static void test_lie(const void *user) {
  const Lie *lie = user;
  g_autoptr(GBytes) good = two_members(lie->manner, lie->wide);
  gssize at = -1;
  for (int i = 0; i <= lie->nth; i++) at = fixture_find(good, lie->mark, 4, (size_t)(at + 1));
  g_assert_cmpint(at, >=, 0);
  g_autoptr(GBytes) bad = fixture_patch(good, (size_t)at + lie->distance, lie->patch, lie->n);
  fixture_keep(bad, "torch", lie->name);
  assert_refused(bad, lie->complaint);
}

/* Two entries of one name, local headers in agreement; two members over the same bytes. */
static void test_duplicates(void) {
  ZipFixture z;
  zip_fixture_begin(&z);
  zip_fixture_add(&z, "a", "1", 1, 0);
  zip_fixture_add(&z, "a", "2", 1, 0);
  g_autoptr(GBytes) twice = zip_fixture_end(&z, false);
  assert_refused(twice, "a appears twice");

  zip_fixture_begin(&z);
  zip_fixture_add(&z, "a", "1", 1, 0);
  guint n = z.directory->len;
  g_autofree guint8 *entry = g_memdup2(z.directory->data, n);
  g_byte_array_append(z.directory, entry, n);
  z.count = 2;
  g_autoptr(GBytes) listed_twice = zip_fixture_end(&z, false);
  assert_refused(listed_twice, "appears twice");
}

/* The outer member's bytes are a whole member, which is listed too: a bomb that quotes itself. */
static void test_overlap(void) {
  ZipFixture inner, z;
  zip_fixture_begin(&inner);
  zip_fixture_add(&inner, "b", "2", 1, 0);
  zip_fixture_begin(&z);
  zip_fixture_add(&z, "a", inner.file->data, inner.file->len, 0);
  guint at = 30 + 1; /* the quoted member begins where a's data do */
  inner.directory->data[42] = (guint8)at;
  g_byte_array_append(z.directory, inner.directory->data, inner.directory->len);
  z.count = 2;
  g_byte_array_unref(inner.file);
  g_byte_array_unref(inner.directory);
  g_autoptr(GBytes) bytes = zip_fixture_end(&z, false);
  assert_refused(bytes, "overlaps another member");
}

static void test_cut(void) {
  g_autoptr(GBytes) good = two_members(ZIP_DESCRIPTOR, true);
  for (size_t n = 0; n < g_bytes_get_size(good); n++) {
    g_autoptr(GBytes) cut = fixture_cut(good, n);
    g_autoptr(GError) error = NULL;
    g_assert_null(open_zip(cut, &error));
    g_assert_nonnull(error);
  }
}

static void assert_unreadable(GBytes *bytes, uint64_t limit, const char *complaint) {
  g_autoptr(GError) error = NULL;
  g_autoptr(ZipFile) zip = open_zip(bytes, &error);
  g_assert_no_error(error);
  g_autoptr(ByteSource) source = zip_member_source(zip, zip_member(zip, 0), limit, &error);
  g_assert_null(source);
  if (!strstr(error->message, complaint)) g_error("%s", error->message);
}

/* The packed bytes, the checksum, the declared size: each wrong in turn, in both headers alike. */
static void test_damaged_member(void) {
  g_autoptr(GBytes) good = two_members(ZIP_DEFLATE, false);
  gssize central = fixture_find(good, "PK\1\2", 4, 0);
  g_autoptr(GBytes) data = fixture_patch(good, 39, "\377\377\377", 3);
  assert_unreadable(data, LIMIT, "deflated bytes at 39 are damaged: they do not unpack");
  g_autoptr(GBytes) half = fixture_patch(good, 14, "\0", 1);
  g_autoptr(GBytes) crc = fixture_patch(half, (size_t)central + 16, "\0", 1);
  assert_unreadable(crc, LIMIT, "is damaged: its checksum is wrong");
  for (guint8 size = 28; size <= 30; size += 2) {
    g_autoptr(GBytes) first = fixture_patch(good, 22, &size, 1);
    g_autoptr(GBytes) both = fixture_patch(first, (size_t)central + 24, &size, 1);
    assert_unreadable(both, LIMIT, "does not unpack to the size it declares");
  }
}

static void test_bomb(void) {
  enum { SIZE = 1 << 20 };
  g_autofree char *zeros = g_malloc0(SIZE);
  ZipFixture z;
  zip_fixture_begin(&z);
  zip_fixture_add(&z, "zeros", zeros, SIZE, ZIP_DEFLATE);
  g_autoptr(GBytes) honest = zip_fixture_end(&z, false);
  assert_unreadable(honest, SIZE - 1, "store it instead");
  /* Declared beyond what deflate can do, and beyond what weights do. */
  gssize central = fixture_find(honest, "PK\1\2", 4, 0);
  static const guint8 sizes[][4] = {{0, 0, 0, 0x7f}, {0, 0, 0, 0x05}};
  for (int i = 0; i < 2; i++) {
    g_autoptr(GBytes) first = fixture_patch(honest, 22, sizes[i], 4);
    g_autoptr(GBytes) both = fixture_patch(first, (size_t)central + 24, sizes[i], 4);
    assert_unreadable(both, UINT64_MAX, "a bomb?");
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/zip/manners", test_manners);
  g_test_add_func("/zip/head", test_head);
  g_test_add_func("/zip/empty-and-comment", test_empty_and_comment);
  for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
    g_autofree char *path = g_strdup_printf("/zip/lie/%s", lies[i].name);
    g_test_add_data_func(path, &lies[i], test_lie);
  }
  g_test_add_func("/zip/duplicates", test_duplicates);
  g_test_add_func("/zip/overlap", test_overlap);
  g_test_add_func("/zip/cut", test_cut);
  g_test_add_func("/zip/damaged-member", test_damaged_member);
  g_test_add_func("/zip/bomb", test_bomb);
  return g_test_run();
}
