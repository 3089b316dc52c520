/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/hdf5_chunks.h"

#include <string.h>
#include <zlib.h>

#include "core/error.h"

enum { MOST_CHUNKS = 1 << 20, MOST_TREE = 16, MOST_BAND = 256 << 20, MOST_RATIO = 1100 };
enum { FILTER_DEFLATE = 1, FILTER_SHUFFLE = 2, FILTER_CHECKSUM = 3 };
enum { INDEX_SINGLE = 1, INDEX_NONE = 2, INDEX_ARRAY = 3 };

typedef struct {
  uint64_t at, bytes; /* in the source */
  uint32_t mask;      /* filters that were left out */
  bool there;
} Chunk;

/* The chunks of one place along the first dimension make a band: rows that lie together in the data set. */
typedef struct {
  ByteSource *source;
  uint64_t base;
  int rank;
  uint64_t shape[TENSOR_MAX_RANK], chunk[TENSOR_MAX_RANK], grid[TENSOR_MAX_RANK]; /* grid: chunks along a dimension */
  size_t width;
  Hdf5Filters filters;
  Chunk *chunks;                    /* in row-major order of the grid */
  uint64_t n, found, visited;       /* visited: nodes of the tree */
  uint64_t chunk_bytes, band_bytes; /* unpacked, band: of whole rows */
  GMutex lock;
  uint64_t held; /* band + 1 that `band` holds; 0: none */
  unsigned char *band;
} Chunks;

static void chunks_free(void *data) {
  Chunks *c = data;
  g_mutex_clear(&c->lock);
  byte_source_unref(c->source);
  g_free(c->chunks);
  g_free(c->band);
  g_free(c);
}

/* --- the index --------------------------------------------------------------------------------- */

static bool put(Chunks *c, ByteCursor *cursor, uint64_t place, Chunk chunk, GError **error) {
  const uint64_t size = byte_source_size(c->source);
  if (place >= c->n || c->chunks[place].there) return byte_cursor_fail(cursor, error, "a chunk that has no place");
  if (__builtin_add_overflow(chunk.at, c->base, &chunk.at) || chunk.at > size || chunk.bytes > size - chunk.at)
    return byte_cursor_fail(cursor, error, "a chunk that reaches beyond the end of the file");
  chunk.there = true;
  c->chunks[place] = chunk;
  c->found++;
  return true;
}

/* The chunk's place by its first element, which lies at a corner of the grid. */
static bool read_place(const Chunks *c, ByteCursor *cursor, uint64_t *place, GError **error) {
  uint64_t offset;
  *place = 0;
  for (int i = 0; i <= c->rank; i++) { /* the last stands for the bytes of an element */
    if (!byte_cursor_little(cursor, 8, &offset, error)) return false;
    if (i == c->rank) break;
    if (offset % c->chunk[i] != 0 || offset / c->chunk[i] >= c->grid[i])
      return byte_cursor_fail(cursor, error, "a chunk outside its data set");
    *place = *place * c->grid[i] + offset / c->chunk[i];
  }
  return true;
}

static bool seek(const Chunks *c, ByteCursor *cursor, uint64_t address, GError **error) {
  if (!__builtin_add_overflow(address, c->base, &cursor->at)) return true;
  return byte_cursor_fail(cursor, error, "an address beyond all measure");
}

static bool read_tree(Chunks *c, ByteCursor *cursor, uint64_t address, int depth, GError **error) {
  uint64_t n, bytes, mask, place, child;
  if (depth > MOST_TREE || ++c->visited > MOST_CHUNKS)
    return byte_cursor_fail(cursor, error, "a tree of chunks that is too deep, or in a circle");
  if (!seek(c, cursor, address, error)) return false;
  const unsigned char *mark = byte_cursor_take(cursor, 6, error);
  if (!mark) return false;
  if (memcmp(mark, "TREE", 4) != 0 || mark[4] != 1)
    return byte_cursor_fail(cursor, error, "a tree of chunks that does not begin as one");
  const bool leaf = mark[5] == 0;
  if (!byte_cursor_little(cursor, 2, &n, error)) return false;
  const uint64_t first = cursor->at + 16, entry = 8 + 8 * ((uint64_t)c->rank + 1) + 8;
  for (uint64_t i = 0; i < n; i++) {
    cursor->at = first + i * entry;
    if (!byte_cursor_little(cursor, 4, &bytes, error) || !byte_cursor_little(cursor, 4, &mask, error) ||
        !read_place(c, cursor, &place, error) || !byte_cursor_little(cursor, 8, &child, error))
      return false;
    Chunk chunk = {.at = child, .bytes = bytes, .mask = (uint32_t)mask};
    if (!(leaf ? put(c, cursor, place, chunk, error) : read_tree(c, cursor, child, depth + 1, error))) return false;
  }
  return true;
}

