/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/hdf5_object.h"

#include <string.h>

#include "core/text.h"

enum { MOST_MESSAGES = 4096, MOST_BLOCKS = 64, MOST_LINKS = 65536, MOST_NAME = 1024 };
enum {
  MESSAGE_SPACE = 0x01,
  MESSAGE_LINK_INFO = 0x02,
  MESSAGE_TYPE = 0x03,
  MESSAGE_LINK = 0x06,
  MESSAGE_LAYOUT = 0x08,
  MESSAGE_FILTERS = 0x0b,
  MESSAGE_CONTINUED = 0x10,
  MESSAGE_TABLE = 0x11
};

/* A stretch of messages. */
typedef struct {
  uint64_t at, end;
} Block;

typedef struct {
  Hdf5Object *o;
  ByteCursor c;
  uint64_t base;
  bool second;      /* version 2 of the header */
  unsigned flags;   /* of that */
  GArray *blocks;   /* of Block, still to be read */
  unsigned visited; /* blocks so far */
  GError **error;
} Header;

static bool fail(Header *h, const char *problem) { return byte_cursor_fail(&h->c, h->error, problem); }

static bool little(Header *h, unsigned width, uint64_t *value) {
  return byte_cursor_little(&h->c, width, value, h->error);
}

static bool add_block(Header *h, uint64_t address, uint64_t bytes) {
  Block b;
  if (h->blocks->len + h->visited >= MOST_BLOCKS) return fail(h, "an object header of too many parts");
  if (__builtin_add_overflow(address, h->base, &b.at) || __builtin_add_overflow(b.at, bytes, &b.end))
    return fail(h, "an address beyond all measure");
  g_array_append_val(h->blocks, b);
  return true;
}

static bool read_space(Header *h) {
  uint64_t version, rank, flags, skip;
  if (!little(h, 1, &version) || !little(h, 1, &rank) || !little(h, 1, &flags)) return false;
  if (version != 1 && version != 2) return fail(h, "a data space of an unknown version");
  if (rank > TENSOR_MAX_RANK) return fail(h, "a data set of more than 8 dimensions");
  if (!little(h, version == 1 ? 5 : 1, &skip)) return false;
  h->o->rank = (int)rank;
  h->o->has_space = true;
  for (int i = 0; i < h->o->rank; i++)
    if (!little(h, 8, &h->o->shape[i])) return false;
  return true;
}

static bool dtype_of(unsigned class, unsigned bits, uint64_t size, Dtype *d) {
  static const Dtype floats[9] = {[2] = DTYPE_F16, [4] = DTYPE_F32, [8] = DTYPE_F64};
  static const Dtype whole[2][9] = {{[1] = DTYPE_U8, [2] = DTYPE_U16, [4] = DTYPE_U32, [8] = DTYPE_U64},
                                    {[1] = DTYPE_I8, [2] = DTYPE_I16, [4] = DTYPE_I32, [8] = DTYPE_I64}};
  if (size > 8 || (size & (size - 1)) || size == 0 || (class == 1 && size == 1)) return false;
  *d = class == 1 ? floats[size] : whole[bits >> 3 & 1][size];
  return true;
}

/* Whole numbers and floats of IEEE; all others are of no interest. */
static bool read_type(Header *h) {
  uint64_t head, bits, size;
  if (!little(h, 1, &head) || !little(h, 3, &bits) || !little(h, 4, &size)) return false;
  const unsigned class = head & 15;
  h->o->has_type = true;
  h->o->big_endian = bits & 1;
  bool vax = class == 1 && (bits & 0x40);
  h->o->is_number = class <= 1 && !vax && dtype_of(class, (unsigned)bits, size, &h->o->dtype);
  return true;
}

static bool read_chunk_shape(Header *h, unsigned width) {
  Hdf5Object *o = h->o;
  if (o->chunk_rank < 1 || o->chunk_rank > TENSOR_MAX_RANK + 1) return fail(h, "chunks of more than 8 dimensions");
  for (int i = 0; i < o->chunk_rank; i++)
    if (!little(h, width, &o->chunk[i])) return false;
  return true;
}

/* Version 3: always a B-tree of version 1. */
static bool read_chunks(Header *h) {
  uint64_t rank;
  if (!little(h, 1, &rank) || !little(h, 8, &h->o->at)) return false;
  h->o->chunk_rank = (int)rank;
  return read_chunk_shape(h, 4);
}

