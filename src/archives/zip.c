/* SPDX-License-Identifier: Apache-2.0 */
#include "archives/zip.h"

#include <string.h>

#include "core/error.h"
#include "archives/inflate.h"

enum {
  END_BYTES = 22,     /* end of central directory, without its comment */
  END64_BYTES = 56,   /* its ZIP64 form */
  LOCATOR_BYTES = 20, /* says where that one is */
  CENTRAL_BYTES = 46, /* a member in the directory, without name, extra, comment */
  LOCAL_BYTES = 30,   /* a member's own header, likewise */
  MOST_COMMENT = 65535,
  MOST_DIRECTORY = 64 << 20 /* bytes: some half a million members */
};

/* deflate packs 1032 to 1 at best. Beyond a size that matters, 200 is more than weights reach. */
enum { BEST_RATIO = 1032, BOMB_RATIO = 200, BOMB_SIZE = 64 << 20 };

enum { FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8, FLAG_STRONG = 64, FLAG_MASKED = 8192 };
enum { METHOD_STORED = 0, METHOD_DEFLATED = 8 };

struct ZipFile {
  ByteSource *source;
  GArray *members;     /* of ZipMember */
  GHashTable *by_name; /* name (borrowed) -> index + 1 */
};

/* Where the directory is, as the end record says. */
typedef struct {
  uint64_t count, size, offset;
  uint64_t end; /* where the end records begin */
} Directory;

/* A member's headers while they are read. */
typedef struct {
  ZipMember member;
  unsigned flags, method;
  uint64_t local; /* offset of its own header */
} Entry;

static uint16_t u16(const unsigned char *p) { return (uint16_t)(p[0] | p[1] << 8); }

static uint32_t u32(const unsigned char *p) { return u16(p) | (uint32_t)u16(p + 2) << 16; }

static uint64_t u64(const unsigned char *p) { return u32(p) | (uint64_t)u32(p + 4) << 32; }

static bool signed_as(const unsigned char *p, unsigned char a, unsigned char b) {
  return p[0] == 'P' && p[1] == 'K' && p[2] == a && p[3] == b;
}

static bool fail(const ByteSource *source, const char *name, const char *problem, GError **error) {
  const char *label = byte_source_label(source);
  g_autofree SafeText *shown = safe_text(name, -1);
  if (name)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: ZIP member %s %s%s", label, shown, problem,
                damage_hint(problem));
  else g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: ZIP: %s%s", label, problem, damage_hint(problem));
  return false;
}

bool zip_matches(const unsigned char *head, size_t n) {
  return n >= 4 && (signed_as(head, 3, 4) || signed_as(head, 5, 6));
}

/* Finds the end record: the last signature whose comment reaches exactly to the end. */
static bool find_end(ByteSource *source, unsigned char record[END_BYTES], uint64_t *at, GError **error) {
  uint64_t size = byte_source_size(source);
  if (size < END_BYTES) return fail(source, NULL, "too short for a directory", error);
  size_t n = (size_t)MIN(size, END_BYTES + MOST_COMMENT);
  g_autofree unsigned char *tail = g_malloc(n);
  if (!byte_source_read(source, size - n, tail, n, error)) return false;
  for (size_t i = n - END_BYTES + 1; i-- > 0;) {
    if (!signed_as(tail + i, 5, 6) || u16(tail + i + 20) != n - i - END_BYTES) continue;
    memcpy(record, tail + i, END_BYTES);
    *at = size - n + i;
    return true;
  }
  g_autofree char *problem =
      g_strdup_printf("no directory at its end: a download cut short? %" G_GUINT64_FORMAT " bytes are there", size);
  return fail(source, NULL, problem, error);
}

/* A field of the old end record is right when it is full or says the same as its wide form. */
static bool agrees(uint64_t narrow, uint64_t full, uint64_t wide) { return narrow == full || narrow == wide; }