/* An entry of a fixed array; an address that is undefined stands for a chunk that was never written. */
static bool read_entry(Chunks *c, ByteCursor *cursor, uint64_t place, unsigned width, GError **error) {
  uint64_t mask = 0;
  Chunk chunk = {.bytes = c->chunk_bytes};
  if (!byte_cursor_little(cursor, 8, &chunk.at, error)) return false;
  if (width > 8 &&
      (!byte_cursor_little(cursor, width - 12, &chunk.bytes, error) || !byte_cursor_little(cursor, 4, &mask, error)))
    return false;
  chunk.mask = (uint32_t)mask;
  return chunk.at == HDF5_UNDEFINED || put(c, cursor, place, chunk, error);
}

/* False without an error: the array has pages. */
static bool read_array(Chunks *c, ByteCursor *cursor, uint64_t address, GError **error) {
  uint64_t n, block;
  if (!seek(c, cursor, address, error)) return false;
  const unsigned char *mark = byte_cursor_take(cursor, 8, error);
  if (!mark) return false;
  if (memcmp(mark, "FAHD", 4) != 0) return byte_cursor_fail(cursor, error, "an array that does not begin as one");
  const unsigned width = mark[6], bits = mark[7];
  if (width != 8 && (width < 13 || width > 20)) return byte_cursor_fail(cursor, error, "an array of unknown entries");
  if (!byte_cursor_little(cursor, 8, &n, error) || !byte_cursor_little(cursor, 8, &block, error)) return false;
  if (bits < 63 && n > UINT64_C(1) << bits) return false;
  if (n > c->n) return byte_cursor_fail(cursor, error, "an array of more chunks than the data set has");
  if (!seek(c, cursor, block, error) || !(mark = byte_cursor_take(cursor, 14, error))) return false;
  if (memcmp(mark, "FADB", 4) != 0) return byte_cursor_fail(cursor, error, "a block that does not begin as one");
  for (uint64_t i = 0; i < n; i++)
    if (!read_entry(c, cursor, i, width, error)) return false;
  return true;
}

/* Chunks one behind the other. */
static bool read_row(Chunks *c, ByteCursor *cursor, uint64_t address, GError **error) {
  for (uint64_t i = 0; i < c->n; i++) {
    Chunk chunk = {.bytes = c->chunk_bytes};
    if (__builtin_mul_overflow(i, c->chunk_bytes, &chunk.at) || __builtin_add_overflow(chunk.at, address, &chunk.at))
      return byte_cursor_fail(cursor, error, "an address beyond all measure");
    if (!put(c, cursor, i, chunk, error)) return false;
  }
  return true;
}

static bool read_index(Chunks *c, const Hdf5Object *o, GError **error) {
  g_autofree ByteCursor *cursor = g_new(ByteCursor, 1);
  byte_cursor_init(cursor, c->source, 0, UINT64_MAX);
  if (o->at == HDF5_UNDEFINED) return false;
  if (o->chunk_index == 0) return read_tree(c, cursor, o->at, 0, error);
  if (o->chunk_index == INDEX_ARRAY) return read_array(c, cursor, o->at, error);
  if (o->chunk_index == INDEX_NONE) return o->filters.n == 0 && read_row(c, cursor, o->at, error);
  if (o->chunk_index != INDEX_SINGLE) return false;
  Chunk chunk = {.at = o->at, .bytes = o->bytes ? o->bytes : c->chunk_bytes, .mask = o->chunk_mask};
  return put(c, cursor, 0, chunk, error);
}