static bool read_indexed_chunks(Header *h) {
  static const unsigned skips[] = {[1] = 0, [2] = 0, [3] = 1, [4] = 5, [5] = 6};
  uint64_t flags, rank, width, index, mask = 0, skip;
  Hdf5Object *o = h->o;
  if (!little(h, 1, &flags) || !little(h, 1, &rank) || !little(h, 1, &width)) return false;
  if (width < 1 || width > 8) return fail(h, "chunks whose size is not told");
  o->chunk_rank = (int)rank;
  if (!read_chunk_shape(h, (unsigned)width) || !little(h, 1, &index)) return false;
  if (index < 1 || index > 5) return fail(h, "chunks with an unknown index");
  o->chunk_index = (unsigned)index;
  if (index == 1 && (flags & 2) && (!little(h, 8, &o->bytes) || !little(h, 4, &mask))) return false;
  o->chunk_mask = (uint32_t)mask;
  for (unsigned i = 0; i < skips[index]; i++)
    if (!little(h, 1, &skip)) return false;
  return little(h, 8, &o->at);
}

/* Identifiers below 256 have no name in the second version. */
static bool read_filters(Header *h) {
  uint64_t version, n, id, name, flags, values, value, skip;
  Hdf5Filters *f = &h->o->filters;
  if (!little(h, 1, &version) || !little(h, 1, &n)) return false;
  if (version != 1 && version != 2) return fail(h, "filters of an unknown version");
  if (version == 1 && !byte_cursor_skip(&h->c, 6, h->error)) return false;
  for (uint64_t i = 0; i < n; i++) {
    name = 0;
    if (!little(h, 2, &id) || ((version == 1 || id >= 256) && !little(h, 2, &name)) || !little(h, 2, &flags) ||
        !little(h, 2, &values))
      return false;
    if (version == 1) name = (name + 7) / 8 * 8;
    if (!byte_cursor_skip(&h->c, name, h->error)) return false;
    f->overflow |= i >= G_N_ELEMENTS(f->id);
    for (uint64_t k = 0; k < values; k++) {
      if (!little(h, 4, &value)) return false;
      if (k == 0 && !f->overflow) f->value[i] = (unsigned)value;
    }
    if (version == 1 && values % 2 == 1 && !little(h, 4, &skip)) return false;
    if (!f->overflow) f->id[f->n++] = (unsigned)id;
  }
  return true;
}

static bool read_layout(Header *h) {
  Hdf5Object *o = h->o;
  uint64_t version, class;
  if (!little(h, 1, &version) || !little(h, 1, &class)) return false;
  o->layout = HDF5_CHUNKED; /* the least that can be said of a layout that is not read */
  if (version != 3 && version != 4) return true;
  if (class == 0) {
    if (!little(h, 2, &o->bytes)) return false;
    o->layout = HDF5_COMPACT;
    o->at = h->c.at - h->base;
  } else if (class == 1) {
    if (!little(h, 8, &o->at) || !little(h, 8, &o->bytes)) return false;
    o->layout = HDF5_CONTIGUOUS;
  } else if (class == 2) {
    return version == 3 ? read_chunks(h) : read_indexed_chunks(h);
  }
  return true;
}

/* A link in the header of a group: hard ones alone lead to an object. */
static bool read_link(Header *h) {
  uint64_t version, flags, type = 0, skip, n;
  Hdf5Link link;
  if (!little(h, 1, &version) || !little(h, 1, &flags)) return false;
  if (version != 1) return fail(h, "a link of an unknown version");
  if ((flags & 8) && !little(h, 1, &type)) return false;
  if ((flags & 4) && !little(h, 8, &skip)) return false;
  if ((flags & 16) && !little(h, 1, &skip)) return false;
  if (!little(h, 1u << (flags & 3), &n)) return false;
  if (n == 0 || n > MOST_NAME) return fail(h, "a name that is empty or beyond measure");
  const unsigned char *name = byte_cursor_take(&h->c, (size_t)n, h->error);
  if (!name) return false;
  if (type != 0) return true;
  link.name = g_strndup((const char *)name, (gsize)n);
  if (!little(h, 8, &link.address) || h->o->links->len == MOST_LINKS) {
    g_free(link.name);
    return h->o->links->len < MOST_LINKS ? false : fail(h, "a group of too many links");
  }
  g_array_append_val(h->o->links, link);
  return true;
}

/* Links that lie in a heap have a tree of their own. */
static bool read_link_info(Header *h) {
  uint64_t version, flags, skip, heap;
  if (!little(h, 1, &version) || !little(h, 1, &flags)) return false;
  if ((flags & 1) && !little(h, 8, &skip)) return false;
  if (!little(h, 8, &heap)) return false;
  h->o->has_dense |= heap != HDF5_UNDEFINED;
  return true;
}