/* Reads the ZIP64 end record when a locator stands before the old one. */
static bool read_end64(ByteSource *source, Directory *d, GError **error) {
  unsigned char locator[LOCATOR_BYTES], r[END64_BYTES];
  if (d->end < LOCATOR_BYTES) return true;
  uint64_t place = d->end - LOCATOR_BYTES;
  if (!byte_source_read(source, place, locator, sizeof locator, error)) return false;
  if (!signed_as(locator, 6, 7)) return true;
  uint64_t at = u64(locator + 8);
  if (u32(locator + 4) != 0 || u32(locator + 16) > 1)
    return fail(source, NULL, "an archive in several volumes: join them first", error);
  if (place < END64_BYTES || at > place - END64_BYTES)
    return fail(source, NULL, "the ZIP64 directory lies outside the file", error);
  if (!byte_source_read(source, at, r, sizeof r, error)) return false;
  if (!signed_as(r, 6, 6) || u64(r + 4) != place - at - 12)
    return fail(source, NULL, "the ZIP64 end record is damaged", error);
  if (u32(r + 16) != 0 || u32(r + 20) != 0 || u64(r + 24) != u64(r + 32))
    return fail(source, NULL, "an archive in several volumes: join them first", error);
  if (!agrees(d->count, UINT16_MAX, u64(r + 32)) || !agrees(d->size, UINT32_MAX, u64(r + 40)) ||
      !agrees(d->offset, UINT32_MAX, u64(r + 48)))
    return fail(source, NULL, "its two end records disagree", error);
  *d = (Directory){.count = u64(r + 32), .size = u64(r + 40), .offset = u64(r + 48), .end = at};
  return true;
}

static bool find_directory(ByteSource *source, Directory *d, GError **error) {
  unsigned char r[END_BYTES];
  if (!find_end(source, r, &d->end, error)) return false;
  if (u16(r + 4) != 0 || u16(r + 6) != 0 || u16(r + 8) != u16(r + 10))
    return fail(source, NULL, "an archive in several volumes: join them first", error);
  d->count = u16(r + 10);
  d->size = u32(r + 12);
  d->offset = u32(r + 16);
  if (!read_end64(source, d, error)) return false;
  if (d->size > d->end || d->offset != d->end - d->size)
    return fail(source, NULL, "the directory does not end where the end record begins", error);
  if (d->size > MOST_DIRECTORY)
    return fail(source, NULL, "the directory is above 64 MB, more than weights need", error);
  if (d->count > d->size / CENTRAL_BYTES)
    return fail(source, NULL, "more members than the directory has room for", error);
  return true;
}

/* Reads the wide sizes out of the ZIP64 extra field, for those that the header leaves full.
 * False when a field overruns or a wide size is missing. */
static bool read_extra(const unsigned char *p, size_t n, uint64_t *const full[], size_t count) {
  size_t wanted = 0;
  for (size_t i = 0; i < count; i++) wanted += *full[i] == UINT32_MAX;
  while (n >= 4) {
    size_t length = u16(p + 2);
    if (length > n - 4) return false;
    if (u16(p) == 1 && wanted > 0) {
      const unsigned char *q = p + 4, *end = q + length;
      for (size_t i = 0; i < count; i++) {
        if (*full[i] != UINT32_MAX) continue;
        if (end - q < 8) return false;
        *full[i] = u64(q);
        q += 8;
      }
      return true;
    }
    p += 4 + length;
    n -= 4 + length;
  }
  return wanted == 0;
}

static const char *method_problem(const Entry *e) {
  if (e->flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_MASKED))
    return "is encrypted: unpack the archive with its password first";
  if (e->method != METHOD_STORED && e->method != METHOD_DEFLATED)
    return "is packed by a method that is not read: store or deflate it instead";
  if (e->method == METHOD_STORED && e->member.size != e->member.packed) return "is stored, yet has two sizes";
  return NULL;
}

