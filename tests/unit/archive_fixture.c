/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/archive_fixture.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <string.h>

typedef struct {
  const char *kind;
  int (*format)(struct archive *);
  int (*filter)(struct archive *);
  const char *options;
} Kind;

static const Kind kinds[] = {
    {"tar", archive_write_set_format_gnutar, NULL, NULL},
    {"pax", archive_write_set_format_pax, NULL, NULL},
    {"ustar", archive_write_set_format_ustar, NULL, NULL},
    {"tar.gz", archive_write_set_format_gnutar, archive_write_add_filter_gzip, "gzip:compression-level=1"},
    {"tar.zst", archive_write_set_format_gnutar, archive_write_add_filter_zstd, NULL},
    {"tar.xz", archive_write_set_format_gnutar, archive_write_add_filter_xz, NULL},
    {"tar.bz2", archive_write_set_format_gnutar, archive_write_add_filter_bzip2, NULL},
    {"zip", archive_write_set_format_zip, NULL, "zip:compression=deflate"},
    {"zip-stored", archive_write_set_format_zip, NULL, "zip:compression=store"},
    {"zip-secret", archive_write_set_format_zip, NULL, "zip:encryption=zipcrypt"},
    {"raw.gz", archive_write_set_format_raw, archive_write_add_filter_gzip, "gzip:compression-level=1"},
    {"7z", archive_write_set_format_7zip, NULL, NULL},
};

static la_ssize_t on_write(struct archive *a, void *user, const void *bytes, size_t n) {
  (void)a;
  g_byte_array_append(user, bytes, (guint)n);
  return (la_ssize_t)n;
}

static void write_member(struct archive *a, const Packed *m) {
  gsize n = 0;
  const void *bytes = m->bytes ? g_bytes_get_data(m->bytes, &n) : NULL;
  struct archive_entry *e = archive_entry_new();
  archive_entry_copy_pathname(e, m->path);
  archive_entry_set_perm(e, 0644);
  archive_entry_set_filetype(e, m->type == 'd'   ? AE_IFDIR
                                : m->type == 'l' ? AE_IFLNK
                                : m->type == 'p' ? AE_IFIFO
                                                 : AE_IFREG);
  archive_entry_set_size(e, (la_int64_t)n);
  if (m->type == 'l') archive_entry_copy_symlink(e, m->target);
  if (m->type == 'h') archive_entry_copy_hardlink(e, m->target);
  int code = archive_write_header(a, e);
  if (code < ARCHIVE_WARN) g_error("%s: %s", m->path, archive_error_string(a));
  if (n) g_assert_cmpint(archive_write_data(a, bytes, n), ==, n);
  archive_entry_free(e);
}

/* The writer of 7z turns names into UTF-16, from the locale's encoding. */
GBytes *archive_bytes(const char *kind, const Packed *members, size_t n) {
  locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
  locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
  const Kind *k = kinds;
  while (strcmp(k->kind, kind) != 0) k++;
  GByteArray *out = g_byte_array_new();
  struct archive *a = archive_write_new();
  g_assert_cmpint(k->format(a), ==, ARCHIVE_OK);
  if (k->filter) g_assert_cmpint(k->filter(a), ==, ARCHIVE_OK);
  if (k->options) g_assert_cmpint(archive_write_set_options(a, k->options), ==, ARCHIVE_OK);
  if (strcmp(kind, "zip-secret") == 0) archive_write_set_passphrase(a, "word");
  archive_write_set_bytes_in_last_block(a, 1);
  g_assert_cmpint(archive_write_open(a, out, NULL, on_write, NULL), ==, ARCHIVE_OK);
  for (size_t i = 0; i < n; i++) write_member(a, &members[i]);
  g_assert_cmpint(archive_write_close(a), ==, ARCHIVE_OK);
  archive_write_free(a);
  if (before) uselocale(before);
  if (utf8) freelocale(utf8);
  return g_byte_array_free_to_bytes(out);
}

void put_bytes(const Fixture *f, const char *path, GBytes *bytes) {
  g_autofree char *full = place(f, path);
  gsize n;
  const char *data = g_bytes_get_data(bytes, &n);
  g_assert_true(g_file_set_contents(full, data ? data : "", (gssize)n, NULL));
}

void put_archive(const Fixture *f, const char *path, const char *kind, const Packed *members, size_t n) {
  g_autoptr(GBytes) bytes = archive_bytes(kind, members, n);
  put_bytes(f, path, bytes);
}

static GBytes *written(const Fixture *f, const TensorOut *tensors, size_t n) {
  g_autofree char *path = g_build_filename(f->top, "staged.safetensors", NULL);
  g_autoptr(GError) error = NULL;
  char *bytes;
  gsize size;
  g_assert_true(safetensors_write(path, tensors, n, NULL, &error));
  g_assert_true(g_file_get_contents(path, &bytes, &size, &error));
  return g_bytes_new_take(bytes, size);
}

GBytes *full_bytes(const Fixture *f) {
  float values[12], bias[3] = {0};
  for (int i = 0; i < 12; i++) values[i] = (float)(i + 1);
  const TensorOut tensors[] = {{.name = "fc.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {3, 4}, .data = values},
                               {.name = "fc.bias", .dtype = DTYPE_F16, .rank = 1, .shape = {3}, .data = bias}};
  return written(f, tensors, 2);
}

GBytes *lora_bytes(const Fixture *f) {
  const TensorOut tensors[] = {
      {.name = "base_model.model.q.lora_A.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {2, 8}, .data = numbers},
      {.name = "base_model.model.q.lora_B.weight", .dtype = DTYPE_F32, .rank = 2, .shape = {6, 2}, .data = numbers}};
  return written(f, tensors, 2);
}

GBytes *text_of(const char *text) { return g_bytes_new_static(text, strlen(text)); }

void tar_header(unsigned char *block, const char *name, guint64 size, char type) {
  memset(block, 0, 512);
  memcpy(block, name, MIN(strlen(name), (size_t)100));
  memcpy(block + 100, "0000644", 8);
  memcpy(block + 108, "0000000", 8);
  memcpy(block + 116, "0000000", 8);
  if (size < (guint64)1 << 33) {
    g_snprintf((char *)block + 124, 12, "%011" G_GINT64_MODIFIER "o", size);
  } else {
    block[124] = 0x80;
    for (int i = 0; i < 8; i++) block[135 - i] = (unsigned char)(size >> (8 * i));
  }
  memcpy(block + 136, "00000000000", 12);
  memset(block + 148, ' ', 8);
  block[156] = (unsigned char)type;
  memcpy(block + 257, "ustar\00000", 8);
  unsigned sum = 0;
  for (int i = 0; i < 512; i++) sum += block[i];
  g_snprintf((char *)block + 148, 8, "%06o", sum);
}

GBytes *gzipped(GBytes *bytes) {
  const Packed member = {.path = "data", .bytes = bytes};
  return archive_bytes("raw.gz", &member, 1);
}
