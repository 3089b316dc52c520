/* SPDX-License-Identifier: Apache-2.0 */
/* The layout is that of 7zFormat.txt in the LZMA SDK, and of "The .xz File Format", 1.2.0. */
#include "archives/dictionary.h"

#include <lzma.h>
#include <string.h>

#include "core/error.h"

enum { MOST_HEADER = 16 << 20, MOST_FOLDERS = 1 << 20, MOST_CODERS = 8, MOST_PROPS = 16, MOST_STREAMS = 64 };
enum { K_END, K_HEADER, K_PROPERTIES, K_ADDITIONAL, K_MAIN, K_PACK = 6, K_FOLDERS, K_SIZE = 9, K_DIGEST, K_FOLDER };
enum { K_UNPACK_SIZE = 12, K_ENCODED = 0x17 };
enum { METHOD_COPY = 0, METHOD_LZMA2 = 0x21, METHOD_LZMA = 0x030101, METHOD_PPMD = 0x030401 };

/* Bytes that are read one after another; what lies beyond the end reads as zeros and sets `short_of`. */
typedef struct {
  const unsigned char *at, *end;
  bool short_of;
} Bytes;

static unsigned take_byte(Bytes *b) {
  if (b->at < b->end) return *b->at++;
  b->short_of = true;
  return 0;
}

static const unsigned char *take_bytes(Bytes *b, uint64_t n) {
  const unsigned char *p = b->at;
  if (n > (uint64_t)(b->end - b->at)) {
    b->short_of = true;
    return NULL;
  }
  b->at += n;
  return p;
}

/* 7z's numbers: leading ones of the first byte say how many bytes follow, its other bits are the highest. */
static uint64_t take_number(Bytes *b) {
  unsigned first = take_byte(b), mask = 0x80;
  uint64_t value = 0;
  for (int i = 0; i < 8; i++, mask >>= 1) {
    if (!(first & mask)) return value | (uint64_t)(first & (mask - 1)) << (8 * i);
    value |= (uint64_t)take_byte(b) << (8 * i);
  }
  return value;
}

static uint64_t little(const unsigned char *p, int n) {
  uint64_t value = 0;
  for (int i = n; i-- > 0;) value = value << 8 | p[i];
  return value;
}

/* LZMA2's one byte for the size of its dictionary. */
static uint64_t lzma2_size(unsigned code) {
  return code >= 40 ? UINT32_MAX : (uint64_t)(2 | (code & 1)) << (code / 2 + 11);
}

typedef struct {
  uint64_t method;
  const unsigned char *props; /* may be NULL */
  size_t n;
} Coder;

/* What the coders of one folder take together, and the first of them. */
typedef struct {
  Coder first;
  unsigned coders;
  uint64_t outs, memory;
} Folder;

static uint64_t memory_of(const Coder *c) {
  if (c->method == METHOD_LZMA2 && c->n >= 1) return lzma2_size(c->props[0]);
  if ((c->method == METHOD_LZMA || c->method == METHOD_PPMD) && c->n >= 5) return little(c->props + 1, 4);
  return 0;
}

static bool take_coder(Bytes *b, Coder *c, uint64_t *ins, uint64_t *outs) {
  unsigned flags = take_byte(b);
  const unsigned char *id = take_bytes(b, flags & 15);
  *c = (Coder){0};
  for (unsigned i = 0; id && i < (flags & 15) && i < 8; i++) c->method = c->method << 8 | id[i];
  *ins = flags & 0x10 ? take_number(b) : 1;
  *outs = flags & 0x10 ? take_number(b) : 1;
  if (flags & 0x20) {
    c->n = (size_t)take_number(b);
    c->props = take_bytes(b, c->n);
  }
  return !b->short_of && !(flags & 0x80) && *ins <= MOST_STREAMS && *outs <= MOST_STREAMS;
}

