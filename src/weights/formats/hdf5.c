/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/hdf5.h"

#include <string.h>

#include "core/error.h"
#include "weights/formats/hdf5_chunks.h"
#include "weights/formats/hdf5_object.h"
#include "weights/formats/kernel_view.h"
#include "weights/strided.h"
#include "weights/weight_format.h"

enum { MOST_LEVELS = 32, MOST_OBJECTS = 1000000, MOST_NAME = 1024, MOST_PATH = 4096, MOST_TREE = 16, ENTRY = 40 };

static const unsigned char signature[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};

typedef struct {
  WeightFile *file;
  ByteSource *source;
  ByteCursor c;
  uint64_t base;
  GString *path;
  GHashTable *seen; /* addresses of objects, as pointers to owned numbers */
  guint visited;    /* nodes of trees of names */
  guint unread;     /* data sets of numbers that are not read */
  char *first;      /* of these */
  GError **error;
} Reader;

static bool fail(Reader *r, const char *problem) { return byte_cursor_fail(&r->c, r->error, problem); }

static bool little(Reader *r, unsigned width, uint64_t *value) {
  return byte_cursor_little(&r->c, width, value, r->error);
}

/* Goes to an address, which counts from the base. */
static bool seek(Reader *r, uint64_t address) {
  if (__builtin_add_overflow(address, r->base, &r->c.at)) return fail(r, "an address beyond all measure");
  return true;
}

/* --- names ------------------------------------------------------------------------------------ */

/* What is left of a path: "model_weights/dense/dense/kernel:0" is dense.kernel. */
static SafeText *name_of_path(const char *path, bool brief) {
  g_auto(GStrv) parts = g_strsplit(path, "/", -1);
  g_autoptr(GString) name = g_string_new(NULL);
  const char *before = NULL;
  for (guint i = 0; parts[i]; i++) {
    char *part = parts[i];
    size_t n = strlen(part);
    if (i == 0 && strcmp(part, "model_weights") == 0) continue;
    if (n > 2 && strcmp(part + n - 2, ":0") == 0) part[n - 2] = '\0';
    if (brief && before && strcmp(before, part) == 0) continue;
    g_string_append_printf(name, "%s%s", name->len ? "." : "", part);
    before = part;
  }
  return safe_text(name->str, -1);
}

static bool is_aside(const char *path) {
  return g_str_has_prefix(path, "optimizer_weights") || g_str_has_prefix(path, "optimizer/");
}

/* --- data sets -------------------------------------------------------------------------------- */

static void note_unread(Reader *r) {
  if (r->unread++ == 0) r->first = safe_text(r->path->str, -1);
}

/* The bytes as one stretch of a source; false with *start untouched when they are not read, or with an error. */
static bool find_numbers(Reader *r, const Hdf5Object *o, ByteSource **source, uint64_t *start, uint64_t *bytes) {
  GError *problem = NULL;
  if (o->layout == HDF5_CHUNKED) {
    *start = 0;
    *source = hdf5_chunks_source(r->source, r->base, o, &problem);
    *bytes = *source ? byte_source_size(*source) : 0;
    if (problem) g_propagate_error(r->error, problem);
    return *source != NULL;
  }
  const uint64_t size = byte_source_size(r->source);
  if ((o->layout != HDF5_COMPACT && o->layout != HDF5_CONTIGUOUS) || o->at == HDF5_UNDEFINED) return false;
  if (__builtin_add_overflow(o->at, r->base, start)) return fail(r, "an address beyond all measure");
  if (*start > size || o->bytes > size - *start) return fail(r, "a data set that reaches beyond the end of the file");
  *source = byte_source_ref(r->source);
  *bytes = o->bytes;
  return true;
}

static bool add_data_set(Reader *r, const Hdf5Object *o) {
  Strided view = {.rank = o->rank, .swapped = o->big_endian};
  g_autoptr(ByteSource) source = NULL;
  uint64_t start = 0, bytes = 0, width;
  GError **outer = r->error, *problem = NULL;
  if (!o->is_number || is_aside(r->path->str)) return true;
  r->error = &problem;
  bool found = find_numbers(r, o, &source, &start, &bytes);
  r->error = outer;
  if (problem) return g_propagate_error(outer, problem), false;
  if (!found) return note_unread(r), true;
  memcpy(view.shape, o->shape, sizeof view.shape);
  strided_set_steps(&view, false);
  dtype_bytes(o->dtype, 1, &width);
  view.swapped &= width > 1;
  view.storage = strided_add_range(r->file, source, start, bytes);
  SafeText *name = name_of_path(r->path->str, true);
  if (weight_file_find(r->file, name) >= 0) {
    g_free(name);
    name = name_of_path(r->path->str, false);
  }
  kernel_view_turn(name, &view);
  return strided_add_tensor(r->file, name, o->dtype, &view, r->error);
}