/* --- numbers ----------------------------------------------------------------------------------- */

static bool fail(const Chunks *c, uint64_t at, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: the chunk at %" G_GUINT64_FORMAT " %s%s",
              byte_source_label(c->source), at, problem, damage_hint(problem));
  return false;
}

static void unshuffle(const unsigned char *from, size_t bytes, size_t size, unsigned char *to) {
  const size_t n = bytes / size;
  for (size_t b = 0; b < size; b++)
    for (size_t i = 0; i < n; i++) to[i * size + b] = from[b * n + i];
  memcpy(to + n * size, from + n * size, bytes - n * size);
}

/* One step back: from `have` into `spare`, which then change places. Both hold chunk_bytes and a checksum's. */
static bool undo(const Chunks *c, const Chunk *k, unsigned filter, unsigned char **have, size_t *n,
                 unsigned char **spare, GError **error) {
  if (c->filters.id[filter] == FILTER_CHECKSUM) {
    if (*n < 4) return fail(c, k->at, "is shorter than its checksum", error);
    *n -= 4;
    return true;
  }
  size_t room = (size_t)c->chunk_bytes + 4;
  if (c->filters.id[filter] == FILTER_SHUFFLE) {
    if (*n > room) return fail(c, k->at, "is larger than it may be", error);
    unshuffle(*have, *n, MAX(c->filters.value[filter], 1u), *spare);
  } else {
    uLongf got = room;
    if (uncompress(*spare, &got, *have, *n) != Z_OK) return fail(c, k->at, "does not unpack", error);
    *n = got;
  }
  unsigned char *swap = *have;
  *have = *spare;
  *spare = swap;
  return true;
}

/* The chunk's numbers into a new buffer; NULL with an error. */
static unsigned char *unpack(const Chunks *c, const Chunk *k, GError **error) {
  size_t n = (size_t)k->bytes, room = (size_t)MAX(k->bytes, c->chunk_bytes) + 4;
  unsigned char *have = g_try_malloc(room), *spare = g_try_malloc(room);
  bool ok = have && spare;
  if (!ok) fail(c, k->at, "does not fit in memory", error);
  ok = ok && byte_source_read(c->source, k->at, have, n, error);
  for (unsigned f = c->filters.n; ok && f-- > 0;)
    if (!(k->mask >> f & 1)) ok = undo(c, k, f, &have, &n, &spare, error);
  if (ok && n != c->chunk_bytes) ok = fail(c, k->at, "has other bytes than its data set asks for", error);
  g_free(spare);
  if (!ok) g_clear_pointer(&have, g_free);
  return have;
}

/* Copies what lies inside the data set from a chunk to its place in the band: runs along the last dimension. */
static void place_chunk(Chunks *c, const uint64_t *corner, uint64_t band, const unsigned char *numbers) {
  uint64_t at[TENSOR_MAX_RANK] = {0}, end[TENSOR_MAX_RANK] = {0};
  const int last = c->rank - 1;
  for (int i = 0; i <= last; i++) end[i] = MIN(c->chunk[i], c->shape[i] - corner[i]);
  while (true) {
    uint64_t from = 0, to = 0;
    for (int i = 0; i <= last; i++) {
      from = from * c->chunk[i] + at[i];
      to = to * c->shape[i] + corner[i] + at[i] - (i == 0 ? band * c->chunk[0] : 0);
    }
    memcpy(c->band + to * c->width, numbers + from * c->width, (size_t)end[last] * c->width);
    int i = last - 1;
    while (i >= 0 && ++at[i] == end[i]) at[i--] = 0;
    if (i < 0) return;
  }
}

static bool fill_band(Chunks *c, uint64_t band, GError **error) {
  const uint64_t each = c->n / c->grid[0];
  c->held = 0;
  if (!c->band) c->band = g_try_malloc((gsize)c->band_bytes);
  if (!c->band) return fail(c, 0, "does not fit in memory with its neighbours", error);
  for (uint64_t k = band * each; k < (band + 1) * each; k++) {
    uint64_t corner[TENSOR_MAX_RANK], rest = k;
    g_autofree unsigned char *numbers = unpack(c, &c->chunks[k], error);
    if (!numbers) return false;
    for (int i = c->rank - 1; i >= 0; i--) {
      corner[i] = rest % c->grid[i] * c->chunk[i];
      rest /= c->grid[i];
    }
    place_chunk(c, corner, band, numbers);
  }
  c->held = band + 1;
  return true;
}

