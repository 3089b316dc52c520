/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/counting_source.h"

#include <string.h>

struct CountingSource {
  ByteSource *file;
  GMutex lock;          /* of the counts: sources are read by several threads */
  unsigned char *times; /* each byte was read, at most 255 */
  uint64_t size;
};

static bool read_counted(void *data, uint64_t offset, void *dst, size_t n, GError **error) {
  CountingSource *c = data;
  g_mutex_lock(&c->lock);
  for (size_t i = 0; i < n; i++)
    if (c->times[offset + i] < 255) c->times[offset + i]++;
  g_mutex_unlock(&c->lock);
  return byte_source_read(c->file, offset, dst, n, error);
}

static void counting_free(void *data) {
  CountingSource *c = data;
  byte_source_unref(c->file);
  g_mutex_clear(&c->lock);
  g_free(c->times);
  g_free(c);
}

ByteSource *counting_source_open(const char *path, CountingSource **out) {
  static const ByteSourceOps ops = {read_counted, counting_free};
  GError *error = NULL;
  CountingSource *c = g_new0(CountingSource, 1);
  c->file = byte_source_open(path, &error);
  g_assert_no_error(error);
  c->size = byte_source_size(c->file);
  c->times = g_malloc0(c->size + 1);
  g_mutex_init(&c->lock);
  *out = c;
  return byte_source_new(&ops, c, c->size, path);
}

void counting_source_reset(CountingSource *c) { memset(c->times, 0, c->size); }

static uint64_t count(CountingSource *c, unsigned least, unsigned most) {
  uint64_t n = 0;
  g_mutex_lock(&c->lock);
  for (uint64_t i = 0; i < c->size; i++) n += c->times[i] >= least && c->times[i] <= most;
  g_mutex_unlock(&c->lock);
  return n;
}

uint64_t counting_source_once(CountingSource *c) { return count(c, 1, 1); }
uint64_t counting_source_more(CountingSource *c) { return count(c, 2, 255); }