/* Takes the next member off the directory; *at moves on. The name is allocated. */
static const char *read_central(const unsigned char *dir, size_t n, size_t *at, Entry *e) {
  const unsigned char *p = dir + *at;
  if (n - *at < CENTRAL_BYTES || !signed_as(p, 1, 2)) return "a damaged entry in the directory";
  size_t name = u16(p + 28), extra = u16(p + 30), comment = u16(p + 32);
  if (name + extra + comment > n - *at - CENTRAL_BYTES) return "an entry that leaves the directory";
  e->flags = u16(p + 8);
  e->method = u16(p + 10);
  e->member = (ZipMember){.crc = u32(p + 16), .packed = u32(p + 20), .size = u32(p + 24)};
  e->local = u32(p + 42);
  uint64_t *const full[] = {&e->member.size, &e->member.packed, &e->local};
  if (!read_extra(p + CENTRAL_BYTES + name, extra, full, 3)) return "an entry whose extra field is damaged";
  if (u16(p + 34) != 0) return "an archive in several volumes: join them first";
  if (name == 0 || memchr(p + CENTRAL_BYTES, '\0', name)) return "a name that is empty or holds NUL";
  e->member.name = g_strndup((const char *)p + CENTRAL_BYTES, name);
  e->member.stored = e->method == METHOD_STORED;
  *at += CENTRAL_BYTES + name + extra + comment;
  return NULL;
}

/* What a descriptor after the data says may be missing, as 0 or full, before it. */
static bool size_agrees(bool descriptor, uint64_t local, uint64_t central) {
  return local == central || (descriptor && (local == 0 || local == UINT32_MAX));
}

static const char *compare_local(const Entry *e, const unsigned char *p, const unsigned char *rest, size_t name,
                                 size_t extra) {
  enum { COMPARED = FLAG_ENCRYPTED | FLAG_DESCRIPTOR | FLAG_STRONG | FLAG_MASKED };
  if (name != strlen(e->member.name) || memcmp(rest, e->member.name, name) != 0)
    return "has another name in its own header";
  if (u16(p + 8) != e->method || ((u16(p + 6) ^ e->flags) & COMPARED) != 0)
    return "has other flags or another method in its own header";
  bool descriptor = e->flags & FLAG_DESCRIPTOR;
  uint64_t packed = u32(p + 18), size = u32(p + 22);
  uint64_t *const full[] = {&size, &packed};
  if (!read_extra(rest + name, extra, full, 2) && !descriptor) return "has a damaged extra field in its own header";
  if (!size_agrees(descriptor, size, e->member.size) || !size_agrees(descriptor, packed, e->member.packed) ||
      (u32(p + 14) != e->member.crc && !(descriptor && u32(p + 14) == 0)))
    return "has other sizes or another checksum in its own header";
  return NULL;
}

/* Reads the member's own header and sets where its bytes begin. */
static bool read_local(ByteSource *source, Entry *e, uint64_t end, GError **error) {
  const char *name_shown = e->member.name;
  unsigned char p[LOCAL_BYTES];
  if (end < LOCAL_BYTES || e->local > end - LOCAL_BYTES)
    return fail(source, name_shown, "begins outside the file", error);
  if (!byte_source_read(source, e->local, p, sizeof p, error)) return false;
  if (!signed_as(p, 3, 4)) return fail(source, name_shown, "has no header of its own", error);
  size_t name = u16(p + 26), extra = u16(p + 28);
  e->member.start = e->local + LOCAL_BYTES + name + extra;
  if (e->member.start > end || e->member.packed > end - e->member.start)
    return fail(source, name_shown, "reaches beyond the directory: a download cut short?", error);
  g_autofree unsigned char *rest = g_malloc(name + extra + 1);
  if (!byte_source_read(source, e->local + LOCAL_BYTES, rest, name + extra, error)) return false;
  const char *problem = compare_local(e, p, rest, name, extra);
  return !problem || fail(source, name_shown, problem, error);
}

