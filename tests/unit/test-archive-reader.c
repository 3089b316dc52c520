/* SPDX-License-Identifier: Apache-2.0 */
/* Archives member by member: limits, reading in any order, opening by name. */
#include <string.h>

#include "archives/archive_cache.h"
#include "archives/archive_kind.h"
#include "core/error.h"
#include "tests/unit/archive_fixture.h"

/* --- bombs ------------------------------------------------------------------------------------ */

static GBytes *zeros(size_t n) { return g_bytes_new_take(g_malloc0(n), n); }

/* Goes through an archive in memory; the number of members, and the error if one stopped it. */
static unsigned count_members(GBytes *bytes, const ArchiveLimits *limits, GError **error) {
  g_autoptr(ByteSource) source = byte_source_from_bytes(bytes, "bomb");
  g_autoptr(ArchiveReader) r = archive_reader_open(source, limits, NULL, error);
  unsigned n = 0;
  while (r && archive_reader_next(r, error) == 1) n++;
  return n;
}

static void test_ratio(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  const ArchiveLimits small = {.unpacked = 100000, .ratio = 10, .entries = 1000};
  g_autoptr(GBytes) much = zeros(4000000);
  const Packed members[] = {{.path = "a.bin", .bytes = much}, {.path = "b.bin", .bytes = much}};
  static const char *const packed[] = {"tar.gz", "tar.zst", "tar.xz", "tar.bz2"};
  for (size_t i = 0; i < G_N_ELEMENTS(packed); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) bomb = archive_bytes(packed[i], members, 2);
    g_assert_cmpuint(count_members(bomb, &small, &error), ==, 1);
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
    g_assert_nonnull(strstr(error->message, "unpacks to more than a hundred times its size, not read on"));
    g_clear_error(&error);
    const ArchiveLimits large = {.unpacked = 9000000, .ratio = 10, .entries = 1000};
    g_assert_cmpuint(count_members(bomb, &large, &error), ==, 2);
    g_assert_no_error(error);
  }
}

/* A zip's members are refused one by one, and reading stops at the whole's limit. */
static void test_ratio_of_zip(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  const ArchiveLimits small = {.unpacked = 5000000, .ratio = 10, .entries = 1000};
  g_autoptr(GBytes) much = zeros(4000000), more = zeros(6000000);
  const Packed members[] = {
      {.path = "a.bin", .bytes = more}, {.path = "b.bin", .bytes = much}, {.path = "c.bin", .bytes = much}};
  g_autoptr(GBytes) bomb = archive_bytes("zip", members, 3);
  g_autoptr(ByteSource) source = byte_source_from_bytes(bomb, "bomb");
  g_autoptr(GError) error = NULL;
  g_autoptr(ArchiveReader) r = archive_reader_open(source, &small, NULL, &error);
  g_autofree char *room = g_malloc(4000000);
  g_assert_cmpint(archive_reader_next(r, &error), ==, 1);
  g_assert_nonnull(strstr(archive_reader_member(r)->problem, "unpacks to more than a hundred times the archive"));
  g_assert_cmpint(archive_reader_next(r, &error), ==, 1);
  g_assert_true(archive_reader_read(r, room, 4000000, &error));
  g_assert_cmpint(archive_reader_next(r, &error), ==, 1);
  g_assert_nonnull(archive_reader_member(r)->problem);
  g_assert_false(archive_reader_read(r, room, 10, &error));
}

static void test_entries(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  const ArchiveLimits few = {.unpacked = 1 << 20, .ratio = 10, .entries = 5};
  Packed members[8];
  for (int i = 0; i < 8; i++) members[i] = (Packed){.path = "x", .type = i % 2 ? 'd' : '\0'};
  g_autoptr(GBytes) bomb = archive_bytes("tar", members, 8);
  g_autoptr(GError) error = NULL;
  g_assert_cmpuint(count_members(bomb, &few, &error), ==, 3);
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT);
  g_assert_nonnull(strstr(error->message, "more members than copse reads of one archive, not read on: unpack it"));
}

/* --- one member ------------------------------------------------------------------------------- */

static GBytes *pattern(size_t n) {
  unsigned char *bytes = g_malloc(n);
  for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)(i * 7 + (i >> 12) * 13);
  return g_bytes_new_take(bytes, n);
}

static void expect_bytes(ByteSource *source, GBytes *want, uint64_t offset, size_t n) {
  g_autofree unsigned char *got = g_malloc(n + 1);
  g_autoptr(GError) error = NULL;
  byte_source_read(source, offset, got, n, &error);
  g_assert_no_error(error);
  g_assert_true(memcmp(got, (const char *)g_bytes_get_data(want, NULL) + offset, n) == 0);
}

