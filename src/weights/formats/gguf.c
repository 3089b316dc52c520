/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/formats/gguf.h"

#include <string.h>

#include "core/error.h"
#include "weights/weight_format.h"

enum { MAX_RANK = 4, TYPES = 43 };

/* Tensor types as the format numbers them; DTYPE_F64, which is 0, stands for gaps as well. */
static const Dtype types[TYPES] = {
    [0] = DTYPE_F32,       [1] = DTYPE_F16,       [2] = DTYPE_Q4_0,   [3] = DTYPE_Q4_1,    [6] = DTYPE_Q5_0,
    [7] = DTYPE_Q5_1,      [8] = DTYPE_Q8_0,      [9] = DTYPE_Q8_1,   [10] = DTYPE_Q2_K,   [11] = DTYPE_Q3_K,
    [12] = DTYPE_Q4_K,     [13] = DTYPE_Q5_K,     [14] = DTYPE_Q6_K,  [15] = DTYPE_Q8_K,   [16] = DTYPE_IQ2_XXS,
    [17] = DTYPE_IQ2_XS,   [18] = DTYPE_IQ3_XXS,  [19] = DTYPE_IQ1_S, [20] = DTYPE_IQ4_NL, [21] = DTYPE_IQ3_S,
    [22] = DTYPE_IQ2_S,    [23] = DTYPE_IQ4_XS,   [24] = DTYPE_I8,    [25] = DTYPE_I16,    [26] = DTYPE_I32,
    [27] = DTYPE_I64,      [28] = DTYPE_F64,      [29] = DTYPE_IQ1_M, [30] = DTYPE_BF16,   [31] = DTYPE_Q4_0_4_4,
    [32] = DTYPE_Q4_0_4_8, [33] = DTYPE_Q4_0_8_8, [34] = DTYPE_TQ1_0, [35] = DTYPE_TQ2_0,  [39] = DTYPE_MXFP4,
    [40] = DTYPE_NVFP4,    [41] = DTYPE_Q1_0,     [42] = DTYPE_Q2_0,
};

static Dtype dtype_of_type(uint32_t id) {
  if (id >= TYPES || (types[id] == DTYPE_F64 && id != 28)) return DTYPE_OTHER;
  return types[id];
}

static bool matches(const unsigned char *head, size_t n, const ByteSource *source) {
  (void)source;
  return n >= 4 && memcmp(head, "GGUF", 4) == 0;
}

static bool fail_tensor(const WeightFile *f, const char *name, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s %s%s", weight_file_label(f), name, problem,
              damage_hint(problem));
  return false;
}

static bool refuse(const WeightFile *f, GError **error, const char *what) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "%s: %s", weight_file_label(f), what);
  return false;
}

/* A big-endian file shows its version with the bytes turned around. */
static bool check_version(const WeightFile *f, uint32_t version, GError **error) {
  if (version == 2 || version == 3) return true;
  if (version != 0 && (version & 0xffff) == 0)
    return refuse(f, error, "a big-endian GGUF file: convert it again on a little-endian machine");
  if (version == 1) return refuse(f, error, "GGUF version 1, which is not read: convert it again");
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: GGUF version %u, and only 2 and 3 are read: convert it again", weight_file_label(f), version);
  return false;
}

/* Rank, then the sizes innermost first, which are turned around. */
static bool read_shape(GgufCursor *c, TensorInfo *info, GError **error) {
  uint32_t rank;
  if (!gguf_take_u32(c, &rank, error)) return false;
  if (rank > MAX_RANK) return gguf_fail(c, error, "tensor %s has %u dimensions, more than 4", info->name, rank);
  info->rank = (int)rank;
  for (int i = info->rank - 1; i >= 0; i--) {
    if (!gguf_take_u64(c, &info->shape[i], error)) return false;
    if (info->shape[i] > INT64_MAX) return gguf_fail(c, error, "tensor %s has a size above 63 bits", info->name);
  }
  return true;
}

/* Until all are read, info.offset counts from where the tensors begin. */
static bool read_tensor(GgufCursor *c, WeightFile *f, GError **error) {
  TensorInfo info = {0};
  g_autofree char *raw = NULL;
  size_t n;
  uint32_t type;
  if (!gguf_take_string(c, GGUF_MAX_NAME, &raw, &n, error)) return false;
  if (n == 0) return gguf_fail(c, error, "a tensor without a name");
  g_autofree SafeText *name = safe_text(raw, (gssize)n);
  info.name = name;
  if (!read_shape(c, &info, error) || !gguf_take_u32(c, &type, error) || !gguf_take_u64(c, &info.offset, error))
    return false;
  info.dtype = dtype_of_type(type);
  uint64_t row = info.rank > 0 ? info.shape[info.rank - 1] : 1;
  if (dtype_has_size(info.dtype) && row % dtype_block(info.dtype) != 0)
    return gguf_fail(c, error, "tensor %s has rows of %" G_GUINT64_FORMAT " numbers, which are no whole blocks of %s",
                     name, row, dtype_name(info.dtype));
  name = NULL; /* weight_file_add takes it */
  return weight_file_add(f, info, error);
}

static int by_place(const void *a, const void *b) {
  const TensorInfo *x = *(const TensorInfo *const *)a, *y = *(const TensorInfo *const *)b;
  if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
  return (x->bytes > y->bytes) - (x->bytes < y->bytes);
}

