/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/strided.h"

#include <string.h>

#include "core/error.h"
#include "weights/span_cache.h"
#include "weights/stride.h"

enum { ALWAYS_ALLOWED = 64 << 20 };               /* bytes of tensors that repeat numbers */
enum { MOST_REPEATS = 16 };                       /* of all storages, by all tensors */
enum { LONG_RUN = 4096 };                         /* bytes in a row worth a read of their own */
enum { THIN = 8, THIN_SLACK = 1 << 20 };          /* a view that uses less of its span is thin */
static const uint64_t most_unpacked = 2ull << 30; /* bytes of a deflated storage */

typedef struct {
  ByteSource *source;      /* NULL: a deflated member */
  const ZipMember *member; /* borrowed from the archive */
  uint64_t start, bytes;   /* of the storage in the source, or in the unpacked member */
} Storage;

/* A tensor's view after its dimensions were merged. */
typedef struct {
  Stride stride;
  size_t storage;
  uint64_t first; /* element */
  uint64_t span;  /* elements from the first to the last that is used; 0: empty */
  unsigned width; /* bytes of an element */
  bool swapped;
} View;

typedef struct {
  ZipFile *zip;
  GArray *storages;       /* of Storage */
  GArray *views;          /* of View, one a tensor */
  uint64_t stored, asked; /* bytes of all storages, and of all tensors */
  SpanCache *cache;
} StridedFile;

static void storage_clear(void *data) { byte_source_unref(((Storage *)data)->source); }

void strided_begin(WeightFile *file, ZipFile *zip) {
  StridedFile *s = g_new0(StridedFile, 1);
  s->zip = zip;
  s->storages = g_array_new(FALSE, FALSE, sizeof(Storage));
  g_array_set_clear_func(s->storages, storage_clear);
  s->views = g_array_new(FALSE, FALSE, sizeof(View));
  s->cache = span_cache_new();
  file->private_data = s;
}

void strided_close(WeightFile *file) {
  StridedFile *s = file->private_data;
  if (!s) return;
  span_cache_free(s->cache);
  g_array_unref(s->views);
  g_array_unref(s->storages);
  zip_free(s->zip);
  g_free(s);
}

static const Storage *storage_at(const WeightFile *file, size_t i) {
  const StridedFile *s = file->private_data;
  return &g_array_index(s->storages, Storage, i);
}

static size_t add_storage(WeightFile *file, Storage storage) {
  StridedFile *s = file->private_data;
  g_array_append_val(s->storages, storage);
  if (__builtin_add_overflow(s->stored, storage.bytes, &s->stored)) s->stored = UINT64_MAX;
  return s->storages->len - 1;
}

size_t strided_add_range(WeightFile *file, ByteSource *source, uint64_t start, uint64_t bytes) {
  Storage storage = {.source = byte_source_ref(source), .start = start, .bytes = bytes};
  return add_storage(file, storage);
}

size_t strided_add_member(WeightFile *file, const ZipMember *m, uint64_t skip) {
  const StridedFile *s = file->private_data;
  skip = MIN(skip, m->size);
  if (m->stored) return strided_add_range(file, zip_source(s->zip), m->start + skip, m->size - skip);
  Storage storage = {.member = m, .start = skip, .bytes = m->size - skip};
  return add_storage(file, storage);
}

uint64_t strided_storage_bytes(const WeightFile *file, size_t storage) { return storage_at(file, storage)->bytes; }

void strided_set_steps(Strided *v, bool column_major) {
  uint64_t step = 1;
  for (int k = 0; k < v->rank; k++) {
    int i = column_major ? k : v->rank - 1 - k;
    v->step[i] = step;
    /* An overflow here is found when the tensor is added: its shape's product overflows too. */
    if (__builtin_mul_overflow(step, v->shape[i], &step)) step = UINT64_MAX;
  }
}

/* What is wrong with a view of a storage of that many bytes, as static text; NULL: nothing. */
static const char *problem_of(const View *v, uint64_t bytes) {
  if (v->span == 0) return NULL;
  uint64_t last, need, size;
  if (__builtin_add_overflow(v->first, v->span, &last) || __builtin_mul_overflow(last, (uint64_t)v->width, &need) ||
      need > bytes)
    return "reaches beyond its storage: a damaged file?";
  if (__builtin_mul_overflow(v->stride.count, (uint64_t)v->width, &size) || (size > bytes && size > ALWAYS_ALLOWED))
    return "repeats the few numbers of its storage too often";
  return NULL;
}

/* Where the tensor's bytes lie in the file's own source, if they do so in a row. */
static uint64_t plain_offset(const WeightFile *file, const View *v) {
  const Storage *s = storage_at(file, v->storage);
  bool plain = s->source == file->source && !v->swapped && stride_is_plain(&v->stride);
  return plain ? s->start + v->first * v->width : UINT64_MAX;
}

static bool make_view(const Strided *view, Dtype dtype, View *v) {
  uint64_t width;
  if (!dtype_bytes(dtype, 1, &width)) return false;
  *v = (View){
      .storage = view->storage, .first = view->first, .width = (unsigned)width, .swapped = view->swapped && width > 1};
  return view->rank <= TENSOR_MAX_RANK && stride_init(&v->stride, view->rank, view->shape, view->step, &v->span);
}