/* --- groups ----------------------------------------------------------------------------------- */

static bool read_object(Reader *r, uint64_t address, int level);

static bool read_child(Reader *r, const char *name, uint64_t address, int level) {
  const gsize length = r->path->len;
  if (length + strlen(name) > MOST_PATH) return fail(r, "a path beyond measure");
  if (length) g_string_append_c(r->path, '/');
  g_string_append(r->path, name);
  bool ok = read_object(r, address, level + 1);
  g_string_truncate(r->path, length);
  return ok;
}

/* Where the names of a group lie. */
static bool read_heap(Reader *r, uint64_t address, uint64_t *names, uint64_t *bytes) {
  uint64_t skip;
  if (!seek(r, address)) return false;
  const unsigned char *mark = byte_cursor_take(&r->c, 8, r->error);
  if (!mark) return false;
  if (memcmp(mark, "HEAP", 4) != 0) return fail(r, "a heap of names that does not begin as one");
  return little(r, 8, bytes) && little(r, 8, &skip) && little(r, 8, names);
}

static char *read_name(Reader *r, uint64_t names, uint64_t bytes, uint64_t offset) {
  char name[MOST_NAME + 1];
  if (offset >= bytes || !seek(r, names) || __builtin_add_overflow(r->c.at, offset, &r->c.at)) {
    fail(r, "a name outside its heap");
    return NULL;
  }
  const uint64_t size = byte_source_size(r->source);
  size_t n = r->c.at < size ? (size_t)MIN(MIN(bytes - offset, size - r->c.at), (uint64_t)MOST_NAME) : 0;
  if (n == 0 || !byte_source_read(r->source, r->c.at, name, n, r->error)) {
    if (n == 0) fail(r, "a name outside the file");
    return NULL;
  }
  name[n] = '\0';
  return g_strdup(name);
}

/* A node of symbols: each a name and an object. */
static bool read_symbols(Reader *r, uint64_t address, uint64_t names, uint64_t bytes, int level) {
  uint64_t n;
  if (!seek(r, address)) return false;
  const unsigned char *mark = byte_cursor_take(&r->c, 6, r->error);
  if (!mark) return false;
  if (memcmp(mark, "SNOD", 4) != 0) return fail(r, "a node of symbols that does not begin as one");
  if (!little(r, 2, &n)) return false;
  const uint64_t first = r->c.at;
  for (uint64_t i = 0; i < n; i++) {
    uint64_t offset, header, kind;
    r->c.at = first + i * ENTRY;
    if (!little(r, 8, &offset) || !little(r, 8, &header) || !little(r, 4, &kind)) return false;
    if (kind == 2) continue; /* a link by path */
    g_autofree char *name = read_name(r, names, bytes, offset);
    if (!name || !read_child(r, name, header, level)) return false;
  }
  return true;
}

static bool read_tree(Reader *r, uint64_t address, uint64_t names, uint64_t bytes, int level, int depth) {
  uint64_t n;
  if (depth > MOST_TREE || ++r->visited > MOST_OBJECTS)
    return fail(r, "a tree of names that is too deep, or in a circle");
  if (!seek(r, address)) return false;
  const unsigned char *mark = byte_cursor_take(&r->c, 6, r->error);
  if (!mark) return false;
  if (memcmp(mark, "TREE", 4) != 0 || mark[4] != 0) return fail(r, "a tree of names that does not begin as one");
  const bool leaf = mark[5] == 0;
  if (!little(r, 2, &n)) return false;
  const uint64_t first = r->c.at + 16 + 8; /* behind both neighbours and the first key */
  for (uint64_t i = 0; i < n; i++) {
    uint64_t child;
    r->c.at = first + i * 16;
    if (!little(r, 8, &child)) return false;
    bool ok = leaf ? read_symbols(r, child, names, bytes, level) : read_tree(r, child, names, bytes, level, depth + 1);
    if (!ok) return false;
  }
  return true;
}

