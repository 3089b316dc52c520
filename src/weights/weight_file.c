/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/weight_file.h"

#include <string.h>

#include "core/error.h"
#include "weights/convert.h"
#include "weights/weight_format.h"

static void tensor_clear(void *data) { g_free(((TensorInfo *)data)->name); }

WeightFile *weight_file_new(ByteSource *source) {
  WeightFile *f = g_new0(WeightFile, 1);
  f->source = byte_source_ref(source);
  f->tensors = g_array_new(FALSE, FALSE, sizeof(TensorInfo));
  g_array_set_clear_func(f->tensors, tensor_clear);
  f->by_name = g_hash_table_new(g_str_hash, g_str_equal);
  f->metadata = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  f->most = WEIGHT_FILE_MOST;
  return f;
}

void weight_file_free(WeightFile *f) {
  if (!f) return;
  if (f->format && f->format->close) f->format->close(f);
  g_hash_table_unref(f->by_name);
  g_hash_table_unref(f->metadata);
  g_array_unref(f->tensors);
  byte_source_unref(f->source);
  g_free(f);
}

const char *weight_file_format(const WeightFile *f) { return f->format->name; }

const char *weight_file_label(const WeightFile *f) { return byte_source_label(f->source); }

size_t weight_file_count(const WeightFile *f) { return f->tensors->len; }

const TensorInfo *weight_file_info(const WeightFile *f, size_t i) {
  g_return_val_if_fail(i < f->tensors->len, NULL);
  return &g_array_index(f->tensors, TensorInfo, i);
}

gssize weight_file_find(const WeightFile *f, const char *name) {
  return (gssize)GPOINTER_TO_SIZE(g_hash_table_lookup(f->by_name, name)) - 1;
}

GHashTable *weight_file_metadata(const WeightFile *f) { return f->metadata; }

/* Computes count and bytes; the problem as static text, or NULL. */
static const char *measure(TensorInfo *info) {
  if (info->rank < 0 || info->rank > TENSOR_MAX_RANK) return "has more dimensions than 8";
  uint64_t count = 1;
  bool empty = false;
  for (int i = 0; i < info->rank; i++) empty |= info->shape[i] == 0;
  for (int i = 0; i < info->rank && !empty; i++)
    if (__builtin_mul_overflow(count, info->shape[i], &count)) return "has a shape that overflows";
  info->count = empty ? 0 : count;
  return dtype_bytes(info->dtype, info->count, &info->bytes) ? NULL : "has a size that is no whole byte count";
}

/* A tensor's share of what is made of the list: its row, its name under several keys, its layer. */
static bool charge(WeightFile *f, const char *name) {
  enum { EACH = 900, COPIES = 4 };
  f->held += EACH + COPIES * strlen(name);
  return f->held <= f->most;
}

bool weight_file_add(WeightFile *f, TensorInfo info, GError **error) {
  const char *problem = measure(&info);
  if (!problem && !charge(f, info.name)) problem = "is one too many: listing them all would take too much memory";
  if (!problem && g_hash_table_contains(f->by_name, info.name)) problem = "appears twice";
  if (problem) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s %s%s", weight_file_label(f), info.name, problem,
                damage_hint(problem));
    g_free(info.name);
    return false;
  }
  g_array_append_val(f->tensors, info);
  g_hash_table_insert(f->by_name, info.name, GSIZE_TO_POINTER(f->tensors->len));
  return true;
}

WeightFile *weight_file_view(const WeightFile *under, const WeightFormat *format, void *data) {
  WeightFile *f = weight_file_new(under->source);
  f->format = format;
  f->private_data = data;
  f->most = under->most;
  g_hash_table_unref(f->metadata);
  f->metadata = g_hash_table_ref(under->metadata);
  return f;
}

bool weight_file_add_copy(WeightFile *view, const TensorInfo *info) {
  TensorInfo copy = *info;
  copy.name = g_strdup(info->name);
  if (!weight_file_add(view, copy, NULL)) return false;
  g_array_index(view->tensors, TensorInfo, view->tensors->len - 1).bytes = info->bytes;
  return true;
}