static bool read_body(Header *h, uint64_t type) {
  uint64_t address, bytes;
  switch (type) {
    case MESSAGE_SPACE:
      return read_space(h);
    case MESSAGE_TYPE:
      return read_type(h);
    case MESSAGE_LAYOUT:
      return read_layout(h);
    case MESSAGE_FILTERS:
      return read_filters(h);
    case MESSAGE_LINK:
      return read_link(h);
    case MESSAGE_LINK_INFO:
      return read_link_info(h);
    case MESSAGE_CONTINUED:
      if (!little(h, 8, &address) || !little(h, 8, &bytes)) return false;
      return add_block(h, address, bytes);
    case MESSAGE_TABLE:
      h->o->has_table = true;
      return little(h, 8, &h->o->tree) && little(h, 8, &h->o->heap);
    default:
      return true;
  }
}

/* Type, length, flags; a message that is shared with other objects lies elsewhere. */
static bool read_message(Header *h, uint64_t end) {
  uint64_t type, size, flags, skip;
  if (!little(h, h->second ? 1 : 2, &type) || !little(h, 2, &size) || !little(h, 1, &flags)) return false;
  if (!h->second && !little(h, 3, &skip)) return false;
  if (h->second && (h->flags & 4) && !little(h, 2, &skip)) return false;
  if (size > end - h->c.at) return fail(h, "a message that reaches beyond its header");
  const uint64_t after = h->c.at + size, outer = h->c.end;
  h->c.end = after;
  bool ok = (flags & 2) || read_body(h, type);
  h->c.end = outer;
  h->c.at = after;
  return ok;
}

static bool read_block(Header *h, const Block *b) {
  const uint64_t least = h->second ? 4 : 8;
  unsigned messages = 0;
  h->c.at = b->at;
  if (b->end > h->c.end) return byte_cursor_skip(&h->c, b->end - b->at, h->error);
  if (h->second && h->visited > 0) { /* a part that is not the first */
    const unsigned char *mark = byte_cursor_take(&h->c, 4, h->error);
    if (!mark) return false;
    if (memcmp(mark, "OCHK", 4) != 0) return fail(h, "a part of an object header that does not begin as one");
  }
  const uint64_t end = h->second && h->visited > 0 ? b->end - MIN(4, b->end - b->at) : b->end;
  while (h->c.at < end && end - h->c.at >= least) {
    if (++messages > MOST_MESSAGES) return fail(h, "an object header of too many messages");
    if (!read_message(h, end)) return false;
  }
  return true;
}

/* Version 1: a count of messages and their bytes. */
static bool read_first(Header *h) {
  uint64_t messages, references, bytes, skip;
  if (!byte_cursor_skip(&h->c, 2, h->error) || !little(h, 2, &messages) || !little(h, 4, &references) ||
      !little(h, 4, &bytes) || !little(h, 4, &skip))
    return false;
  return add_block(h, h->c.at - h->base, bytes);
}

static bool read_second(Header *h) {
  uint64_t flags, bytes;
  h->second = true;
  if (!byte_cursor_skip(&h->c, 5, h->error) || !little(h, 1, &flags)) return false;
  h->flags = (unsigned)flags;
  if ((flags & 0x20) && !byte_cursor_skip(&h->c, 16, h->error)) return false;
  if ((flags & 0x10) && !byte_cursor_skip(&h->c, 4, h->error)) return false;
  return little(h, 1u << (flags & 3), &bytes) && add_block(h, h->c.at - h->base, bytes);
}

static bool read_all(Header *h, uint64_t address) {
  uint64_t at;
  if (__builtin_add_overflow(address, h->base, &at)) return fail(h, "an address beyond all measure");
  h->c.at = at;
  const unsigned char *mark = byte_cursor_take(&h->c, 5, h->error);
  if (!mark) return false;
  bool second = memcmp(mark, "OHDR", 4) == 0 && mark[4] == 2, first = mark[0] == 1;
  h->c.at = at;
  if (!first && !second) return fail(h, "an object header of an unknown version");
  if (!(second ? read_second : read_first)(h)) return false;
  while (h->blocks->len > 0) {
    Block b = g_array_index(h->blocks, Block, 0);
    g_array_remove_index(h->blocks, 0);
    if (!read_block(h, &b)) return false;
    h->visited++;
  }
  return true;
}

static void link_clear(void *data) { g_free(((Hdf5Link *)data)->name); }

bool hdf5_object_read(Hdf5Object *o, ByteSource *source, uint64_t base, uint64_t address, GError **error) {
  *o = (Hdf5Object){.links = g_array_new(FALSE, FALSE, sizeof(Hdf5Link))};
  g_array_set_clear_func(o->links, link_clear);
  g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(Block));
  g_autofree Header *h = g_new0(Header, 1);
  h->o = o;
  h->base = base;
  h->blocks = blocks;
  h->error = error;
  byte_cursor_init(&h->c, source, 0, UINT64_MAX);
  return read_all(h, address);
}

void hdf5_object_clear(Hdf5Object *o) { g_clear_pointer(&o->links, g_array_unref); }