/* A tensor of a type without known size reaches to the next one, its padding included. */
static bool measure_unknown(WeightFile *f, TensorInfo *t, uint64_t next, GError **error) {
  t->bytes = t->count ? next - t->offset : 0;
  return !t->count || t->bytes > 0 || fail_tensor(f, t->name, "overlaps another tensor", error);
}

/* Two layouts share the number of Q2_0. Where tensors lie closer together than 64 numbers in 18 bytes need, and as far
 * apart as 128 in 34 do, it is the other one, which is listed and not read. Offsets count from the first tensor. */
static void check_q2_0(TensorInfo *const *order, guint n, uint64_t room) {
  bool close = false, apart = true;
  for (guint i = 0; i < n; i++) {
    if (order[i]->dtype != DTYPE_Q2_0) continue;
    uint64_t next = i + 1 < n ? order[i + 1]->offset : room;
    uint64_t there = next > order[i]->offset ? next - order[i]->offset : 0;
    close |= there < order[i]->bytes;
    apart &= there >= order[i]->count / 128 * 34;
  }
  for (guint i = 0; close && apart && i < n; i++) {
    if (order[i]->dtype != DTYPE_Q2_0) continue;
    order[i]->dtype = DTYPE_OTHER;
    order[i]->bytes = 0;
  }
}

/* Says how much of the file is there. */
static bool fail_short(const WeightFile *f, const TensorInfo *t, uint64_t data, GError **error) {
  uint64_t needed = 0, end;
  for (guint i = 0; i < f->tensors->len; i++) {
    const TensorInfo *other = &g_array_index(f->tensors, TensorInfo, i);
    uint64_t from = other->offset - (other < t ? data : 0);
    if (__builtin_add_overflow(from, other->bytes, &end)) end = UINT64_MAX - data;
    needed = MAX(needed, end);
  }
  g_autofree char *problem = g_strdup_printf("ends beyond the end of the file: a download cut short? %" G_GUINT64_FORMAT
                                             " of %" G_GUINT64_FORMAT " bytes are there",
                                             byte_source_size(f->source), MIN(needed, UINT64_MAX - data) + data);
  return fail_tensor(f, t->name, problem, error);
}

/* Makes offsets absolute and checks that the tensors, which begin at `data`, lie in the file and
 * apart from each other. Gaps and a tail are allowed: writers pad. */
static bool place_tensors(WeightFile *f, uint64_t data, uint32_t alignment, GError **error) {
  const uint64_t size = byte_source_size(f->source), room = size > data ? size - data : 0;
  const guint n = f->tensors->len;
  g_autofree TensorInfo **order = g_new(TensorInfo *, n + 1);
  for (guint i = 0; i < n; i++) order[i] = &g_array_index(f->tensors, TensorInfo, i);
  qsort(order, n, sizeof *order, by_place);
  check_q2_0(order, n, room);
  for (guint i = 0; i < n; i++) {
    TensorInfo *t = &g_array_index(f->tensors, TensorInfo, i);
    if (t->offset % alignment != 0) return fail_tensor(f, t->name, "has an offset that is not aligned", error);
    if (t->offset > room || t->bytes > room - t->offset) return fail_short(f, t, data, error);
    t->offset += data;
  }
  for (guint i = 0; i < n; i++) {
    uint64_t next = i + 1 < n ? order[i + 1]->offset : data + room;
    if (!dtype_has_size(order[i]->dtype) && !measure_unknown(f, order[i], next, error)) return false;
    if (order[i]->bytes > next - order[i]->offset)
      return fail_tensor(f, order[i]->name, "overlaps another tensor", error);
  }
  return true;
}

static bool read_tensors(GgufCursor *c, WeightFile *f, uint64_t n, GError **error) {
  enum { LEAST = 8 + 1 + 4 + 4 + 8 }; /* a name of one byte, rank, type, offset */
  if (n > GGUF_MAX_TENSORS) return gguf_fail(c, error, "%" G_GUINT64_FORMAT " tensors, above the limit of 1000000", n);
  if (!gguf_check_count(c, n, LEAST, "tensors", error)) return false;
  for (uint64_t i = 0; i < n; i++)
    if (!read_tensor(c, f, error)) return false;
  return true;
}

static bool read_header(GgufCursor *c, WeightFile *f, GError **error) {
  uint32_t magic, version, alignment = GGUF_DEFAULT_ALIGNMENT;
  uint64_t tensors, keys;
  if (!gguf_take_u32(c, &magic, error) || !gguf_take_u32(c, &version, error)) return false;
  if (!check_version(f, version, error)) return false;
  if (!gguf_take_u64(c, &tensors, error) || !gguf_take_u64(c, &keys, error)) return false;
  if (!gguf_read_metadata(c, f, keys, &alignment, error)) return false;
  if (!read_tensors(c, f, tensors, error)) return false;
  uint64_t data = (c->at + alignment - 1) / alignment * alignment;
  return place_tensors(f, data, alignment, error);
}

static bool open_gguf(WeightFile *f, GError **error) {
  g_autofree GgufCursor *c = g_new(GgufCursor, 1);
  gguf_cursor_init(c, f->source);
  return read_header(c, f, error);
}

const WeightFormat weight_format_gguf = {.name = "gguf", .matches = matches, .open = open_gguf};
