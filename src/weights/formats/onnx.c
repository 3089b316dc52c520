/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/onnx.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "weights/byte_cursor.h"
#include "weights/weight_format.h"

enum { MOST_TENSORS = 1000000, MOST_NAME = 4096, MOST_LEVELS = 8, MOST_DECODED = 64 << 20 };
enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };

/* The numbers of the fields that are read (onnx.proto3). */
enum { MODEL_IR_VERSION = 1, MODEL_PRODUCER = 2, MODEL_GRAPH = 7, MODEL_METADATA = 14 };
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5 };
enum { NODE_ATTRIBUTE = 5, ATTRIBUTE_GRAPH = 6, ATTRIBUTE_GRAPHS = 11 };
enum {
  TENSOR_DIMS = 1,
  TENSOR_TYPE = 2,
  TENSOR_FLOATS = 4,
  TENSOR_INT32S = 5,
  TENSOR_INT64S = 7,
  TENSOR_NAME = 8,
  TENSOR_RAW = 9,
  TENSOR_DOUBLES = 10,
  TENSOR_UINT64S = 11,
  TENSOR_EXTERNAL = 13,
  TENSOR_LOCATION = 14
};

/* Where a tensor's numbers are. */
typedef struct {
  char *location;     /* a file beside, relative and cleaned; NULL: in this file */
  ByteSource *source; /* that file, once it is found */
  uint64_t offset, bytes;
  GBytes *decoded; /* numbers that are stored one by one */
} Numbers;

typedef struct {
  GArray *numbers; /* of Numbers, one a tensor */
  size_t decoded;  /* bytes of all */
} Onnx;

typedef struct {
  WeightFile *file;
  Onnx *onnx;
  ByteCursor c;
  GError **error;
} Reader;

/* A field: its number, and where its value lies. */
typedef struct {
  uint64_t number, wire;
  uint64_t value;      /* VARINT, 64 and 32 bits */
  uint64_t start, end; /* BYTES */
} Field;

/* A tensor while it is read. */
typedef struct {
  TensorInfo info;
  uint64_t type;
  Numbers numbers;
  bool has_numbers, is_external;
  Field one_by_one;
} Tensor;

static bool fail(Reader *r, const char *problem) { return byte_cursor_fail(&r->c, r->error, problem); }

static void numbers_clear(void *data) {
  Numbers *n = data;
  g_free(n->location);
  if (n->source) byte_source_unref(n->source);
  if (n->decoded) g_bytes_unref(n->decoded);
}

static bool read_varint(Reader *r, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    const unsigned char *p = byte_cursor_take(&r->c, 1, r->error);
    if (!p) return false;
    if (shift < 64) *value |= (uint64_t)(*p & 127) << shift;
    if (!(*p & 128)) return true;
  }
  return fail(r, "a number of more than 64 bits");
}

/* The next field, whose bytes are stepped over. */
static bool read_field(Reader *r, Field *f) {
  uint64_t tag, n;
  *f = (Field){0};
  if (!read_varint(r, &tag)) return false;
  f->number = tag >> 3;
  f->wire = tag & 7;
  if (f->number == 0) return fail(r, "a field without a number");
  if (f->wire == WIRE_VARINT) return read_varint(r, &f->value);
  if (f->wire == WIRE_64) return byte_cursor_little(&r->c, 8, &f->value, r->error);
  if (f->wire == WIRE_32) return byte_cursor_little(&r->c, 4, &f->value, r->error);
  if (f->wire != WIRE_BYTES) return fail(r, "a field of an unknown kind");
  if (!read_varint(r, &n)) return false;
  f->start = r->c.at;
  if (!byte_cursor_skip(&r->c, n, r->error)) return false;
  f->end = r->c.at;
  return true;
}

/* What is done with a field of a message; false ends the reading. */
typedef bool (*FieldReader)(Reader *r, const Field *f, void *user, int level);

