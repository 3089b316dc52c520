/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of files that cannot be read or written: the words, the path, and the system's reason. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "archives/archive.h"
#include "archives/zip.h"
#include "core/files.h"
#include "core/guarded_map.h"
#include "core/memory.h"
#include "core/source.h"
#include "tests/unit/archive_fixture.h"
#include "weights/weight_open.h"

static char *folder;

static char *at(const char *name) { return g_build_filename(folder, name, NULL); }

/* Takes the error. */
static void says(GError **error, const char *words) {
  if (!*error) g_test_fail_printf("no error, instead of: %s", words);
  else if (!strstr((*error)->message, words)) g_test_fail_printf("\"%s\" lacks \"%s\"", (*error)->message, words);
  g_clear_error(error);
}

static void test_files(void) {
  GError *error = NULL;
  g_autofree char *file = at("file"), *below = at("file/x"), *full = at("full"), *inside = at("full/x");
  g_assert_true(g_file_set_contents(file, "twenty letters, just", 20, NULL));
  g_assert_null(file_read_small("/nowhere/x", 10, NULL, &error));
  says(&error, "cannot open /nowhere/x: No such file or directory");
  g_assert_null(file_read_small(folder, 10, NULL, &error));
  says(&error, "not a regular file: /");
  g_assert_null(file_read_small(file, 10, NULL, &error));
  says(&error, "/file is larger than 10 bytes");
  g_assert_false(file_write_bytes("/nowhere/x", "x", 1, &error));
  says(&error, "cannot write beside /nowhere/x: No such file or directory");
  g_assert_false(fd_write_all(-1, "x", 1, &error));
  says(&error, "cannot write: Bad file descriptor");
  g_assert_false(dir_make(below, &error));
  says(&error, "cannot make the folder ");
  g_assert_null(file_set_aside("/nowhere/x", &error));
  says(&error, "cannot set aside /nowhere/x: No such file or directory");
  g_assert_true(dir_make(full, NULL));
  g_assert_true(g_file_set_contents(inside, "", 0, NULL));
  g_assert_false(file_write_bytes(full, "x", 1, &error));
  says(&error, "cannot rename to ");
  g_assert_null(guarded_map_open(file, 100, &error));
  says(&error, "/file: too short, or no regular file: fetch it again");
  g_assert_false(memory_is_there(SIZE_MAX / 4, "file", &error));
  says(&error, "file: not enough memory to read it, ");
  g_assert_false(memory_is_there(SIZE_MAX / 4, "file", &error));
  says(&error, "MB are needed: close other programs");
}

static void test_source(void) {
  GError *error = NULL;
  char x[20];
  g_autofree char *file = at("source");
  g_assert_true(g_file_set_contents(file, "twenty letters, just", 20, NULL));
  g_autoptr(ByteSource) s = byte_source_open(file, NULL);
  g_assert_false(byte_source_read(s, 15, x, 10, &error));
  says(&error, "/source: 10 bytes at 15 lie beyond its end at 20");
  g_assert_cmpint(truncate(file, 4), ==, 0);
  g_assert_false(byte_source_read(s, 0, x, 20, &error));
  says(&error, "/source: cannot read at byte 4: the file became shorter");
}

static void test_archives(void) {
  GError *error = NULL;
  g_autoptr(GBytes) few = g_bytes_new_static("PK", 2);
  g_autoptr(ByteSource) zip = byte_source_from_bytes(few, "a.zip");
  g_assert_null(zip_open(zip, &error));
  says(&error, "a.zip: ZIP: too short for a directory: damaged? fetch or save it again");
}

static void refuse_archive(const void *bytes, size_t n, const char *words) {
  GError *error = NULL;
  g_autoptr(GBytes) all = g_bytes_new(bytes, n);
  g_autoptr(ByteSource) source = byte_source_from_bytes(all, "a.archive");
  g_autoptr(ArchiveReader) r = archive_reader_open(source, &archive_limits, NULL, &error);
  g_assert_null(r);
  says(&error, words);
}