/* Forward, backward and across the edges of what is kept in memory. */
static void test_large_member(Fixture *f, gconstpointer unused) {
  (void)unused;
  const size_t n = (size_t)MEMBER_WHOLE + (12 << 20) + 77;
  g_autoptr(GBytes) want = pattern(n), small = pattern(1000);
  const Packed members[] = {
      {.path = "before", .bytes = small}, {.path = "large", .bytes = want}, {.path = "after", .bytes = small}};
  put_archive(f, "l.tar.gz", "tar.gz", members, 3);
  g_autofree char *path = place(f, "l.tar.gz");
  g_autoptr(ArchiveCache) cache = archive_cache_new();
  g_autoptr(GError) error = NULL;
  g_autoptr(ByteSource) source = archive_cache_open(cache, path, "large", "l!large", &error);
  g_assert_no_error(error);
  g_assert_cmpuint(byte_source_size(source), ==, n);
  expect_bytes(source, want, 0, 100);
  expect_bytes(source, want, n - 50, 50);
  expect_bytes(source, want, n - MEMBER_TAIL, 1000);      /* behind the place of reading */
  expect_bytes(source, want, MEMBER_HEAD - 10, 10);       /* in the head */
  expect_bytes(source, want, MEMBER_HEAD - 10, 30 << 20); /* from the head on: reads it again */
  expect_bytes(source, want, 0, n);
  g_autoptr(ByteSource) after = archive_cache_open(cache, path, "after", "l!after", &error);
  expect_bytes(after, small, 0, 1000);
  /* Always from the end to the middle: refused after a while, with what to do. */
  bool ok = true;
  char byte;
  for (int i = 0; i < 2 * MEMBER_MOST_RETURNS && ok; i++)
    ok = byte_source_read(source, i % 2 ? n - 1 : (uint64_t)MEMBER_HEAD + 1, &byte, 1, &error);
  g_assert_false(ok);
  g_assert_nonnull(strstr(error->message, "read in too many directions for a packed archive: unpack it first"));
}

typedef struct {
  ByteSource *source;
  GBytes *want;
  unsigned seed;
} Job;

static gpointer read_around(gpointer data) {
  const Job *job = data;
  g_autoptr(GRand) rand = g_rand_new_with_seed(job->seed);
  size_t n = g_bytes_get_size(job->want);
  for (int i = 0; i < 200; i++) {
    size_t at = (size_t)g_rand_int_range(rand, 0, (gint32)n - 5000);
    expect_bytes(job->source, job->want, at, 5000);
  }
  return NULL;
}

static void test_threads(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) want = pattern(3000000);
  const Packed member = {.path = "m", .bytes = want};
  static const char *const kinds[] = {"zip", "tar.gz", "tar"};
  g_autoptr(ArchiveCache) cache = archive_cache_new();
  for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
    put_archive(f, kinds[k], kinds[k], &member, 1);
    g_autofree char *path = place(f, kinds[k]);
    g_autoptr(ByteSource) source = archive_cache_open(cache, path, "m", "m", NULL);
    Job jobs[3];
    GThread *threads[3];
    for (unsigned i = 0; i < 3; i++) {
      jobs[i] = (Job){source, want, i};
      threads[i] = g_thread_new("reader", read_around, &jobs[i]);
    }
    for (unsigned i = 0; i < 3; i++) g_thread_join(threads[i]);
  }
}

/* Members in the archive's order and against it; what is not there; a replaced archive. */
static void test_cache(Fixture *f, gconstpointer unused) {
  (void)unused;
  GBytes *bytes[5];
  Packed members[5];
  char names[5][2];
  for (int i = 0; i < 5; i++) {
    names[i][0] = (char)('a' + i), names[i][1] = '\0';
    bytes[i] = pattern(1000 + (size_t)i);
    members[i] = (Packed){.path = names[i], .bytes = bytes[i]};
  }
  put_archive(f, "c.tar.xz", "tar.xz", members, 5);
  g_autofree char *path = place(f, "c.tar.xz");
  g_autoptr(ArchiveCache) cache = archive_cache_new();
  static const int order[] = {0, 1, 2, 3, 4, 3, 1, 4, 0, 2, 2};
  for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(ByteSource) source = archive_cache_open(cache, path, names[order[i]], names[order[i]], &error);
    g_assert_no_error(error);
    if (i % 3) expect_bytes(source, bytes[order[i]], 5, 900);
  }
  g_autoptr(GError) absent = NULL;
  g_assert_null(archive_cache_open(cache, path, "z", "z", &absent));
  g_assert_error(absent, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  put_archive(f, "c.tar.xz", "tar.xz", members, 2);
  g_autoptr(GError) gone = NULL;
  g_assert_null(archive_cache_open(cache, path, "e", "e", &gone));
  g_autoptr(ByteSource) still = archive_cache_open(cache, path, "b", "b", NULL);
  expect_bytes(still, bytes[1], 0, 1001);
  for (int i = 0; i < 5; i++) g_bytes_unref(bytes[i]);
}

static void test_path_apart(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *member = NULL;
  put_text(f, "x/a.tar", "");
  put_text(f, "x/plain!file", "");
  g_autofree char *a = archive_of_path(f->root, "x/a.tar!b/c!d", &member);
  g_assert_cmpstr(a, ==, "x/a.tar");
  g_assert_cmpstr(member, ==, "b/c!d");
  g_assert_null(archive_of_path(f->root, "x/plain!file", &member));
  g_assert_null(archive_of_path(f->root, "x!a", &member));
  g_assert_null(archive_of_path(f->root, "!a", &member));
}

static void test_names(Fixture *f, gconstpointer unused) {
  (void)f;
  (void)unused;
  static const char *const names[] = {"a.tar", "a.TAR.GZ", "a.tgz", "a.tar.zst", "a.zip", "a.7z"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *stem = archive_kind_stem(names[i]);
    g_assert_true(archive_kind_has_name(names[i]));
    g_assert_cmpstr(stem, ==, "a");
  }
  g_assert_false(archive_kind_has_name(".tar"));
  g_assert_false(archive_kind_has_name("tar"));
  g_assert_false(archive_kind_has_name("a.gz"));
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"ratio", test_ratio},           {"ratio-of-zip", test_ratio_of_zip},
      {"entries", test_entries},       {"large-member", test_large_member},
      {"threads", test_threads},       {"cache", test_cache},
      {"path-apart", test_path_apart}, {"names", test_names},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/archive-reader", tests[i].name, tests[i].run);
  return g_test_run();
}