static bool read_chunks(void *data, uint64_t offset, void *dst, size_t n, GError **error) {
  Chunks *c = data;
  bool ok = true;
  g_mutex_lock(&c->lock);
  for (size_t done = 0; ok && done < n;) {
    const uint64_t band = (offset + done) / c->band_bytes, in = (offset + done) % c->band_bytes;
    const size_t take = (size_t)MIN(c->band_bytes - in, n - done);
    ok = c->held == band + 1 || fill_band(c, band, error);
    if (ok) memcpy((unsigned char *)dst + done, c->band + in, take);
    done += take;
  }
  g_mutex_unlock(&c->lock);
  return ok;
}

static const ByteSourceOps chunk_ops = {.read = read_chunks, .free = chunks_free};

/* --- what it is ---------------------------------------------------------------------------------- */

static bool knows_filters(const Hdf5Filters *f) {
  if (f->overflow) return false;
  for (unsigned i = 0; i < f->n; i++)
    if (f->id[i] < FILTER_DEFLATE || f->id[i] > FILTER_CHECKSUM) return false;
  return true;
}

/* The grid and the sizes; false when they are out of bounds. */
static bool settle(Chunks *c, const Hdf5Object *o, uint64_t width, uint64_t *bytes) {
  uint64_t row = width;
  c->rank = o->rank;
  c->width = (size_t)width;
  c->filters = o->filters;
  c->n = 1;
  c->chunk_bytes = *bytes = width;
  if (o->rank < 1 || o->chunk_rank != o->rank + 1 || o->chunk[o->rank] != width) return false;
  for (int i = 0; i < o->rank; i++) {
    c->shape[i] = o->shape[i];
    c->chunk[i] = o->chunk[i];
    if (!o->shape[i] || !o->chunk[i] || o->shape[i] > UINT64_MAX - o->chunk[i]) return false;
    c->grid[i] = (o->shape[i] + o->chunk[i] - 1) / o->chunk[i];
    if (__builtin_mul_overflow(c->n, c->grid[i], &c->n) || __builtin_mul_overflow(*bytes, o->shape[i], bytes) ||
        __builtin_mul_overflow(c->chunk_bytes, o->chunk[i], &c->chunk_bytes) ||
        (i > 0 && __builtin_mul_overflow(row, o->shape[i], &row)))
      return false;
  }
  return c->n <= MOST_CHUNKS && c->chunk_bytes <= MOST_BAND &&
         !__builtin_mul_overflow(row, c->chunk[0], &c->band_bytes) && c->band_bytes <= MOST_BAND;
}

/* No more numbers than the stored bytes can unpack to. */
static bool is_in_proportion(const Chunks *c, uint64_t bytes) {
  uint64_t stored = 0;
  for (uint64_t i = 0; i < c->n; i++) {
    if (c->chunks[i].bytes > MOST_BAND || __builtin_add_overflow(stored, c->chunks[i].bytes, &stored)) return false;
  }
  return bytes / MOST_RATIO <= stored;
}

ByteSource *hdf5_chunks_source(ByteSource *source, uint64_t base, const Hdf5Object *o, GError **error) {
  uint64_t width, bytes;
  Chunks *c = g_new0(Chunks, 1);
  g_mutex_init(&c->lock);
  c->source = byte_source_ref(source);
  c->base = base;
  dtype_bytes(o->dtype, 1, &width);
  bool ok = knows_filters(&o->filters) && settle(c, o, width, &bytes);
  if (ok) c->chunks = g_try_new0(Chunk, c->n);
  ok = ok && c->chunks && read_index(c, o, error) && c->found == c->n && is_in_proportion(c, bytes);
  if (ok) return byte_source_new(&chunk_ops, c, bytes, byte_source_label(source));
  chunks_free(c);
  return NULL;
}