/* Reads the message that lies there, and goes back to where it was. */
static bool read_message(Reader *r, uint64_t start, uint64_t end, FieldReader take, void *user, int level) {
  const uint64_t at = r->c.at, outer = r->c.end;
  if (level > MOST_LEVELS) return true; /* graphs in graphs: no initialisers of note */
  r->c.at = start;
  r->c.end = end;
  while (r->c.at < end) {
    Field f;
    if (!read_field(r, &f) || !take(r, &f, user, level)) return false;
  }
  r->c.at = at;
  r->c.end = outer;
  return true;
}

/* A field's text, cleaned; NULL with an error when it is too long. */
static SafeText *text_of(Reader *r, const Field *f) {
  char text[MOST_NAME];
  const uint64_t n = f->end - f->start;
  if (f->wire != WIRE_BYTES || n > sizeof text) {
    fail(r, "a name that is no text, or beyond measure");
    return NULL;
  }
  return byte_source_read(r->c.source, f->start, text, (size_t)n, r->error) ? safe_text(text, (gssize)n) : NULL;
}

static bool dtype_of_type(uint64_t type, Dtype *d) {
  static const Dtype known[] = {[1] = DTYPE_F32,  [2] = DTYPE_U8,    [3] = DTYPE_I8,       [4] = DTYPE_U16,
                                [5] = DTYPE_I16,  [6] = DTYPE_I32,   [7] = DTYPE_I64,      [9] = DTYPE_BOOL,
                                [10] = DTYPE_F16, [11] = DTYPE_F64,  [12] = DTYPE_U32,     [13] = DTYPE_U64,
                                [14] = DTYPE_C64, [16] = DTYPE_BF16, [17] = DTYPE_F8_E4M3, [19] = DTYPE_F8_E5M2};
  if (type >= G_N_ELEMENTS(known) || (known[type] == DTYPE_F64 && type != 11)) return false;
  *d = known[type];
  return true;
}

static bool add_dim(Reader *r, Tensor *t, uint64_t size) {
  if (t->info.rank == TENSOR_MAX_RANK) return fail(r, "a tensor of more than 8 dimensions");
  t->info.shape[t->info.rank++] = size;
  return true;
}

static bool read_dims(Reader *r, const Field *f, Tensor *t) {
  if (f->wire == WIRE_VARINT) return add_dim(r, t, f->value);
  if (f->wire != WIRE_BYTES) return fail(r, "a size that is no whole number");
  const uint64_t at = r->c.at;
  r->c.at = f->start;
  while (r->c.at < f->end) {
    uint64_t size;
    if (!read_varint(r, &size) || !add_dim(r, t, size)) return false;
  }
  r->c.at = at;
  return true;
}

typedef struct {
  SafeText *key, *value;
} Pair;

static bool take_pair(Reader *r, const Field *f, void *user, int level) {
  (void)level;
  Pair *pair = user;
  if (f->number != 1 && f->number != 2) return true;
  SafeText **slot = f->number == 1 ? &pair->key : &pair->value;
  g_free(*slot);
  *slot = text_of(r, f);
  return *slot != NULL;
}

static bool read_pair(Reader *r, const Field *f, Pair *pair) {
  *pair = (Pair){0};
  if (f->wire == WIRE_BYTES && read_message(r, f->start, f->end, take_pair, pair, 0)) return true;
  g_free(pair->key);
  g_free(pair->value);
  return false;
}

/* "location", "offset" and "length" of numbers beside the file. */
static bool read_external(Reader *r, const Field *f, Tensor *t) {
  Pair pair;
  if (!read_pair(r, f, &pair)) return false;
  g_autofree SafeText *key = pair.key, *value = pair.value;
  if (!key || !value) return true;
  if (strcmp(key, "location") == 0) {
    g_free(t->numbers.location);
    t->numbers.location = g_steal_pointer(&value);
  } else if (strcmp(key, "offset") == 0) {
    t->numbers.offset = g_ascii_strtoull(value, NULL, 10);
  } else if (strcmp(key, "length") == 0) {
    t->numbers.bytes = g_ascii_strtoull(value, NULL, 10);
  }
  return true;
}