static bool read_group(Reader *r, const Hdf5Object *o, int level) {
  uint64_t names, bytes;
  if (o->has_dense) return fail(r, "a group of many links, which is not read: save it again with libver='earliest'");
  if (o->has_table) return read_heap(r, o->heap, &names, &bytes) && read_tree(r, o->tree, names, bytes, level, 0);
  for (guint i = 0; i < o->links->len; i++) {
    const Hdf5Link *l = &g_array_index(o->links, Hdf5Link, i);
    if (!read_child(r, l->name, l->address, level)) return false;
  }
  return true;
}

static bool read_object(Reader *r, uint64_t address, int level) {
  Hdf5Object o;
  if (level > MOST_LEVELS) return fail(r, "groups that are nested too deeply");
  if (g_hash_table_size(r->seen) >= MOST_OBJECTS) return fail(r, "more than a million objects");
  if (!g_hash_table_add(r->seen, g_memdup2(&address, sizeof address))) return true; /* under a second name */
  bool ok = hdf5_object_read(&o, r->source, r->base, address, r->error);
  if (ok) ok = o.has_space && o.has_type ? add_data_set(r, &o) : read_group(r, &o, level);
  hdf5_object_clear(&o);
  return ok;
}

/* --- the file --------------------------------------------------------------------------------- */

static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return n >= sizeof signature && memcmp(head, signature, sizeof signature) == 0;
}

/* How much of the file there should be. */
static bool check_end(Reader *r, uint64_t end) {
  const uint64_t size = byte_source_size(r->source);
  if (end == HDF5_UNDEFINED || end <= size - MIN(size, r->base)) return true;
  g_set_error(r->error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: cut short: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes are there",
              byte_source_label(r->source), size, end);
  return false;
}

static bool read_superblock(Reader *r, uint64_t *root) {
  uint64_t version, offsets, lengths, end, skip;
  r->c.at = sizeof signature;
  if (!little(r, 1, &version)) return false;
  if (version > 3) return fail(r, "a version of HDF5 that is not known");
  r->c.at = version < 2 ? 13 : 9;
  if (!little(r, 1, &offsets) || !little(r, 1, &lengths)) return false;
  if (offsets != 8 || lengths != 8)
    return fail(r, "addresses of other than 64 bits, which are not read: save it again on another machine");
  r->c.at = version == 0 ? 24 : version == 1 ? 28 : 12;
  if (!little(r, 8, &r->base) || !little(r, 8, &skip) || !little(r, 8, &end)) return false;
  if (!check_end(r, end)) return false;
  if (version < 2 && !byte_cursor_skip(&r->c, 8 + 8, r->error)) return false; /* driver, the root's name */
  return little(r, 8, root);
}

static bool read_file(Reader *r) {
  uint64_t root;
  if (!read_superblock(r, &root) || !read_object(r, root, 0)) return false;
  if (weight_file_count(r->file) == 0) {
    g_set_error(r->error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: HDF5 without data sets of numbers that are read%s%s", byte_source_label(r->source),
                r->first ? ": stored in a way that is not read: " : "", r->first ? r->first : "");
    return false;
  }
  g_autofree char *what =
      g_strdup_printf("%u data sets stored in a way that is not read (the first: %s)", r->unread, r->first);
  if (r->unread) weight_file_set_metadata(r->file, "hdf5.skipped", what);
  return strided_end(r->file, r->error);
}

bool hdf5_open(WeightFile *file, ByteSource *source, GError **error) {
  g_autoptr(GString) path = g_string_new(NULL);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
  g_autofree Reader *r = g_new0(Reader, 1);
  r->file = file;
  r->source = source;
  r->path = path;
  r->seen = seen;
  r->error = error;
  strided_begin(file, NULL);
  byte_cursor_init(&r->c, source, 0, UINT64_MAX);
  bool ok = read_file(r);
  g_free(r->first);
  return ok;
}

static bool open_hdf5(WeightFile *file, GError **error) { return hdf5_open(file, file->source, error); }

const WeightFormat weight_format_hdf5 = {
    .name = "hdf5", .matches = matches, .open = open_hdf5, .read_raw = strided_read_raw, .close = strided_close};
