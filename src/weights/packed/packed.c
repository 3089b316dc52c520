/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/packed/packed.h"

#include <string.h>

#include "weights/convert.h"
#include "weights/packed/packed_bits.h"
#include "weights/packed/packed_find.h"
#include "weights/packed/packed_load.h"
#include "weights/weight_format.h"

/* Numbers that are unpacked at a time. */
enum { RUN = 8192 };

typedef struct {
  WeightFormat format; /* named after the file's own */
  WeightFile *file;
  GArray *groups; /* of PackedTensor */
  int *place;     /* for each tensor shown: the file's, or -1 - the group */
  PackedCache *cache;
} View;

static const float e2m1[16] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6};

static unsigned nibble(const unsigned char *codes, uint64_t i, bool high_first) {
  unsigned char byte = codes[i / 2];
  return (i % 2 == 0) == high_first ? byte >> 4 : byte & 15;
}

/* A run of one row of a matrix: n numbers from (row, column) on. */
typedef struct {
  const PackedTensor *p;
  const PackedLoad *l;
  uint64_t row, column;
  size_t n;
  float *dst;
} Run;

static void unpack_columns(const Run *r) {
  const PackedTensor *p = r->p;
  const uint32_t *words = (const void *)r->l->codes;
  for (size_t k = 0; k < r->n; k++) {
    const uint64_t in = r->column + k, group = r->l->order ? r->l->order[in] : in / p->block_rows;
    const uint64_t at = group * p->scale_columns + r->row;
    float q = (float)packed_code(words + r->row, p->rows, in, p->bits);
    r->dst[k] = (q - r->l->zeros[at]) * r->l->scales[at];
  }
}

static void unpack_woven(const Run *r) {
  const PackedTensor *p = r->p;
  const uint32_t *words = (const void *)r->l->codes;
  for (size_t k = 0; k < r->n; k++) {
    const uint64_t in = r->column + k, at = in / p->block_rows * p->scale_columns + r->row;
    float q = (float)packed_woven(words[in * (p->rows / 8) + r->row / 8], r->row);
    r->dst[k] = (q - r->l->zeros[at]) * r->l->scales[at];
  }
}

/* `words` begin with that of number `first` of the row. */
static void unpack_row(const Run *r, const uint32_t *words, uint64_t first) {
  const PackedTensor *p = r->p;
  for (size_t k = 0; k < r->n; k++) {
    const uint64_t in = r->column + k, group = r->l->order ? r->l->order[in] : in / p->block_columns;
    const uint64_t at = r->row * p->scale_columns + group;
    float q = (float)packed_code(words, 1, in - first, p->bits), s = r->l->scales[at], z = r->l->zeros[at];
    r->dst[k] = p->zero_is_added ? q * s + z : (q - z) * s;
  }
}

/* The rows of experts are shown as columns. */
static void unpack_turned(const Run *r) {
  const PackedTensor *p = r->p;
  for (size_t k = 0; k < r->n; k++) {
    const uint64_t row = r->column + k, column = r->row;
    float scale = r->l->scales[row * p->scale_columns + column / p->block_columns] * r->l->whole;
    r->dst[k] = e2m1[nibble(r->l->codes, row * p->columns + column, false)] * scale;
  }
}

/* Number f of the matrix stands in row f / block of the groups, and that in a share of the bytes' bits. */
static void unpack_shares(const Run *r) {
  const PackedTensor *p = r->p;
  for (size_t k = 0; k < r->n; k++) {
    const uint64_t f = r->row * p->columns + r->column + k, row = f / p->block, column = f % p->block;
    const unsigned share = (unsigned)(row / p->nested_block), shift = 8 - p->bits * (share + 1);
    const unsigned code = r->l->codes[row % p->nested_block * p->block + column] >> shift & ((1u << p->bits) - 1);
    const uint64_t at = p->by_columns ? column : row;
    r->dst[k] = ((float)code - r->l->zeros[at]) * r->l->scales[at];
  }
}