bool weight_file_keep_metadata(WeightFile *f, const char *key, const char *value, size_t n) {
  f->metadata_held += METADATA_ENTRY + strlen(key) + n;
  f->overdrawn |= f->metadata_held > METADATA_MOST;
  if (!f->overdrawn) g_hash_table_replace(f->metadata, safe_text(key, -1), safe_text(value, (gssize)n));
  return !f->overdrawn;
}

void weight_file_set_metadata(WeightFile *f, const char *key, const char *value) {
  weight_file_keep_metadata(f, key, value, strlen(value));
}

void weight_file_set_heads(WeightFile *f, uint64_t heads) { f->heads = heads; }

uint64_t weight_file_heads(const WeightFile *f) {
  const char *architecture = g_hash_table_lookup(f->metadata, "general.architecture");
  if (f->heads || !architecture || strcmp(f->format->name, "gguf") != 0) return f->heads;
  g_autofree char *key = g_strconcat(architecture, ".attention.head_count", NULL);
  const char *text = g_hash_table_lookup(f->metadata, key);
  guint64 n = 0;
  return text && g_ascii_string_to_unsigned(text, 10, 1, 1 << 16, &n, NULL) ? n : 0;
}

bool weight_file_read_raw(WeightFile *f, size_t i, uint64_t start, size_t n, void *dst, GError **error) {
  const TensorInfo *info = weight_file_info(f, i);
  if (start > info->bytes || n > info->bytes - start) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s has no %zu bytes at %" G_GUINT64_FORMAT,
                weight_file_label(f), info->name, n, start);
    return false;
  }
  if (f->format->read_raw) return f->format->read_raw(f, i, start, n, dst, error);
  return byte_source_read(f->source, info->offset + start, dst, n, error);
}

/* Whole blocks of the format, converted in pieces that stay in the second-level cache. */
static bool read_blocks(WeightFile *f, size_t i, uint64_t first, size_t n, float *dst, GError **error) {
  const Dtype dtype = weight_file_info(f, i)->dtype;
  const size_t block = dtype_block(dtype);
  uint64_t width; /* bytes of a block */
  dtype_bytes(dtype, block, &width);
  unsigned char bytes[65536];
  const size_t step = sizeof bytes / (size_t)width * block;
  for (size_t done = 0; done < n; done += step) {
    size_t k = MIN(step, n - done);
    if (!weight_file_read_raw(f, i, (first + done) / block * width, k / block * width, bytes, error)) return false;
    dtype_to_f32(dtype, bytes, dst + done, k);
  }
  return true;
}

/* n elements that lie within one block. */
static bool read_within_block(WeightFile *f, size_t i, uint64_t first, size_t n, float *dst, GError **error) {
  const size_t block = dtype_block(weight_file_info(f, i)->dtype), skip = first % block;
  float values[DTYPE_MAX_BLOCK];
  if (!read_blocks(f, i, first - skip, block, values, error)) return false;
  memcpy(dst, values + skip, n * sizeof *dst);
  return true;
}

/* Blocks that are wanted in part, at both ends, are read whole and cut. */
static bool read_converted(WeightFile *f, size_t i, uint64_t first, size_t n, float *dst, GError **error) {
  const size_t block = dtype_block(weight_file_info(f, i)->dtype), skip = first % block;
  const size_t head = skip ? MIN(n, block - skip) : 0, tail = (n - head) % block;
  const size_t whole = n - head - tail;
  if (head && !read_within_block(f, i, first, head, dst, error)) return false;
  if (whole && !read_blocks(f, i, first + head, whole, dst + head, error)) return false;
  return !tail || read_within_block(f, i, first + head + whole, tail, dst + head + whole, error);
}

bool weight_file_read_f32(WeightFile *f, size_t i, uint64_t first, size_t n, float *dst, GError **error) {
  const TensorInfo *info = weight_file_info(f, i);
  if (!dtype_is_readable(info->dtype)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: tensor %s is %s, which is listed but not read: convert it to F16 or F32", weight_file_label(f),
                info->name, dtype_name(info->dtype));
    return false;
  }
  if (first > info->count || n > info->count - first) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: tensor %s has no %zu numbers from %" G_GUINT64_FORMAT,
                weight_file_label(f), info->name, n, first);
    return false;
  }
  if (info->dtype == DTYPE_F32) return weight_file_read_raw(f, i, first * sizeof(float), n * sizeof(float), dst, error);
  return read_converted(f, i, first, n, dst, error);
}
