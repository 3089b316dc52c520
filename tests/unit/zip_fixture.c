/* SPDX-License-Identifier: Apache-2.0 */
#include "zip_fixture.h"

#include <string.h>
#include <zlib.h>

static void put(GByteArray *a, guint64 value, guint bytes) {
  for (guint i = 0; i < bytes; i++) {
    guint8 byte = i < 8 ? (guint8)(value >> 8 * i) : 0;
    g_byte_array_append(a, &byte, 1);
  }
}

static void put_text(GByteArray *a, const char *s) { g_byte_array_append(a, (const guint8 *)s, (guint)strlen(s)); }

void zip_fixture_begin(ZipFixture *z) {
  *z = (ZipFixture){.file = g_byte_array_new(), .directory = g_byte_array_new()};
}

static GByteArray *packed(const void *bytes, size_t n, bool pack) {
  GByteArray *out = g_byte_array_new();
  if (!pack) return g_byte_array_append(out, bytes, (guint)n);
  z_stream s = {.next_in = (Bytef *)(guintptr)bytes, .avail_in = (uInt)n};
  g_assert_cmpint(deflateInit2(&s, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY), ==, Z_OK);
  g_byte_array_set_size(out, (guint)deflateBound(&s, (uLong)n));
  s.next_out = out->data;
  s.avail_out = out->len;
  g_assert_cmpint(deflate(&s, Z_FINISH), ==, Z_STREAM_END);
  g_byte_array_set_size(out, (guint)s.total_out);
  deflateEnd(&s);
  return out;
}

/* What the local and the central header have in common. */
typedef struct {
  const char *name;
  unsigned manner;
  guint32 crc;
  size_t size, packed, offset;
} Member;

static void put_common(GByteArray *a, const Member *m, bool central) {
  bool late = !central && m->manner & ZIP_DESCRIPTOR, wide = m->manner & ZIP_WIDE;
  put(a, 20, 2);
  put(a, m->manner & ZIP_DESCRIPTOR ? 8 : 0, 2);
  put(a, m->manner & ZIP_DEFLATE ? 8 : 0, 2);
  put(a, 0, 4);
  put(a, late ? 0 : m->crc, 4);
  put(a, late ? 0 : wide ? G_MAXUINT32 : m->packed, 4);
  put(a, late ? 0 : wide ? G_MAXUINT32 : m->size, 4);
  put(a, strlen(m->name), 2);
}

static void put_wide(GByteArray *a, const Member *m) {
  put(a, 1, 2);
  put(a, 16, 2);
  put(a, m->size, 8);
  put(a, m->packed, 8);
}

/* An extra field of padding, as long as brings what follows to a multiple of 64. */
static guint padding(const Member *m) {
  size_t end = m->offset + 30 + strlen(m->name) + 4;
  return m->manner & ZIP_ALIGN ? 4 + (guint)((64 - end % 64) % 64) : 0;
}

static void put_local(GByteArray *a, const Member *m) {
  bool wide = m->manner & ZIP_WIDE;
  guint pad = padding(m);
  put_text(a, "PK\3\4");
  put_common(a, m, false);
  put(a, wide ? 20 : pad, 2);
  put_text(a, m->name);
  if (wide) {
    put_wide(a, m);
  } else if (pad) {
    put_text(a, "FB");
    put(a, pad - 4, 2);
    for (guint i = 4; i < pad; i++) put(a, 'Z', 1);
  }
}

static void put_central(GByteArray *a, const Member *m) {
  bool wide = m->manner & ZIP_WIDE;
  put_text(a, "PK\1\2");
  put(a, 20, 2);
  put_common(a, m, true);
  put(a, wide ? 20 : 0, 2);
  put(a, 0, 10); /* comment, disk, attributes within and without */
  put(a, m->offset, 4);
  put_text(a, m->name);
  if (wide) put_wide(a, m);
}

void zip_fixture_add(ZipFixture *z, const char *name, const void *bytes, size_t n, unsigned manner) {
  g_autoptr(GByteArray) data = packed(bytes, n, manner & ZIP_DEFLATE);
  Member m = {.name = name, .manner = manner, .size = n, .packed = data->len, .offset = z->file->len};
  m.crc = (guint32)crc32_z(0, bytes, n);
  put_local(z->file, &m);
  g_byte_array_append(z->file, data->data, data->len);
  if (manner & ZIP_DESCRIPTOR) {
    put_text(z->file, "PK\7\10");
    put(z->file, m.crc, 4);
    put(z->file, m.packed, 4);
    put(z->file, m.size, 4);
  }
  put_central(z->directory, &m);
  z->count++;
}

static void put_end64(GByteArray *a, guint64 count, guint64 size, guint64 offset) {
  guint64 at = a->len;
  put_text(a, "PK\6\6");
  put(a, 44, 8);
  put(a, 45, 2);
  put(a, 45, 2);
  put(a, 0, 8);
  put(a, count, 8);
  put(a, count, 8);
  put(a, size, 8);
  put(a, offset, 8);
  put_text(a, "PK\6\7");
  put(a, 0, 4);
  put(a, at, 8);
  put(a, 1, 4);
}

GBytes *zip_fixture_end(ZipFixture *z, bool wide) {
  guint offset = z->file->len, size = z->directory->len;
  g_byte_array_append(z->file, z->directory->data, size);
  if (wide) put_end64(z->file, z->count, size, offset);
  put_text(z->file, "PK\5\6");
  put(z->file, 0, 4);
  put(z->file, z->count, 2);
  put(z->file, z->count, 2);
  put(z->file, wide ? G_MAXUINT32 : size, 4);
  put(z->file, wide ? G_MAXUINT32 : offset, 4);
  put(z->file, 0, 2);
  g_byte_array_unref(z->directory);
  return g_byte_array_free_to_bytes(g_steal_pointer(&z->file));
}

gssize fixture_find(GBytes *bytes, const void *needle, size_t n, size_t from) {
  gsize size;
  const char *p = g_bytes_get_data(bytes, &size);
  for (size_t i = from; i + n <= size; i++)
    if (memcmp(p + i, needle, n) == 0) return (gssize)i;
  return -1;
}

GBytes *fixture_patch(GBytes *bytes, size_t at, const void *patch, size_t n) {
  gsize size;
  const char *p = g_bytes_get_data(bytes, &size);
  g_assert_cmpuint(at + n, <=, size);
  char *copy = g_memdup2(p, size);
  memcpy(copy + at, patch, n);
  return g_bytes_new_take(copy, size);
}

GBytes *fixture_cut(GBytes *bytes, size_t n) { return g_bytes_new(g_bytes_get_data(bytes, NULL), n); }

void fixture_keep(GBytes *bytes, const char *corpus, const char *name) {
  const char *folder = g_getenv("COPSE_WRITE_CORPUS");
  if (!folder) return;
  g_autofree char *inner = g_build_filename(folder, corpus, NULL);
  g_autofree char *path = g_build_filename(inner, name, NULL);
  gsize n;
  const char *p = g_bytes_get_data(bytes, &n);
  g_assert_cmpint(g_mkdir_with_parents(inner, 0755), ==, 0);
  g_assert_true(g_file_set_contents(path, p, (gssize)n, NULL));
}