/* `codes` begin with the byte that holds the run's first number. */
static void unpack_e2m1(const Run *r, const unsigned char *codes) {
  const PackedTensor *p = r->p;
  const uint64_t odd = (r->row * p->columns + r->column) % 2;
  for (size_t k = 0; k < r->n; k++) {
    float scale = r->l->scales[r->row * p->scale_columns + (r->column + k) / p->block_columns] * r->l->whole;
    r->dst[k] = e2m1[nibble(codes, odd + k, false)] * scale;
  }
}

static void unpack_table(const Run *r, uint64_t flat, const unsigned char *codes) {
  for (size_t k = 0; k < r->n; k++)
    r->dst[k] = r->l->table[nibble(codes, flat % 2 + k, true)] * r->l->scales[(flat + k) / r->p->block];
}

static void unpack_scaled(const Run *r, const unsigned char *codes) {
  const PackedTensor *p = r->p;
  const uint64_t at = r->row / p->block_rows * p->scale_columns;
  const float *scales = r->l->scales + at, *zeros = r->l->zeros ? r->l->zeros + at : NULL;
  dtype_to_f32(p->codes, codes, r->dst, r->n);
  for (size_t k = 0; k < r->n; k++) {
    const uint64_t group = (r->column + k) / p->block_columns;
    r->dst[k] = (r->dst[k] - (zeros ? zeros[group] : 0)) * scales[group];
  }
}

/* The codes are read from the file for this run alone. */
static bool unpack_streamed(View *v, const Run *r, GError **error) {
  const PackedTensor *p = r->p;
  const uint64_t flat = (r->l->matrix * p->rows + r->row) * p->columns + r->column;
  const size_t codes = (size_t)p->part[PART_CODES];
  union {
    unsigned char bytes[RUN + 64];
    uint32_t words[RUN / 4 + 16];
  } raw;
  if (p->packing == PACKING_ROWS) {
    const uint64_t width = weight_file_info(v->file, codes)->shape[1], word = r->column * p->bits / 32;
    const uint64_t even = word / p->bits * p->bits; /* where a number begins with a word */
    const uint64_t end = MIN(((r->column + r->n) * p->bits + 31) / 32, width);
    if (!weight_file_read_raw(v->file, codes, (r->row * width + even) * 4, (size_t)(end - even) * 4, raw.bytes, error))
      return false;
    unpack_row(r, raw.words, even * 32 / p->bits);
    return true;
  }
  const uint64_t start = flat * p->bits / 8, end = ((flat + r->n) * p->bits + 7) / 8;
  if (!weight_file_read_raw(v->file, codes, start, (size_t)(end - start), raw.bytes, error)) return false;
  if (p->packing == PACKING_TABLE) unpack_table(r, flat, raw.bytes);
  else if (p->packing == PACKING_E2M1) unpack_e2m1(r, raw.bytes);
  else unpack_scaled(r, raw.bytes);
  return true;
}

static bool unpack(View *v, const Run *r, GError **error) {
  if (r->p->packing == PACKING_COLUMNS) unpack_columns(r);
  else if (r->p->packing == PACKING_WOVEN) unpack_woven(r);
  else if (r->p->packing == PACKING_SHARES) unpack_shares(r);
  else if (r->p->turned) unpack_turned(r);
  else return unpack_streamed(v, r, error);
  return true;
}

/* The run that begins with number `first` of a group: within a row, and no longer than RUN. */
static bool unpack_from(View *v, size_t group, uint64_t first, size_t most, float dst[RUN], size_t *n, GError **error) {
  const PackedTensor *p = &g_array_index(v->groups, PackedTensor, group);
  const uint64_t width = p->turned ? p->rows : p->columns, height = p->turned ? p->columns : p->rows;
  /* The table of bitsandbytes knows no matrices: one load serves for all. */
  const uint64_t matrix = first / width / height, kept = p->packing == PACKING_TABLE ? 0 : matrix;
  PackedLoad *l = packed_load(v->cache, v->file, p, group, kept, error);
  if (!l) return false;
  Run r = {.p = p, .l = l, .row = first / width % height, .column = first % width, .dst = dst};
  if (p->packing == PACKING_TABLE) r.row = first / width;
  r.n = *n = (size_t)MIN(MIN(width - r.column, (uint64_t)most), (uint64_t)RUN);
  bool ok = unpack(v, &r, error);
  packed_load_release(l);
  return ok;
}

