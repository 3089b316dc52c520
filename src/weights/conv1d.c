/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/conv1d.h"

#include <string.h>

#include "core/error.h"
#include "weights/weight_format.h"

static const uint64_t most_bytes = 1ull << 30; /* of a matrix that is turned in memory */

/* A file of which some matrices are turned. The last one read is kept: they are asked for in blocks. */
typedef struct {
  WeightFormat format; /* named after the file's own */
  WeightFile *file;
  bool *turned; /* for each tensor */
  GMutex lock;  /* of what follows */
  size_t kept;
  unsigned char *bytes; /* of that matrix, turned; NULL: none yet */
} View;

/* Whatever calls its matrix: PyTorch's "weight", Flax's "kernel". */
static bool is_matrix_of(const TensorInfo *t, const char *module) {
  const char *last = text_last_part(t->name);
  if (strcmp(last, "weight") != 0 && strcmp(last, "kernel") != 0) return false;
  const size_t n = strlen(module), length = (size_t)(last - t->name);
  return length > n && last[-1] == '.' && strncmp(last - 1 - n, module, n) == 0;
}

static bool is_wide_qkv(const TensorInfo *t) {
  return t->rank == 2 && t->shape[0] > 0 && t->shape[1] / 3 == t->shape[0] && t->shape[1] % 3 == 0 &&
         is_matrix_of(t, ".attn.c_attn");
}

static bool is_turned(const TensorInfo *t) {
  static const char *const modules[] = {".c_attn", ".q_attn", ".c_proj", ".c_fc"};
  if (t->rank != 2 || dtype_block(t->dtype) != 1 || !dtype_has_size(t->dtype)) return false;
  for (size_t i = 0; i < G_N_ELEMENTS(modules); i++)
    if (is_matrix_of(t, modules[i])) return true;
  return false;
}

/* out (columns x rows) of a (rows x columns) matrix, in squares that fit in the nearest cache. */
static void turn(const unsigned char *m, size_t rows, size_t columns, size_t width, unsigned char *out) {
  enum { SIDE = 32 };
  for (size_t r0 = 0; r0 < rows; r0 += SIDE)
    for (size_t c0 = 0; c0 < columns; c0 += SIDE)
      for (size_t r = r0; r < MIN(r0 + SIDE, rows); r++)
        for (size_t c = c0; c < MIN(c0 + SIDE, columns); c++)
          memcpy(out + (c * rows + r) * width, m + (r * columns + c) * width, width);
}

/* Brings matrix i into the view. Under its lock. */
static bool load(View *v, size_t i, GError **error) {
  const TensorInfo *t = weight_file_info(v->file, i);
  if (v->bytes && v->kept == i) return true;
  g_clear_pointer(&v->bytes, g_free);
  bool fits = t->bytes <= most_bytes;
  g_autofree unsigned char *stored = fits ? g_try_malloc(t->bytes + 1) : NULL;
  g_autofree unsigned char *turned = stored ? g_try_malloc(t->bytes + 1) : NULL;
  if (!turned) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: tensor %s does not fit in memory: close other programs",
                weight_file_label(v->file), t->name);
    return false;
  }
  if (!weight_file_read_raw(v->file, i, 0, (size_t)t->bytes, stored, error)) return false;
  turn(stored, (size_t)t->shape[0], (size_t)t->shape[1], (size_t)(t->count ? t->bytes / t->count : 0), turned);
  v->bytes = g_steal_pointer(&turned);
  v->kept = i;
  return true;
}

static bool read_raw(WeightFile *f, size_t i, uint64_t start, size_t n, void *dst, GError **error) {
  View *v = f->private_data;
  if (!v->turned[i]) return weight_file_read_raw(v->file, i, start, n, dst, error);
  g_mutex_lock(&v->lock);
  bool ok = load(v, i, error);
  if (ok) memcpy(dst, v->bytes + start, n);
  g_mutex_unlock(&v->lock);
  return ok;
}

static void close_view(WeightFile *f) {
  View *v = f->private_data;
  g_free(v->bytes);
  g_mutex_clear(&v->lock);
  g_free(v->turned);
  weight_file_free(v->file);
  g_free(v);
}

/* As it is shown; the name is borrowed. */
static TensorInfo turned_info(const TensorInfo *t) {
  TensorInfo turned = *t;
  turned.shape[0] = t->shape[1], turned.shape[1] = t->shape[0];
  turned.offset = UINT64_MAX;
  return turned;
}

static bool has_wide_qkv(const WeightFile *file) {
  for (size_t i = 0; i < weight_file_count(file); i++)
    if (is_wide_qkv(weight_file_info(file, i))) return true;
  return false;
}

WeightFile *conv1d_view(WeightFile *file) {
  if (!has_wide_qkv(file)) return file;
  View *v = g_new0(View, 1);
  v->format = (WeightFormat){.name = file->format->name, .read_raw = read_raw, .close = close_view};
  v->file = file;
  v->turned = g_new0(bool, weight_file_count(file) + 1);
  g_mutex_init(&v->lock);
  WeightFile *f = weight_file_view(file, &v->format, v);
  for (size_t i = 0; i < weight_file_count(file); i++) {
    TensorInfo shown = *weight_file_info(file, i);
    v->turned[i] = is_turned(&shown);
    if (v->turned[i]) shown = turned_info(&shown);
    weight_file_add_copy(f, &shown); /* what fitted below fits here */
  }
  return f;
}