static bool take_folder(Bytes *b, Folder *f) {
  uint64_t ins = 0, n = take_number(b);
  *f = (Folder){.coders = (unsigned)MIN(n, MOST_CODERS + 1)};
  if (n == 0 || n > MOST_CODERS) return false;
  for (unsigned i = 0; i < n; i++) {
    Coder c;
    uint64_t in, out;
    if (!take_coder(b, &c, &in, &out)) return false;
    if (i == 0) f->first = c;
    ins += in;
    f->outs += out;
    f->memory += memory_of(&c);
  }
  uint64_t pairs = f->outs ? f->outs - 1 : 0, packed = ins > pairs ? ins - pairs : 0;
  for (uint64_t i = 0; i < 2 * pairs; i++) take_number(b);
  for (uint64_t i = 0; packed > 1 && i < packed; i++) take_number(b);
  return !b->short_of;
}

/* What a description of streams says: where the first lies, its sizes, and the dearest folder. */
typedef struct {
  uint64_t at, packed, unpacked, folders;
  Folder first;
  uint64_t memory;
} Streams;

static bool skip_digests(Bytes *b, uint64_t n) {
  uint64_t defined = n;
  if (!take_byte(b)) {
    const unsigned char *bits = take_bytes(b, (n + 7) / 8);
    defined = 0;
    for (uint64_t i = 0; bits && i < n; i++) defined += bits[i / 8] >> (7 - i % 8) & 1;
  }
  return take_bytes(b, 4 * defined) != NULL;
}

static bool take_pack_info(Bytes *b, Streams *s) {
  s->at = take_number(b);
  uint64_t n = take_number(b);
  if (n > MOST_FOLDERS) return false;
  for (unsigned what; (what = take_byte(b)) != K_END;) {
    if (what == K_DIGEST ? !skip_digests(b, n) : what != K_SIZE) return false;
    for (uint64_t i = 0; what == K_SIZE && i < n && !b->short_of; i++) {
      uint64_t size = take_number(b);
      if (i == 0) s->packed = size;
    }
  }
  return !b->short_of;
}

static bool take_folders(Bytes *b, Streams *s) {
  uint64_t outs = 0;
  if (take_byte(b) != K_FOLDER) return false;
  s->folders = take_number(b);
  if (s->folders > MOST_FOLDERS || take_byte(b) != 0) return false; /* folders that lie elsewhere */
  for (uint64_t i = 0; i < s->folders; i++) {
    Folder f;
    if (!take_folder(b, &f)) return false;
    if (i == 0) s->first = f;
    outs += f.outs;
    s->memory = MAX(s->memory, f.memory);
  }
  if (take_byte(b) != K_UNPACK_SIZE) return false;
  for (uint64_t i = 0; i < outs && !b->short_of; i++) {
    uint64_t size = take_number(b);
    if (i == 0) s->unpacked = size;
  }
  return !b->short_of; /* checksums and parts of folders follow, which cost nothing */
}

static bool take_streams(Bytes *b, Streams *s) {
  *s = (Streams){0};
  unsigned what = take_byte(b);
  if (what == K_PACK) {
    if (!take_pack_info(b, s)) return false;
    what = take_byte(b);
  }
  return what == K_FOLDERS ? take_folders(b, s) : what == K_END && !b->short_of;
}

/* --- the packed header ------------------------------------------------------------------------ */

static bool unpack_lzma(const Streams *s, const unsigned char *in, unsigned char *out) {
  const Coder *c = &s->first.first;
  lzma_filter filters[2] = {{.id = c->method == METHOD_LZMA ? LZMA_FILTER_LZMA1 : LZMA_FILTER_LZMA2},
                            {.id = LZMA_VLI_UNKNOWN}};
  lzma_stream stream = LZMA_STREAM_INIT;
  if (lzma_properties_decode(&filters[0], NULL, c->props, c->n) != LZMA_OK) return false;
  stream.next_in = in;
  stream.avail_in = (size_t)s->packed;
  stream.next_out = out;
  stream.avail_out = (size_t)s->unpacked;
  lzma_ret code = lzma_raw_decoder(&stream, filters);
  while (code == LZMA_OK && stream.avail_out > 0) code = lzma_code(&stream, LZMA_RUN);
  bool whole = stream.avail_out == 0;
  lzma_end(&stream);
  free(filters[0].options);
  return whole;
}