/* Archives that would take the machine's memory, or are none. */
static void test_headers(void) {
  static const char xz[40] =
      "\xfd"
      "7zXZ\0\0\4\0\0\0\0\2\0\x21\1\x28";
  static const char sevenz[64] = "7z\xbc\xaf\x27\x1c\0\4\0\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0";
  refuse_archive(xz, sizeof xz, "a.archive: unpacking it takes 42");
  refuse_archive(xz, sizeof xz, " MB of memory, above the limit of 201 MB: pack it again with a smaller dictionary");
  refuse_archive(sevenz, sizeof sevenz, "a.archive: a 7z whose header cannot be read: damaged? fetch it again");
}

/* Members that are listed with the reason why they are not opened. */
static void test_members(void) {
  g_autofree char *name = g_strnfill(4100, 'a');
  g_autoptr(GString) deep = g_string_new(NULL);
  for (int i = 0; i < 70; i++) g_string_append(deep, "a/");
  g_string_append(deep, "m");
  g_autoptr(GBytes) bytes = g_bytes_new_static("x", 1);
  const Packed packed[] = {{name, bytes, 0, NULL}, {deep->str, bytes, 0, NULL}};
  const char *const words[] = {"a path of more than 4,096 bytes", "a path of more than 64 folders",
                               "a device, not opened"};
  g_autoptr(GBytes) two = archive_bytes("pax", packed, 2);
  unsigned char device[1536] = {0};
  tar_header(device, "dev", 0, '3');
  g_autoptr(GBytes) one = g_bytes_new(device, sizeof device);
  for (int i = 0; i < 3; i++) {
    g_autoptr(ByteSource) source = byte_source_from_bytes(i < 2 ? two : one, "a.tar");
    g_autoptr(ArchiveReader) r = archive_reader_open(source, &archive_limits, NULL, NULL);
    for (int k = i < 2 ? i : 0; k >= 0; k--) g_assert_cmpint(archive_reader_next(r, NULL), ==, 1);
    const char *problem = archive_reader_member(r)->problem;
    if (!problem || !strstr(problem, words[i])) g_test_fail_printf("\"%s\" lacks \"%s\"", problem, words[i]);
  }
}

/* A model in parts, of which one leads out of the folder or is one of too many. */
static void test_shards(void) {
  GError *error = NULL;
  g_autofree char *index = at("model.safetensors.index.json"), *link = at("link.safetensors");
  g_assert_cmpint(symlink("/proc/self/exe", link), ==, 0);
  g_assert_true(g_file_set_contents(index, "{\"weight_map\":{\"a\":\"link.safetensors\"}}", -1, NULL));
  g_assert_null(weight_file_open(index, &error));
  says(&error, "link.safetensors: a link that leads out of its folder, not followed");
  g_autoptr(GString) many = g_string_new("{\"weight_map\":{");
  for (int i = 0; i <= 10000; i++) g_string_append_printf(many, "%s\"%d\":\"%d.safetensors\"", i ? "," : "", i, i);
  g_string_append(many, "}}");
  g_assert_true(g_file_set_contents(index, many->str, -1, NULL));
  g_assert_null(weight_file_open(index, &error));
  says(&error, ": more than 10,000 shards: damaged? fetch or save it again");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  folder = g_dir_make_tmp("copse-XXXXXX", NULL);
  g_test_add_func("/messages/files", test_files);
  g_test_add_func("/messages/source", test_source);
  g_test_add_func("/messages/archives", test_archives);
  g_test_add_func("/messages/headers", test_headers);
  g_test_add_func("/messages/members", test_members);
  g_test_add_func("/messages/shards", test_shards);
  int status = g_test_run();
  dir_remove(folder, NULL);
  g_free(folder);
  return status;
}
