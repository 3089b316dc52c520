/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/packed/packed_load.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "weights/packed/packed_bits.h"

enum { MOST_LOADS = 8, KEPT_BYTES = 96 << 20, MOST_BYTES = 1 << 30 };

struct PackedCache {
  GMutex lock;
  GPtrArray *loads; /* of PackedLoad, a reference each */
  uint64_t clock;
};

PackedCache *packed_cache_new(void) {
  PackedCache *c = g_new0(PackedCache, 1);
  g_mutex_init(&c->lock);
  c->loads = g_ptr_array_new_with_free_func((GDestroyNotify)packed_load_release);
  return c;
}

void packed_cache_free(PackedCache *c) {
  if (!c) return;
  g_ptr_array_unref(c->loads);
  g_mutex_clear(&c->lock);
  g_free(c);
}

static void load_clear(void *data) {
  PackedLoad *l = data;
  g_free(l->codes);
  g_free(l->scales);
  g_free(l->zeros);
  g_free(l->order);
}

void packed_load_release(PackedLoad *load) { g_atomic_rc_box_release_full(load, load_clear); }

/* True when the codes are loaded whole, since numbers of a row lie apart. */
static bool packed_is_apart(const PackedTensor *p) {
  return p->packing == PACKING_COLUMNS || p->packing == PACKING_WOVEN || p->packing == PACKING_SHARES || p->turned;
}

static bool fail(const WeightFile *file, const PackedTensor *p, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s %s%s", weight_file_label(file), p->name, problem,
              damage_hint(problem));
  return false;
}

/* Room for n items; NULL with an error when there is none, or a hostile file asks for too much. */
static void *room(const WeightFile *file, const PackedTensor *p, uint64_t n, size_t size, PackedLoad *l,
                  GError **error) {
  void *at = n <= MOST_BYTES / size && l->bytes + n * size <= MOST_BYTES ? g_try_malloc0((gsize)(n * size)) : NULL;
  if (!at) fail(file, p, "does not fit in memory: close other programs", error);
  else l->bytes += (size_t)n * size;
  return at;
}

static float exponent(unsigned char e) { return e == 255 ? NAN : ldexpf(1, e - 127); }

/* Numbers first .. first + n of a part; bytes of exponents are no numbers elsewhere. */
static bool read_numbers(WeightFile *file, const PackedTensor *p, int part, uint64_t first, uint64_t n, float *dst,
                         GError **error) {
  const size_t i = (size_t)p->part[part];
  const Dtype d = weight_file_info(file, i)->dtype;
  bool exponents = d == DTYPE_F8_E8M0 || (d == DTYPE_U8 && p->packing == PACKING_E2M1);
  if (!exponents) return weight_file_read_f32(file, i, first, (size_t)n, dst, error);
  unsigned char bytes[4096];
  for (uint64_t done = 0; done < n; done += sizeof bytes) {
    size_t k = (size_t)MIN(n - done, sizeof bytes);
    if (!weight_file_read_raw(file, i, first + done, k, bytes, error)) return false;
    for (size_t j = 0; j < k; j++) dst[done + j] = exponent(bytes[j]);
  }
  return true;
}

/* Words of a part, whole. */
static uint32_t *read_words(WeightFile *file, const PackedTensor *p, int part, PackedLoad *l, GError **error) {
  const TensorInfo *t = weight_file_info(file, (size_t)p->part[part]);
  uint32_t *words = room(file, p, t->count, sizeof *words, l, error);
  if (words && weight_file_read_raw(file, (size_t)p->part[part], 0, (size_t)t->bytes, words, error)) return words;
  g_free(words);
  return NULL;
}

/* GPTQ's first form keeps zeros one too small. Its second does not: the configuration says so (zero_less_one), or
 * symmetric ones are the middle itself. */
static void zeros_of_columns(const PackedTensor *p, const uint32_t *words, float *zeros) {
  const uint64_t width = p->scale_columns * p->bits / 32;
  const unsigned middle = 1u << (p->bits - 1);
  bool second = true;
  for (uint64_t g = 0; g < p->scale_rows; g++)
    for (uint64_t o = 0; o < p->scale_columns; o++) {
      unsigned z = packed_code(words + g * width, 1, o, p->bits);
      second &= z == middle;
      zeros[g * p->scale_columns + o] = (float)z + (p->zero_less_one ? 1 : 0);
    }
  for (uint64_t i = 0; second && i < p->scale_rows * p->scale_columns; i++) zeros[i] = (float)middle;
}