/* Numbers that lie in the file as they are in memory. */
static void take_place(Tensor *t, const Field *f) {
  if (f->wire != WIRE_BYTES || f->end == f->start) return;
  t->numbers.offset = f->start;
  t->numbers.bytes = f->end - f->start;
  t->has_numbers = true;
}

static bool take_tensor_field(Reader *r, const Field *f, void *user, int level) {
  (void)level;
  Tensor *t = user;
  switch (f->number) {
    case TENSOR_DIMS:
      return read_dims(r, f, t);
    case TENSOR_TYPE:
      t->type = f->value;
      return true;
    case TENSOR_NAME:
      g_free(t->info.name);
      t->info.name = text_of(r, f);
      return t->info.name != NULL;
    case TENSOR_RAW:
    case TENSOR_FLOATS:
    case TENSOR_DOUBLES:
      take_place(t, f);
      return true;
    case TENSOR_INT32S:
    case TENSOR_INT64S:
    case TENSOR_UINT64S:
      if (f->wire == WIRE_BYTES && f->end > f->start) t->one_by_one = *f;
      return true;
    case TENSOR_EXTERNAL:
      return read_external(r, f, t);
    case TENSOR_LOCATION:
      t->is_external = f->value == 1;
      return true;
    default:
      return true;
  }
}

/* Numbers as varints, one by one: kept in memory in the tensor's own format. */
static bool decode(Reader *r, Tensor *t, uint64_t width) {
  const Field *f = &t->one_by_one;
  if (t->info.count > MOST_DECODED / width || r->onnx->decoded + t->info.count * width > MOST_DECODED)
    return fail(r, "too many numbers that are stored one by one");
  g_autoptr(GByteArray) bytes = g_byte_array_sized_new((guint)(t->info.count * width));
  const uint64_t at = r->c.at;
  r->c.at = f->start;
  while (r->c.at < f->end) {
    uint64_t value;
    if (!read_varint(r, &value)) return false;
    if (bytes->len / width == t->info.count) return fail(r, "a tensor with more numbers than its shape has");
    g_byte_array_append(bytes, (const guint8 *)&value, (guint)width);
  }
  r->c.at = at;
  if (bytes->len != t->info.count * width) return fail(r, "a tensor with fewer numbers than its shape has");
  r->onnx->decoded += bytes->len;
  t->numbers.decoded = g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
  t->numbers.bytes = g_bytes_get_size(t->numbers.decoded);
  t->has_numbers = true;
  return true;
}

/* The tensor is complete: what it says must fit. */
static bool settle(Reader *r, Tensor *t) {
  uint64_t width;
  for (int i = 0; i < t->info.rank; i++)
    if (t->info.shape[i] > INT64_MAX) return fail(r, "a tensor with a size below 0");
  t->info.offset = UINT64_MAX;
  if (!weight_file_add(r->file, t->info, r->error)) {
    t->info.name = NULL;
    return false;
  }
  t->info = g_array_index(r->file->tensors, TensorInfo, r->file->tensors->len - 1);
  bool known = dtype_bytes(t->info.dtype, 1, &width) && width > 0;
  bool ok = true;
  if (t->is_external) ok = t->numbers.location || fail(r, "a tensor that lies in a file without a name");
  else if (!t->has_numbers && t->one_by_one.end && known) ok = decode(r, t, width);
  if (t->is_external && t->numbers.bytes == 0) t->numbers.bytes = t->info.bytes;
  if (ok && t->info.bytes != t->numbers.bytes) ok = fail(r, "a tensor whose numbers do not fill its shape");
  g_array_append_val(r->onnx->numbers, t->numbers);
  t->numbers = (Numbers){0};
  t->info.name = NULL;
  return ok;
}

