/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/dense_store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "weights/convert.h"
#include "weights/dtype.h"

struct DenseStore {
  size_t n, each;
  bool half;
  void *bytes;   /* (n, each) of float or uint16_t */
  size_t size;   /* bytes; of the mapping when on disk */
  size_t floats; /* what was asked of big_alloc() when in memory */
  bool on_disk;
};

/* A file without a name in the folder, so that it is gone whatever becomes of the program. */
static int open_scratch(const char *folder) {
  int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  g_autofree char *path = g_build_filename(folder, "copse-scratch-XXXXXX", NULL);
  fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) unlink(path);
  return fd;
}

static bool map_scratch(DenseStore *s, const char *folder, GError **error) {
  int fd = open_scratch(folder ? folder : g_get_tmp_dir());
  bool ok = fd >= 0 && posix_fallocate(fd, 0, (off_t)s->size) == 0;
  s->bytes = ok ? mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  if (fd >= 0) close(fd);
  s->on_disk = s->bytes != MAP_FAILED;
  if (s->on_disk) return true;
  s->bytes = NULL;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
              "no room for %zu bytes of layers in %s: %s; set TMPDIR to another folder", s->size,
              folder ? folder : g_get_tmp_dir(), g_strerror(errno));
  return false;
}

DenseStore *dense_store_new(size_t n, size_t each, const DenseStoreOptions *options, GError **error) {
  g_autoptr(DenseStore) s = g_new0(DenseStore, 1);
  size_t count;
  s->n = n;
  s->each = each;
  s->half = options && options->half;
  if (__builtin_mul_overflow(n, each, &count) || count > SIZE_MAX / 8) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_IO,
                        "not enough memory for the layers: set --memory, and the rest goes to the disk");
    return NULL;
  }
  s->size = MAX(count, 1) * (s->half ? sizeof(uint16_t) : sizeof(float));
  s->floats = s->half ? (count + 1) / 2 : count;
  if (options && options->memory && s->size > options->memory)
    return map_scratch(s, options->folder, error) ? g_steal_pointer(&s) : NULL;
  s->bytes = big_alloc(s->floats, error);
  return s->bytes ? g_steal_pointer(&s) : NULL;
}

void dense_store_free(DenseStore *s) {
  if (!s) return;
  if (s->on_disk) munmap(s->bytes, s->size);
  else big_free(s->bytes, s->floats);
  g_free(s);
}

const float *dense_store_get(const DenseStore *s, size_t i, float *scratch) {
  if (!s->half) return (const float *)s->bytes + i * s->each;
  dtype_to_f32(DTYPE_BF16, (const uint16_t *)s->bytes + i * s->each, scratch, s->each);
  return scratch;
}

void dense_store_put(DenseStore *s, size_t i, const float *x) {
  if (s->half) dtype_from_f32(DTYPE_BF16, x, (uint16_t *)s->bytes + i * s->each, s->each);
  else memmove((float *)s->bytes + i * s->each, x, s->each * sizeof *x);
}

const float *dense_store_all(const DenseStore *s) { return s->half ? NULL : s->bytes; }

bool dense_store_is_on_disk(const DenseStore *s) { return s->on_disk; }