static void zeros_of_woven(const PackedTensor *p, const uint32_t *words, float *zeros) {
  for (uint64_t g = 0; g < p->scale_rows; g++)
    for (uint64_t o = 0; o < p->scale_columns; o++) {
      uint32_t word = words[g * (p->scale_columns / 8) + o / 8];
      zeros[g * p->scale_columns + o] = (float)packed_woven(word, o);
    }
}

/* Packed down the rows; without any, the middle. */
static void zeros_of_rows(const PackedTensor *p, const uint32_t *words, float *zeros) {
  for (uint64_t r = 0; r < p->scale_rows; r++)
    for (uint64_t g = 0; g < p->scale_columns; g++)
      zeros[r * p->scale_columns + g] =
          words ? (float)packed_code(words + g, p->scale_columns, r, p->bits) : (float)(1u << (p->bits - 1));
}

static bool load_zeros(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  const uint64_t n = p->scale_rows * p->scale_columns;
  l->zeros = room(file, p, n, sizeof(float), l, error);
  if (!l->zeros) return false;
  if (p->zero_is_added) return read_numbers(file, p, PART_ZEROS, 0, n, l->zeros, error);
  bool packed = p->part[PART_ZEROS] >= 0;
  g_autofree uint32_t *words = packed ? read_words(file, p, PART_ZEROS, l, error) : NULL;
  if (packed && !words) return false;
  (p->packing == PACKING_COLUMNS ? zeros_of_columns
   : p->packing == PACKING_WOVEN ? zeros_of_woven
                                 : zeros_of_rows)(p, words, l->zeros);
  return true;
}

static bool load_order(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  if (p->part[PART_ORDER] < 0) return true;
  const uint64_t groups = p->packing == PACKING_ROWS ? p->scale_columns : p->scale_rows;
  const TensorInfo *t = weight_file_info(file, (size_t)p->part[PART_ORDER]);
  if (t->dtype != DTYPE_I32) return fail(file, p, "has an order of groups of an unread type", error);
  l->order = read_words(file, p, PART_ORDER, l, error);
  for (uint64_t i = 0; l->order && i < t->count; i++)
    if (l->order[i] >= groups) return fail(file, p, "names a group that is not there", error);
  return l->order != NULL;
}

/* Scales of bitsandbytes, which may be packed themselves. */
static bool load_table(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  const TensorInfo *t = weight_file_info(file, (size_t)p->part[PART_SCALES]);
  if (!read_numbers(file, p, PART_TABLE, 0, 16, l->table, error)) return false;
  l->scales = room(file, p, t->count, sizeof(float), l, error);
  if (!l->scales || !read_numbers(file, p, PART_SCALES, 0, t->count, l->scales, error)) return false;
  if (t->dtype != DTYPE_U8) return true;
  float nested[256];
  const uint64_t outer = weight_file_info(file, (size_t)p->part[PART_WHOLE])->count;
  g_autofree float *scales = room(file, p, outer, sizeof(float), l, error);
  if (!scales || !read_numbers(file, p, PART_NESTED, 0, 256, nested, error) ||
      !read_numbers(file, p, PART_WHOLE, 0, outer, scales, error))
    return false;
  for (uint64_t i = 0; i < t->count; i++)
    l->scales[i] = nested[(unsigned char)l->scales[i]] * scales[i / p->nested_block] + (float)p->nested_offset;
  return true;
}

/* A single scale stands for those of all matrices. */
static bool load_scales(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  const uint64_t n = p->scale_rows * p->scale_columns;
  const uint64_t there = weight_file_info(file, (size_t)p->part[PART_SCALES])->count;
  l->whole = 1;
  l->scales = room(file, p, n, sizeof(float), l, error);
  if (!l->scales) return false;
  if (!read_numbers(file, p, PART_SCALES, there == 1 ? 0 : l->matrix * n, n, l->scales, error)) return false;
  if (p->packing == PACKING_E2M1 && p->part[PART_WHOLE] >= 0) {
    if (!read_numbers(file, p, PART_WHOLE, 0, 1, &l->whole, error)) return false;
    if (p->whole_divides) l->whole = 1 / l->whole;
  }
  for (uint64_t i = 0; p->packing == PACKING_SCALED && p->nested_offset > 0 && i < n; i++)
    l->scales[i] /= (float)p->nested_offset;
  return true;
}