static void note_unread(Reader *r, const Tensor *t) {
  g_autofree char *what =
      g_strdup_printf("%s (type %" G_GUINT64_FORMAT ")", t->info.name ? t->info.name : "?", t->type);
  weight_file_set_metadata(r->file, "onnx.skipped", what);
}

static bool read_tensor(Reader *r, const Field *f) {
  Tensor t = {0};
  bool ok = read_message(r, f->start, f->end, take_tensor_field, &t, 1);
  if (ok && r->file->tensors->len == MOST_TENSORS) ok = fail(r, "more than a million tensors");
  if (ok && (!t.info.name || !*t.info.name || weight_file_find(r->file, t.info.name) >= 0)) {
    g_free(t.info.name);
    t.info.name = g_strdup_printf("initializer.%u", r->file->tensors->len);
  }
  if (ok && dtype_of_type(t.type, &t.info.dtype)) ok = settle(r, &t);
  else if (ok) note_unread(r, &t);
  g_free(t.info.name);
  numbers_clear(&t.numbers);
  return ok;
}

static bool take_graph_field(Reader *r, const Field *f, void *user, int level);

static bool take_attribute(Reader *r, const Field *f, void *user, int level) {
  bool graph = f->wire == WIRE_BYTES && (f->number == ATTRIBUTE_GRAPH || f->number == ATTRIBUTE_GRAPHS);
  return !graph || read_message(r, f->start, f->end, take_graph_field, user, level + 1);
}

static bool take_node(Reader *r, const Field *f, void *user, int level) {
  if (f->number != NODE_ATTRIBUTE || f->wire != WIRE_BYTES) return true;
  return read_message(r, f->start, f->end, take_attribute, user, level + 1);
}

/* Graphs within nodes (loops, branches) have initialisers of their own. */
static bool take_graph_field(Reader *r, const Field *f, void *user, int level) {
  if (f->wire != WIRE_BYTES) return true;
  if (f->number == GRAPH_INITIALIZER) return read_tensor(r, f);
  return f->number != GRAPH_NODE || read_message(r, f->start, f->end, take_node, user, level + 1);
}

static bool take_text(Reader *r, const Field *f, const char *key) {
  g_autofree SafeText *text = f->wire == WIRE_BYTES ? text_of(r, f) : NULL;
  if (text) weight_file_set_metadata(r->file, key, text);
  return text || f->wire != WIRE_BYTES;
}

static bool take_model_field(Reader *r, const Field *f, void *user, int level) {
  Pair pair;
  switch (f->number) {
    case MODEL_PRODUCER:
      return take_text(r, f, "onnx.producer");
    case MODEL_GRAPH:
      return f->wire != WIRE_BYTES || read_message(r, f->start, f->end, take_graph_field, user, level + 1);
    case MODEL_METADATA:
      if (!read_pair(r, f, &pair)) return false;
      if (pair.key && pair.value) weight_file_set_metadata(r->file, pair.key, pair.value);
      g_free(pair.key);
      g_free(pair.value);
      return true;
    default:
      return true;
  }
}

/* Nothing marks an ONNX file but its fields: a small version of the format, then a text or the graph. */
static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  if (n < 4 || head[0] != (MODEL_IR_VERSION << 3) || head[1] == 0 || head[1] > 31) return false;
  bool field = head[2] == (MODEL_PRODUCER << 3 | WIRE_BYTES) || head[2] == (MODEL_GRAPH << 3 | WIRE_BYTES);
  return field || g_str_has_suffix(byte_source_label(source), ".onnx");
}