static void member_clear(void *data) { g_free(((ZipMember *)data)->name); }

/* Where a member lies, with its own header. */
typedef struct {
  uint64_t begin, end;
  guint index;
} Span;

static int by_place(const void *a, const void *b) {
  const Span *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

/* Members that share bytes are how small archives unpack to everything. */
static bool check_spans(const ZipFile *zip, GArray *spans, GError **error) {
  g_array_sort(spans, by_place);
  uint64_t at = 0;
  for (guint i = 0; i < spans->len; i++) {
    const Span *s = &g_array_index(spans, Span, i);
    if (s->begin < at) return fail(zip->source, zip_member(zip, s->index)->name, "overlaps another member", error);
    at = s->end;
  }
  return true;
}

static bool add_member(ZipFile *zip, Entry *e, GArray *spans, GError **error) {
  ZipMember *m = &e->member;
  bool twice = g_hash_table_contains(zip->by_name, m->name);
  g_array_append_val(zip->members, *m);
  if (twice) return fail(zip->source, m->name, "appears twice", error);
  g_hash_table_insert(zip->by_name, m->name, GSIZE_TO_POINTER(zip->members->len));
  Span s = {e->local, m->start + m->packed, zip->members->len - 1};
  g_array_append_val(spans, s);
  return true;
}

static bool read_members(ZipFile *zip, const Directory *d, const unsigned char *dir, GError **error) {
  g_autoptr(GArray) spans = g_array_new(FALSE, FALSE, sizeof(Span));
  size_t at = 0;
  for (uint64_t i = 0; i < d->count; i++) {
    Entry e = {0};
    const char *problem = read_central(dir, (size_t)d->size, &at, &e);
    if (problem) return fail(zip->source, NULL, problem, error);
    problem = method_problem(&e);
    bool ok =
        problem ? fail(zip->source, e.member.name, problem, error) : read_local(zip->source, &e, d->offset, error);
    if (!ok) {
      g_free(e.member.name);
      return false;
    }
    if (!add_member(zip, &e, spans, error)) return false;
  }
  if (at != d->size) return fail(zip->source, NULL, "bytes follow the last entry", error);
  return check_spans(zip, spans, error);
}

ZipFile *zip_open(ByteSource *source, GError **error) {
  Directory d = {0};
  if (!find_directory(source, &d, error)) return NULL;
  g_autoptr(ZipFile) zip = g_new0(ZipFile, 1);
  zip->source = byte_source_ref(source);
  zip->members = g_array_new(FALSE, FALSE, sizeof(ZipMember));
  g_array_set_clear_func(zip->members, member_clear);
  zip->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  g_autofree unsigned char *dir = g_malloc((size_t)d.size + 1);
  if (!byte_source_read(source, d.offset, dir, (size_t)d.size, error)) return NULL;
  return read_members(zip, &d, dir, error) ? g_steal_pointer(&zip) : NULL;
}

void zip_free(ZipFile *zip) {
  if (!zip) return;
  g_hash_table_unref(zip->by_name);
  g_array_unref(zip->members);
  byte_source_unref(zip->source);
  g_free(zip);
}

ByteSource *zip_source(const ZipFile *zip) { return zip->source; }

size_t zip_count(const ZipFile *zip) { return zip->members->len; }

const ZipMember *zip_member(const ZipFile *zip, size_t i) {
  g_return_val_if_fail(i < zip->members->len, NULL);
  return &g_array_index(zip->members, ZipMember, i);
}

const ZipMember *zip_find(const ZipFile *zip, const char *name) {
  size_t i = GPOINTER_TO_SIZE(g_hash_table_lookup(zip->by_name, name));
  return i ? zip_member(zip, i - 1) : NULL;
}

static char *member_label(const ZipFile *zip, const ZipMember *m) {
  return g_strdup_printf("%s!%s", byte_source_label(zip->source), m->name);
}

static bool may_unpack(const ZipFile *zip, const ZipMember *m, uint64_t limit, GError **error) {
  if (m->size / BEST_RATIO > m->packed || (m->size > BOMB_SIZE && m->size / BOMB_RATIO > m->packed))
    return fail(zip->source, m->name, "unpacks to more than weights can: a bomb?", error);
  if (m->size <= limit && m->size < SIZE_MAX - 1) return true;
  g_autofree char *size = text_bytes(m->size), *most = text_bytes(limit);
  g_autofree SafeText *shown = safe_text(m->name, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: ZIP member %s unpacks to %s, above the %s that are read: store it instead",
              byte_source_label(zip->source), shown, size, most);
  return false;
}

static Inflation inflation_of(const ZipFile *zip, const ZipMember *m) {
  return (Inflation){.source = zip->source, .start = m->start, .packed = m->packed};
}

static ByteSource *history_source(const ZipFile *zip, const ZipMember *m, GBytes *bytes) {
  g_autofree char *label = member_label(zip, m);
  return byte_source_from_bytes(bytes, label);
}

static GBytes *unpack(ZipFile *zip, const ZipMember *m, GError **error) {
  size_t size = (size_t)m->size;
  Inflation in = inflation_of(zip, m);
  /* One byte more than is declared, so that a longer stream shows. */
  g_autofree unsigned char *out = g_try_malloc(size + 1);
  const char *problem = NULL;
  if (!out) problem = "does not fit in memory: unpack the archive first";
  else if (!inflate_into(&in, out, size + 1, error)) return NULL;
  else if (!in.ended || in.got != size) problem = "does not unpack to the size it declares";
  else if (inflate_crc(out, size) != m->crc) problem = "is damaged: its checksum is wrong";
  if (!problem) return g_bytes_new_take(g_steal_pointer(&out), size);
  fail(zip->source, m->name, problem, error);
  return NULL;
}

static GBytes *copy(ZipFile *zip, const ZipMember *m, GError **error) {
  g_autofree unsigned char *out = g_try_malloc((size_t)m->size + 1);
  if (!out) {
    fail(zip->source, m->name, "does not fit in memory: unpack the archive first", error);
    return NULL;
  }
  if (!byte_source_read(zip->source, m->start, out, (size_t)m->size, error)) return NULL;
  return g_bytes_new_take(g_steal_pointer(&out), (size_t)m->size);
}

GBytes *zip_member_bytes(ZipFile *zip, const ZipMember *m, uint64_t limit, GError **error) {
  if (!may_unpack(zip, m, limit, error)) return NULL;
  return m->stored ? copy(zip, m, error) : unpack(zip, m, error);
}

ByteSource *zip_member_source(ZipFile *zip, const ZipMember *m, uint64_t limit, GError **error) {
  if (m->stored) {
    g_autofree char *label = member_label(zip, m);
    return byte_source_window(zip->source, m->start, m->size, label);
  }
  g_autoptr(GBytes) bytes = zip_member_bytes(zip, m, limit, error);
  return bytes ? history_source(zip, m, bytes) : NULL;
}

ByteSource *zip_member_head(ZipFile *zip, const ZipMember *m, size_t n, GError **error) {
  size_t room = (size_t)MIN(m->size, n);
  if (m->stored) {
    g_autofree char *label = member_label(zip, m);
    return byte_source_window(zip->source, m->start, room, label);
  }
  g_autofree unsigned char *out = g_malloc(room + 1);
  Inflation in = inflation_of(zip, m);
  if (!inflate_into(&in, out, room, error)) return NULL;
  if (in.got != room) {
    fail(zip->source, m->name, "does not unpack to the size it declares", error);
    return NULL;
  }
  g_autoptr(GBytes) bytes = g_bytes_new_take(g_steal_pointer(&out), room);
  return history_source(zip, m, bytes);
}