bool strided_add_tensor(WeightFile *file, SafeText *name, Dtype dtype, const Strided *view, GError **error) {
  StridedFile *s = file->private_data;
  View v;
  const char *problem = make_view(view, dtype, &v) ? problem_of(&v, storage_at(file, view->storage)->bytes)
                                                   : "has a shape that overflows";
  if (problem) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s %s%s", weight_file_label(file), name, problem,
                damage_hint(problem));
    g_free(name);
    return false;
  }
  TensorInfo info = {.name = name, .dtype = dtype, .rank = view->rank, .offset = plain_offset(file, &v)};
  memcpy(info.shape, view->shape, sizeof info.shape);
  if (!weight_file_add(file, info, error)) return false;
  g_array_append_val(s->views, v);
  uint64_t bytes = v.stride.count * v.width; /* weight_file_add() has seen that it fits */
  if (__builtin_add_overflow(s->asked, bytes, &s->asked)) s->asked = UINT64_MAX;
  return true;
}

bool strided_end(WeightFile *file, GError **error) {
  const StridedFile *s = file->private_data;
  if (s->asked <= ALWAYS_ALLOWED || s->asked / MOST_REPEATS <= s->stored) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: its tensors repeat the same numbers more than %d times: a trap?", weight_file_label(file),
              MOST_REPEATS);
  return false;
}

/* --- reading ------------------------------------------------------------------------------- */

/* Bytes lo .. lo + n of a storage, kept in memory; a reference. *at is where they begin in it. */
static GBytes *span_of(WeightFile *file, const View *v, uint64_t lo, uint64_t n, uint64_t *at, GError **error) {
  StridedFile *f = file->private_data;
  const Storage *s = storage_at(file, v->storage);
  if (s->source) {
    *at = 0;
    return span_cache_range(f->cache, s->source, s->start + lo, n, error);
  }
  *at = s->start + lo;
  return span_cache_member(f->cache, f->zip, s->member, most_unpacked, error);
}

/* Bytes of a storage as they lie. */
static bool read_plain(WeightFile *file, const View *v, uint64_t lo, size_t n, void *dst, GError **error) {
  const Storage *s = storage_at(file, v->storage);
  if (s->source) return byte_source_read(s->source, s->start + lo, dst, n, error);
  uint64_t at;
  g_autoptr(GBytes) bytes = span_of(file, v, lo, n, &at, error);
  if (!bytes) return false;
  memcpy(dst, (const char *)g_bytes_get_data(bytes, NULL) + at, n);
  return true;
}

/* Long rows, or few numbers far apart, are read one by one straight from the source. */
static bool is_better_in_pieces(const View *v) {
  uint64_t row = stride_row(&v->stride);
  if (row > 1 && row * v->width >= LONG_RUN) return true;
  return v->span / THIN > v->stride.count && v->span * v->width > THIN_SLACK;
}

static bool read_pieces(WeightFile *file, const View *v, uint64_t e, size_t k, unsigned char *dst, GError **error) {
  const Storage *s = storage_at(file, v->storage);
  StrideRun run;
  for (stride_seek(&v->stride, e, &run); k > 0; stride_next(&v->stride, &run)) {
    size_t n = (size_t)MIN(run.n, k);
    size_t piece = run.step == 1 ? n : 1;
    for (size_t i = 0; i < n; i += piece, dst += piece * v->width) {
      uint64_t at = s->start + (v->first + run.at + i * run.step) * v->width;
      if (!byte_source_read(s->source, at, dst, piece * v->width, error)) return false;
    }
    k -= n;
  }
  return true;
}

static void swap_bytes(unsigned char *p, size_t count, unsigned width) {
  for (size_t i = 0; i < count; i++, p += width)
    for (unsigned a = 0, b = width - 1; a < b; a++, b--) {
      unsigned char t = p[a];
      p[a] = p[b];
      p[b] = t;
    }
}

/* Whole elements e .. e + k of a tensor, in row-major order. */
static bool read_elements(WeightFile *file, const View *v, uint64_t e, size_t k, unsigned char *dst, GError **error) {
  bool plain = stride_is_plain(&v->stride);
  const Storage *s = storage_at(file, v->storage);
  if (plain) {
    if (!read_plain(file, v, (v->first + e) * v->width, k * v->width, dst, error)) return false;
  } else if (s->source && is_better_in_pieces(v)) {
    if (!read_pieces(file, v, e, k, dst, error)) return false;
  } else {
    uint64_t at;
    g_autoptr(GBytes) bytes = span_of(file, v, v->first * v->width, v->span * v->width, &at, error);
    if (!bytes) return false;
    const unsigned char *base = g_bytes_get_data(bytes, NULL);
    stride_gather(&v->stride, v->width, base + at, e, k, dst);
  }
  if (v->swapped) swap_bytes(dst, k, v->width);
  return true;
}

bool strided_read_raw(WeightFile *file, size_t i, uint64_t start, size_t n, void *dst, GError **error) {
  const StridedFile *s = file->private_data;
  const View *v = &g_array_index(s->views, View, i);
  if (n == 0) return true;
  if (stride_is_plain(&v->stride) && !v->swapped)
    return read_plain(file, v, v->first * v->width + start, n, dst, error);
  uint64_t e = start / v->width, end = (start + n - 1) / v->width + 1;
  size_t k = (size_t)(end - e), skip = (size_t)(start % v->width);
  if (skip == 0 && k * v->width == n) return read_elements(file, v, e, k, dst, error);
  g_autofree unsigned char *whole = g_try_malloc_n(k, v->width);
  if (!whole) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: tensor %s does not fit in memory: close other programs",
                weight_file_label(file), weight_file_info(file, i)->name);
    return false;
  }
  if (!read_elements(file, v, e, k, whole, error)) return false;
  memcpy(dst, whole + skip, n);
  return true;
}