static bool open_onnx(WeightFile *file, GError **error) {
  Onnx *onnx = file->private_data = g_new0(Onnx, 1);
  onnx->numbers = g_array_new(FALSE, FALSE, sizeof(Numbers));
  g_array_set_clear_func(onnx->numbers, numbers_clear);
  g_autofree Reader *r = g_new0(Reader, 1);
  r->file = file;
  r->onnx = onnx;
  r->error = error;
  byte_cursor_init(&r->c, file->source, 0, UINT64_MAX);
  if (!read_message(r, 0, byte_source_size(file->source), take_model_field, NULL, 0)) return false;
  if (weight_file_count(file) > 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: an ONNX graph without initialisers: no weights",
              weight_file_label(file));
  return false;
}

static bool read_raw(WeightFile *file, size_t i, uint64_t start, size_t n, void *dst, GError **error) {
  Onnx *onnx = file->private_data;
  Numbers *numbers = &g_array_index(onnx->numbers, Numbers, i);
  if (numbers->decoded) {
    memcpy(dst, (const char *)g_bytes_get_data(numbers->decoded, NULL) + start, n);
    return true;
  }
  ByteSource *source = numbers->location ? numbers->source : file->source;
  if (source) return byte_source_read(source, numbers->offset + start, dst, n, error);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: tensor %s lies in %s, which cannot be reached from here", weight_file_label(file),
              weight_file_info(file, i)->name, numbers->location);
  return false;
}

static void close_onnx(WeightFile *file) {
  Onnx *onnx = file->private_data;
  if (!onnx) return;
  g_array_unref(onnx->numbers);
  g_free(onnx);
}

const WeightFormat weight_format_onnx = {
    .name = "onnx", .matches = matches, .open = open_onnx, .read_raw = read_raw, .close = close_onnx};

/* A path that stays below the model's folder. */
static bool is_below(const char *location) {
  if (!*location || g_path_is_absolute(location)) return false;
  g_auto(GStrv) parts = g_strsplit_set(location, "/\\", -1);
  return !g_strv_contains((const char *const *)parts, "..");
}

static ByteSource *open_data(const WeightFile *file, GHashTable *sources, const char *folder, const char *location,
                             GError **error) {
  ByteSource *known = g_hash_table_lookup(sources, location);
  if (known) return known;
  if (!is_below(location)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: its numbers are said to lie in %s, outside its folder",
                weight_file_label(file), location);
    return NULL;
  }
  g_autofree char *path = g_build_filename(folder, location, NULL);
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "%s: its numbers lie in %s, which is missing: fetch what is left", weight_file_label(file), location);
    return NULL;
  }
  if (!path_stays_within(folder, path)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: its numbers lie behind a link out of its folder: %s",
                weight_file_label(file), location);
    return NULL;
  }
  ByteSource *source = byte_source_open(path, error);
  if (source) g_hash_table_insert(sources, g_strdup(location), source);
  return source;
}

static bool check_room(const WeightFile *file, const Numbers *n, GError **error) {
  const uint64_t size = byte_source_size(n->source);
  if (n->offset <= size && n->bytes <= size - n->offset) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: %s is too short: a download cut short? %" G_GUINT64_FORMAT " of at least %" G_GUINT64_FORMAT
              " bytes are there",
              weight_file_label(file), n->location, size,
              n->bytes > UINT64_MAX - n->offset ? UINT64_MAX : n->offset + n->bytes);
  return false;
}

bool onnx_find_data(WeightFile *file, const char *folder, GError **error) {
  if (file->format != &weight_format_onnx) return true;
  Onnx *onnx = file->private_data;
  g_autoptr(GHashTable) sources =
      g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)byte_source_unref);
  for (guint i = 0; i < onnx->numbers->len; i++) {
    Numbers *n = &g_array_index(onnx->numbers, Numbers, i);
    if (!n->location || n->source) continue;
    ByteSource *source = open_data(file, sources, folder, n->location, error);
    if (!source) return false;
    n->source = byte_source_ref(source);
    if (!check_room(file, n, error)) return false;
  }
  return true;
}