static bool load_codes(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  if (!packed_is_apart(p)) return true;
  const uint64_t bytes = weight_file_info(file, (size_t)p->part[PART_CODES])->bytes / p->matrices;
  l->codes = room(file, p, bytes, 1, l, error);
  return l->codes &&
         weight_file_read_raw(file, (size_t)p->part[PART_CODES], l->matrix * bytes, (size_t)bytes, l->codes, error);
}

static bool load_shares(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  l->scales = room(file, p, p->scale_rows, sizeof(float), l, error);
  l->zeros = l->scales ? room(file, p, p->scale_rows, sizeof(float), l, error) : NULL;
  return l->zeros && load_codes(file, p, l, error) &&
         read_numbers(file, p, PART_SCALES, 0, p->scale_rows, l->scales, error) &&
         read_numbers(file, p, PART_ZEROS, 0, p->scale_rows, l->zeros, error);
}

/* One beside each scale, as numbers. */
static bool load_plain_zeros(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  const uint64_t n = p->scale_rows * p->scale_columns;
  const uint64_t there = weight_file_info(file, (size_t)p->part[PART_ZEROS])->count;
  l->zeros = room(file, p, n, sizeof(float), l, error);
  return l->zeros && read_numbers(file, p, PART_ZEROS, there == 1 ? 0 : l->matrix * n, n, l->zeros, error);
}

static bool fill(WeightFile *file, const PackedTensor *p, PackedLoad *l, GError **error) {
  if (p->packing == PACKING_TABLE) return load_table(file, p, l, error);
  if (p->packing == PACKING_SHARES) return load_shares(file, p, l, error);
  if (!load_scales(file, p, l, error) || !load_codes(file, p, l, error)) return false;
  if (p->packing == PACKING_SCALED && p->part[PART_ZEROS] >= 0) return load_plain_zeros(file, p, l, error);
  bool integers = p->packing == PACKING_COLUMNS || p->packing == PACKING_WOVEN || p->packing == PACKING_ROWS;
  return !integers || (load_zeros(file, p, l, error) && load_order(file, p, l, error));
}

/* Keeps the load, and lets go of those that nobody has used for longest. */
static void keep(PackedCache *c, PackedLoad *l) {
  size_t sum = l->bytes;
  for (guint i = 0; i < c->loads->len; i++) sum += ((PackedLoad *)c->loads->pdata[i])->bytes;
  while (c->loads->len > 0 && (sum > KEPT_BYTES || c->loads->len >= MOST_LOADS)) {
    guint oldest = 0;
    for (guint i = 1; i < c->loads->len; i++)
      if (((PackedLoad *)c->loads->pdata[i])->last < ((PackedLoad *)c->loads->pdata[oldest])->last) oldest = i;
    sum -= ((PackedLoad *)c->loads->pdata[oldest])->bytes;
    g_ptr_array_remove_index_fast(c->loads, oldest);
  }
  g_ptr_array_add(c->loads, g_atomic_rc_box_acquire(l));
}

static PackedLoad *find(PackedCache *c, size_t tensor, uint64_t matrix) {
  for (guint i = 0; i < c->loads->len; i++) {
    PackedLoad *l = c->loads->pdata[i];
    if (l->tensor != tensor || l->matrix != matrix) continue;
    l->last = ++c->clock;
    return g_atomic_rc_box_acquire(l);
  }
  return NULL;
}

PackedLoad *packed_load(PackedCache *c, WeightFile *file, const PackedTensor *p, size_t tensor, uint64_t matrix,
                        GError **error) {
  g_mutex_lock(&c->lock);
  PackedLoad *l = find(c, tensor, matrix);
  g_mutex_unlock(&c->lock);
  if (l) return l;
  l = g_atomic_rc_box_new0(PackedLoad);
  l->tensor = tensor;
  l->matrix = matrix;
  if (!fill(file, p, l, error)) {
    packed_load_release(l);
    return NULL;
  }
  g_mutex_lock(&c->lock);
  l->last = ++c->clock;
  keep(c, l);
  g_mutex_unlock(&c->lock);
  return l;
}
