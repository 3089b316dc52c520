/* SPDX-License-Identifier: Apache-2.0 */
#include "core/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text.h"

struct ByteSource {
  gatomicrefcount refs;
  SafeText *label;
  uint64_t size;
  int fd;                   /* a file, or -1 */
  GBytes *bytes;            /* memory, or NULL */
  ByteSource *inner;        /* a window's ground, or NULL */
  uint64_t start;           /* of the window in `inner` */
  const ByteSourceOps *ops; /* somebody else's, or NULL */
  void *data;
};

static ByteSource *source_new(const char *label, uint64_t size) {
  ByteSource *s = g_new0(ByteSource, 1);
  g_atomic_ref_count_init(&s->refs);
  s->label = safe_text(label, -1);
  s->size = size;
  s->fd = -1;
  return s;
}

/* Opens without waiting for a writer (FIFO) and without touching a device. */
static int open_regular(const char *path, const char *label, struct stat *st, GError **error) {
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (fd < 0 || fstat(fd, st) != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: %s", label, g_strerror(errno));
  } else if (!S_ISREG(st->st_mode)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: not a regular file", label);
  } else {
    return fd;
  }
  if (fd >= 0) close(fd);
  return -1;
}

ByteSource *byte_source_open(const char *path, GError **error) {
  g_autofree SafeText *label = safe_text(path, -1);
  struct stat st;
  int fd = open_regular(path, label, &st, error);
  if (fd < 0) return NULL;
  ByteSource *s = source_new(label, (uint64_t)st.st_size);
  s->fd = fd;
  return s;
}

ByteSource *byte_source_from_bytes(GBytes *bytes, const char *label) {
  ByteSource *s = source_new(label, g_bytes_get_size(bytes));
  s->bytes = g_bytes_ref(bytes);
  return s;
}

ByteSource *byte_source_window(ByteSource *source, uint64_t start, uint64_t size, const char *label) {
  ByteSource *s = source_new(label, size);
  s->inner = byte_source_ref(source);
  s->start = start;
  return s;
}

ByteSource *byte_source_new(const ByteSourceOps *ops, void *data, uint64_t size, const char *label) {
  ByteSource *s = source_new(label, size);
  s->ops = ops;
  s->data = data;
  return s;
}

ByteSource *byte_source_ref(ByteSource *source) {
  g_atomic_ref_count_inc(&source->refs);
  return source;
}

void byte_source_unref(ByteSource *source) {
  if (!source || !g_atomic_ref_count_dec(&source->refs)) return;
  if (source->fd >= 0) close(source->fd);
  if (source->bytes) g_bytes_unref(source->bytes);
  byte_source_unref(source->inner);
  if (source->ops) source->ops->free(source->data);
  g_free(source->label);
  g_free(source);
}

uint64_t byte_source_size(const ByteSource *source) { return source->size; }

uint64_t byte_source_unwritten(const ByteSource *s) {
  enum { SMALL = 1 << 20, MOST_HOLES = 4096 };
  if (s->inner) return s->start == 0 && s->size == s->inner->size ? byte_source_unwritten(s->inner) : 0;
  if (s->fd < 0 || s->size < SMALL) return 0;
  uint64_t sum = 0;
  off_t at = 0, size = (off_t)s->size;
  for (unsigned i = 0; i < MOST_HOLES && at < size; i++) {
    off_t hole = lseek(s->fd, at, SEEK_HOLE);
    if (hole < 0 || hole >= size) break;
    at = lseek(s->fd, hole, SEEK_DATA);
    if (at < 0 || at > size) at = size; /* none follow */
    sum += (uint64_t)(at - hole);
  }
  return sum;
}

const char *byte_source_label(const ByteSource *source) { return source->label; }

static bool read_file(ByteSource *s, uint64_t offset, void *dst, size_t n, GError **error) {
  char *p = dst;
  while (n > 0) {
    ssize_t k = pread(s->fd, p, MIN(n, (size_t)1 << 30), (off_t)offset);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: cannot read at byte %" G_GUINT64_FORMAT ": %s", s->label,
                  offset, k < 0 ? g_strerror(errno) : "the file became shorter");
      return false;
    }
    p += k;
    n -= (size_t)k;
    offset += (uint64_t)k;
  }
  return true;
}

bool byte_source_read(ByteSource *s, uint64_t offset, void *dst, size_t n, GError **error) {
  if (offset > s->size || n > s->size - offset) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: %zu bytes at %" G_GUINT64_FORMAT " lie beyond its end at %" G_GUINT64_FORMAT, s->label, n, offset,
                s->size);
    return false;
  }
  if (s->inner) return byte_source_read(s->inner, s->start + offset, dst, n, error);
  if (s->ops) return s->ops->read(s->data, offset, dst, n, error);
  if (s->fd >= 0) return read_file(s, offset, dst, n, error);
  if (n) memcpy(dst, (const char *)g_bytes_get_data(s->bytes, NULL) + offset, n);
  return true;
}
