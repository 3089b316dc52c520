/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "core/json.h"
#include "weights/convert.h"
#include "weights/formats/safetensors.h"

typedef struct {
  const TensorOut **order;
  size_t n;
  const char *const *metadata;

} Job;

static uint64_t element_count(const TensorOut *t) {
  uint64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= t->shape[i];
  return n;
}

static uint64_t byte_count(const TensorOut *t) {
  uint64_t bytes = 0;
  dtype_bytes(t->dtype, element_count(t), &bytes);
  return bytes;
}

static uint64_t element_bytes(const TensorOut *t) {
  uint64_t width = 0;
  dtype_bytes(t->dtype, 1, &width);
  return width;
}

static int wide_first(const void *a, const void *b) {
  const TensorOut *x = *(const TensorOut *const *)a, *y = *(const TensorOut *const *)b;
  uint64_t wx = element_bytes(x), wy = element_bytes(y);
  return wx != wy ? (wx > wy ? -1 : 1) : strcmp(x->name, y->name);
}

static cJSON *entry_json(const TensorOut *t, uint64_t begin) {
  cJSON *entry = cJSON_CreateObject();
  cJSON_AddStringToObject(entry, "dtype", dtype_name(t->dtype));
  cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
  for (int i = 0; i < t->rank; i++) {
    g_autofree char *digits = g_strdup_printf("%" PRIu64, t->shape[i]);
    cJSON_AddItemToArray(shape, cJSON_CreateRaw(digits));
  }
  g_autofree char *span = g_strdup_printf("[%" PRIu64 ",%" PRIu64 "]", begin, begin + byte_count(t));
  cJSON_AddRawToObject(entry, "data_offsets", span);
  return entry;
}

/* The header, padded with spaces to a multiple of 8. */
static char *header_text(const Job *job, uint64_t *length) {
  g_autoptr(cJSON) header = cJSON_CreateObject();
  if (job->metadata && job->metadata[0]) {
    cJSON *meta = cJSON_AddObjectToObject(header, "__metadata__");
    for (const char *const *m = job->metadata; m[0]; m += 2) cJSON_AddStringToObject(meta, m[0], m[1]);
  }
  uint64_t at = 0;
  for (size_t i = 0; i < job->n; i++) {
    cJSON_AddItemToObject(header, job->order[i]->name, entry_json(job->order[i], at));
    at += byte_count(job->order[i]);
  }
  char *text = cJSON_PrintUnformatted(header);
  size_t n = strlen(text), padded = (n + 7) / 8 * 8;
  char *out = g_malloc(padded + 1);
  memcpy(out, text, n);
  memset(out + n, ' ', padded - n);
  cJSON_free(text);
  *length = padded;
  return out;
}

static bool write_tensor(int fd, const TensorOut *t, GError **error) {
  uint64_t n = element_count(t), width = element_bytes(t);
  if (t->dtype == DTYPE_F32) return fd_write_all(fd, t->data, n * sizeof(float), error);
  unsigned char block[65536];
  const uint64_t step = sizeof block / width;
  for (uint64_t done = 0; done < n; done += step) {
    uint64_t k = MIN(step, n - done);
    if (!dtype_from_f32(t->dtype, t->data + done, block, k)) {
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED, "tensor %s: %s cannot be written", t->name,
                  dtype_name(t->dtype));
      return false;
    }
    if (!fd_write_all(fd, block, k * width, error)) return false;
  }
  return true;
}

static bool write_job(void *user, int fd, GError **error) {
  const Job *job = user;
  uint64_t length;
  g_autofree char *header = header_text(job, &length);
  if (!fd_write_all(fd, &length, 8, error) || !fd_write_all(fd, header, length, error)) return false;
  for (size_t i = 0; i < job->n; i++)
    if (!write_tensor(fd, job->order[i], error)) return false;
  return true;
}

static bool write_with(bool (*save)(const char *, FileWriter, void *, GError **), const char *path,
                       const TensorOut *tensors, size_t n, const char *const *metadata, GError **error) {
  g_autofree const TensorOut **order = g_new(const TensorOut *, n + 1);
  for (size_t i = 0; i < n; i++) order[i] = &tensors[i];
  qsort(order, n, sizeof *order, wide_first);
  Job job = {.order = order, .n = n, .metadata = metadata};
  return save(path, write_job, &job, error);
}

bool safetensors_write(const char *path, const TensorOut *tensors, size_t n, const char *const *metadata,
                       GError **error) {
  return write_with(file_write_atomic, path, tensors, n, metadata, error);
}

bool safetensors_write_quick(const char *path, const TensorOut *tensors, size_t n, const char *const *metadata,
                             GError **error) {
  return write_with(file_write_quick, path, tensors, n, metadata, error);
}
