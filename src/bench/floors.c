/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/floors.h"

#include <fcntl.h>
#include <glib.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "bench/clock.h"
#include "core/files.h"
#include "numerics/linalg.h"
#include "core/parallel.h"

enum { SIDE = 2048, STREAM = 32 << 20 }; /* floats */
enum { FILE_BYTES = STREAM * (int)sizeof(float) };

typedef struct {
  float *a, *b, *c;
  unsigned threads;
  const char *path;
  char *buffer;
} Ground;

static void multiply(void *user) {
  Ground *g = user;
  gemm(false, false, SIDE, SIDE, SIDE, 1, g->a, SIDE, g->b, SIDE, 0, g->c, SIDE);
}

static bool stream_share(void *user, size_t item, unsigned thread) {
  (void)thread;
  Ground *g = user;
  size_t n = STREAM / g->threads;
  float *x = g->a + item * n, *y = g->b + item * n;
  for (size_t i = 0; i < n; i++) y[i] += 0.5f * x[i];
  return true;
}

static void stream(void *user) {
  Ground *g = user;
  parallel_for(g->threads, g->threads, stream_share, g, NULL);
}

static void read_file(void *user) {
  Ground *g = user;
  int fd = open(g->path, O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && read(fd, g->buffer, 1 << 20) > 0) {
  }
  if (fd >= 0) close(fd);
}

static double file_rate(Ground *g) {
  g_autofree char *dir = g_dir_make_tmp("copse-bench-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(dir, "file", NULL);
  bool ok = file_write_bytes(path, g->a, FILE_BYTES, NULL);
  g->path = path;
  g->buffer = g_malloc(1 << 20);
  double seconds = ok ? bench_seconds(read_file, g, 3, 0.3) : NAN;
  g_free(g->buffer);
  dir_remove(dir, NULL);
  return FILE_BYTES / seconds;
}

static void measure(Ground *g, Floors *f) {
  for (size_t i = 0; i < STREAM; i++) g->a[i] = g->b[i] = (float)(i % 7) * 0.25f;
  f->sgemm = 2.0 * SIDE * SIDE * SIDE / bench_seconds(multiply, g, 5, 1);
  f->stream = 3.0 * STREAM * sizeof(float) / bench_seconds(stream, g, 5, 0.5);
  f->file = file_rate(g);
}

bool floors_measure(unsigned threads, Floors *floors, GError **error) {
  Ground g = {.threads = threads};
  g.a = big_alloc(STREAM, error);
  g.b = g.a ? big_alloc(STREAM, error) : NULL;
  g.c = g.b ? big_alloc(SIDE * SIDE, error) : NULL;
  bool ok = g.c != NULL;
  if (ok) measure(&g, floors);
  big_free(g.a, STREAM);
  big_free(g.b, STREAM);
  big_free(g.c, SIDE * SIDE);
  return ok;
}
