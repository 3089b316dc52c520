/* SPDX-License-Identifier: Apache-2.0 */
/* What is refused of archives: what is locked, what only looks like one, what claims too much. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "tests/unit/archive_fixture.h"

static void test_encrypted(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) full = full_bytes(f);
  const Packed member = {.path = "m.safetensors", .bytes = full};
  put_archive(f, "e.zip", "zip-secret", &member, 1);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 0);
  expect_reason(f, "e.zip!m.safetensors", "encrypted, not opened");
}

/* What only looks like an archive, and zips that are weight files. */
static void test_no_archives(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autoptr(GBytes) pickle = text_of("\x80\x02}q\x00."), version = text_of("3");
  const Packed torch[] = {{.path = "net/data.pkl", .bytes = pickle},
                          {.path = "net/version", .bytes = version},
                          {.path = "net/data/0.bin", .bytes = version}};
  put_archive(f, "torch.zip", "zip-stored", torch, 3);
  put_text(f, "legacy.pth.tar",
           "\x80\x02\x8a\nl\xfc\x9c"
           "F\xf9 j\xa8P\x19.");
  put_text(f, "text.zip", "no zip");
  put_text(f, "none.tar.gz", "\x1f\x8b no gzip");
  put_full(f, "really.zip");
  const Packed pictures[] = {{.path = "a.png", .bytes = version}};
  put_archive(f, "pictures.tar", "tar", pictures, 1);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 1);
  g_assert_cmpstr(model_at(f, "really.zip")->format, ==, "safetensors");
  g_assert_cmpstr(reason_at(f, "torch.zip"), !=, "");
  g_assert_null(strstr(reason_at(f, "torch.zip"), "archive without"));
  g_assert_cmpstr(reason_at(f, "torch.zip!net/data/0.bin"), ==, "");
  g_assert_cmpstr(reason_at(f, "legacy.pth.tar"), !=, "");
  g_assert_cmpstr(reason_at(f, "text.zip"), !=, "");
  g_assert_cmpstr(reason_at(f, "none.tar.gz"), !=, "");
  expect_reason(f, "pictures.tar", "without weight files");
}

/* Two terabytes in a header of a tar, plain and packed. */
static void test_large_claims(Fixture *f, gconstpointer unused) {
  (void)unused;
  unsigned char blocks[1024] = {0};
  tar_header(blocks, "huge.safetensors", (guint64)2 << 40, '0');
  g_autoptr(GBytes) plain = g_bytes_new(blocks, sizeof blocks);
  g_autoptr(GBytes) packed = gzipped(plain);
  put_bytes(f, "plain.tar", plain);
  put_bytes(f, "packed.tar.gz", packed);
  tar_header(blocks, "most.safetensors", G_MAXUINT64 >> 1, '0');
  g_autoptr(GBytes) most = g_bytes_new(blocks, sizeof blocks);
  put_bytes(f, "most.tar", most);
  scan(f);
  g_assert_cmpuint(f->models->len, ==, 0);
  expect_reason(f, "plain.tar!huge.safetensors", "larger than the archive");
  expect_reason(f, "packed.tar.gz!huge.safetensors", "unpacks to more than a hundred times the archive");
  expect_reason(f, "packed.tar.gz", "unpacks to more than a hundred times its size, not read on");
  g_assert_cmpuint(f->skipped->len, >=, 4);
}

int main(int argc, char **argv) {
  static const struct {
    const char *name;
    FixtureTest run;
  } tests[] = {
      {"encrypted", test_encrypted},
      {"no-archives", test_no_archives},
      {"large-claims", test_large_claims},
  };
  g_test_init(&argc, &argv, NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(tests); i++) add_test("/archive", tests[i].name, tests[i].run);
  return g_test_run();
}