/* Bytes of the float32 numbers; the first and the last may be wanted in part. */
static bool read_group(View *v, size_t group, uint64_t start, size_t n, unsigned char *dst, GError **error) {
  float run[RUN];
  while (n > 0) {
    const uint64_t first = start / sizeof *run;
    const size_t skip = start % sizeof *run;
    size_t k;
    if (!unpack_from(v, group, first, (n + skip + sizeof *run - 1) / sizeof *run, run, &k, error)) return false;
    const size_t bytes = MIN(n, k * sizeof *run - skip);
    memcpy(dst, (unsigned char *)run + skip, bytes);
    dst += bytes, start += bytes, n -= bytes;
  }
  return true;
}

static bool read_raw(WeightFile *f, size_t i, uint64_t start, size_t n, void *dst, GError **error) {
  View *v = f->private_data;
  if (v->place[i] >= 0) return weight_file_read_raw(v->file, (size_t)v->place[i], start, n, dst, error);
  const PackedTensor *p = &g_array_index(v->groups, PackedTensor, (guint)(-1 - v->place[i]));
  if (p->packing == PACKING_UNREAD)
    return weight_file_read_raw(v->file, (size_t)p->part[PART_CODES], start, n, dst, error);
  return read_group(v, (size_t)(-1 - v->place[i]), start, n, dst, error);
}

static void close_view(WeightFile *f) {
  View *v = f->private_data;
  packed_cache_free(v->cache);
  g_array_unref(v->groups);
  g_free(v->place);
  weight_file_free(v->file);
  g_free(v);
}

static bool add_plain(WeightFile *f, View *v, size_t i) {
  v->place[f->tensors->len] = (int)i;
  return weight_file_add_copy(f, weight_file_info(v->file, i));
}

static bool add_group(WeightFile *f, View *v, size_t group) {
  const PackedTensor *p = &g_array_index(v->groups, PackedTensor, group);
  TensorInfo info = {.name = g_strdup(p->name), .dtype = p->dtype, .rank = p->rank, .offset = UINT64_MAX};
  int k = 0;
  if (p->rank == 3) info.shape[k++] = p->matrices;
  info.shape[k++] = p->turned ? p->columns : p->rows;
  info.shape[k] = p->turned ? p->rows : p->columns;
  v->place[f->tensors->len] = -1 - (int)group;
  if (!weight_file_add(f, info, NULL)) return false;
  if (p->packing != PACKING_UNREAD) return true;
  const TensorInfo *codes = weight_file_info(v->file, (size_t)p->part[PART_CODES]);
  g_array_index(f->tensors, TensorInfo, f->tensors->len - 1).bytes = codes->bytes;
  return true;
}

static bool add_all(WeightFile *f, View *v, const int *of) {
  for (size_t i = 0; i < weight_file_count(v->file); i++) {
    bool ok = of[i] < 0 || (of[i] > 0 ? add_group(f, v, (size_t)of[i] - 1) : add_plain(f, v, i));
    if (!ok) return false;
  }
  return true;
}

void packed_say_zeros_are_whole(WeightFile *f) {
  if (f->format->read_raw != read_raw) return;
  View *v = f->private_data;
  for (guint i = 0; i < v->groups->len; i++) g_array_index(v->groups, PackedTensor, i).zero_less_one = false;
}

WeightFile *packed_view(WeightFile *file) {
  g_autofree int *of = NULL;
  g_autoptr(GArray) groups = packed_find(file, &of);
  if (groups->len == 0) return file;
  View *v = g_new0(View, 1);
  v->format = (WeightFormat){.name = file->format->name, .read_raw = read_raw, .close = close_view};
  v->file = file;
  v->groups = g_array_ref(groups);
  v->place = g_new(int, weight_file_count(file) + 1);
  v->cache = packed_cache_new();
  WeightFile *f = weight_file_view(file, &v->format, v);
  if (add_all(f, v, of)) return f;
  v->file = NULL; /* two tensors of one name: the file is shown as it is */
  weight_file_free(f);
  return file;
}