/* The header that a packed one stands for; NULL when it cannot be had. The caller frees it. */
static unsigned char *unpack_header(ByteSource *source, const Streams *s) {
  const Coder *c = &s->first.first;
  bool known = c->method == METHOD_COPY || c->method == METHOD_LZMA || c->method == METHOD_LZMA2;
  if (s->folders != 1 || s->first.coders != 1 || !known || s->memory > DICTIONARY_MOST) return NULL;
  if (s->packed > MOST_HEADER || s->unpacked > MOST_HEADER || s->at > byte_source_size(source)) return NULL;
  g_autofree unsigned char *in = g_try_malloc(s->packed + 1), *out = g_try_malloc(s->unpacked + 1);
  if (!in || !out || !byte_source_read(source, 32 + s->at, in, (size_t)s->packed, NULL)) return NULL;
  if (c->method == METHOD_COPY) return s->packed == s->unpacked ? g_steal_pointer(&in) : NULL;
  return unpack_lzma(s, in, out) ? g_steal_pointer(&out) : NULL;
}

/* Headers are packed once, or in theory again. False when they cannot be understood. */
static bool memory_of_7z(ByteSource *source, const unsigned char *head, uint64_t *memory) {
  uint64_t at = little(head + 12, 8), n = little(head + 20, 8), size = byte_source_size(source);
  if (n == 0 || at > size || n > size) return true; /* an empty one, or cut short: the reader says so */
  g_autofree unsigned char *header = n <= MOST_HEADER ? g_try_malloc(n + 1) : NULL;
  if (!header) return false;
  if (!byte_source_read(source, 32 + at, header, (size_t)n, NULL)) return true;
  for (int packed = 0; packed < 3; packed++) {
    Bytes b = {header, header + n, false};
    Streams s = {0};
    unsigned what = take_byte(&b);
    if (what == K_HEADER) {
      what = take_byte(&b);
      bool ok = what == K_MAIN ? take_streams(&b, &s) : what == K_END || what == K_MAIN + 1;
      *memory = MAX(*memory, s.memory);
      return ok;
    }
    if (what != K_ENCODED || !take_streams(&b, &s)) return false;
    *memory = MAX(*memory, s.memory);
    unsigned char *inner = s.memory <= DICTIONARY_MOST ? unpack_header(source, &s) : NULL;
    if (!inner) return s.memory > DICTIONARY_MOST;
    g_free(header);
    header = inner;
    n = s.unpacked;
  }
  return false;
}

/* The dictionary of the first block; 0 when there is none. */
static uint64_t memory_of_xz(const unsigned char *head, size_t n) {
  enum { STREAM = 12 };
  if (n < STREAM + 2 || head[STREAM] == 0) return 0;
  Bytes b = {head + STREAM + 2, head + MIN(n, STREAM + ((size_t)head[STREAM] + 1) * 4), false};
  unsigned flags = head[STREAM + 1];
  uint64_t memory = 0;
  for (unsigned sizes = (flags >> 6 & 1) + (flags >> 7); sizes > 0; sizes--)
    while (take_byte(&b) & 0x80) continue;
  for (unsigned i = 0; i <= (flags & 3) && !b.short_of; i++) {
    unsigned id = take_byte(&b), props = take_byte(&b);
    const unsigned char *p = take_bytes(&b, props);
    if (id == METHOD_LZMA2 && props == 1 && p) memory += lzma2_size(*p);
  }
  return memory;
}

bool dictionary_check(ByteSource *source, GError **error) {
  unsigned char head[12 + 1024];
  size_t n = (size_t)MIN(byte_source_size(source), (uint64_t)sizeof head);
  uint64_t memory = 0;
  bool told = true;
  if (n < 32 || !byte_source_read(source, 0, head, n, NULL)) return true;
  if (memcmp(head, "7z\xbc\xaf\x27\x1c", 6) == 0) told = memory_of_7z(source, head, &memory);
  else if (memcmp(head,
                  "\xfd"
                  "7zXZ",
                  6) == 0)
    memory = memory_of_xz(head, n);
  if (told && memory <= DICTIONARY_MOST) return true;
  if (told)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: unpacking it takes %" G_GUINT64_FORMAT
                " MB of memory, above the limit of 201 MB: pack it again with a smaller dictionary",
                byte_source_label(source), memory / 1000000);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: a 7z whose header cannot be read: damaged? fetch it again",
                byte_source_label(source));
  return false;
}
