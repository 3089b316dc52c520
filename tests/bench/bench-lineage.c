/* SPDX-License-Identifier: Apache-2.0 */
/* `make bench-lineage`: how fast weights are read into sketches, beside a plain read of the same files,
 * how long 10,000 sketches take to become a forest, and in how much memory. bench-lineage [MODELS [THREADS]]. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/clock.h"
#include "core/files.h"
#include "core/parallel.h"
#include "numerics/rng.h"
#include "lineage/forest/forest.h"
#include "lineage/sketch/sketch.h"
#include "tests/bench/row.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_open.h"

enum { FILES = 8, LARGE = 1024, LARGE_MATRICES = 16, SMALL = 16, SMALL_MATRICES = 24, A_TREE = 200 };

static double now(void) { return (double)g_get_monotonic_time() / 1e6; }

static void stop(GError *error) {
  fprintf(stderr, "bench-lineage: %s\n", error->message);
  exit(1);
}

/* One file of `matrices` square ones, whose numbers lie one behind the other. */
static void write_model(const char *path, unsigned matrices, uint64_t side, const float *x) {
  TensorOut t[SMALL_MATRICES];
  char *names[SMALL_MATRICES];
  GError *error = NULL;
  for (unsigned i = 0; i < matrices; i++) {
    names[i] = g_strdup_printf("layers.%u.weight", i);
    t[i] = (TensorOut){
        .name = names[i], .dtype = DTYPE_F32, .rank = 2, .shape = {side, side}, .data = x + i * side * side};
  }
  if (!safetensors_write(path, t, matrices, NULL, &error)) stop(error);
  for (unsigned i = 0; i < matrices; i++) g_free(names[i]);
}

/* ---- reading ---- */

/* Makes the system forget what it holds of the files. */
static void drop_cache(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  close(fd);
}

typedef struct {
  char *path[FILES];
  unsigned threads;
} Shelf;

static bool sketch_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Shelf *s = user;
  GError *error = NULL;
  g_autoptr(WeightFile) file = weight_file_open(s->path[item], &error);
  g_autoptr(ModelSketch) sketch = file ? model_sketch_read(file, NULL, 0, NULL, &error) : NULL;
  if (!sketch) stop(error);
  return true;
}

static bool read_one(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Shelf *s = user;
  g_autofree char *buffer = g_malloc(1 << 18); /* as large as a sketch's blocks */
  int fd = open(s->path[item], O_RDONLY | O_CLOEXEC);
  while (fd >= 0 && read(fd, buffer, 1 << 18) > 0) {
  }
  if (fd >= 0) close(fd);
  return true;
}

static void sketch_all(void *user) {
  const Shelf *s = user;
  parallel_for(FILES, s->threads, sketch_one, user, NULL);
}

static void read_all(void *user) {
  const Shelf *s = user;
  parallel_for(FILES, s->threads, read_one, user, NULL);
}

/* Seconds of one call with the files read from the disk. */
static double cold_seconds(const Shelf *s, BenchFn fn) {
  double best = INFINITY;
  for (int run = 0; run < 3; run++) {
    for (int i = 0; i < FILES; i++) drop_cache(s->path[i]);
    double start = now();
    fn((void *)s);
    best = fmin(best, now() - start);
  }
  return best;
}

static void bench_reading(const char *top, unsigned threads) {
  const size_t count = (size_t)LARGE_MATRICES * LARGE * LARGE;
  g_autofree float *x = g_new(float, count);
  Shelf s = {.threads = threads};
  Rng rng;
  rng_init(&rng, 1, 0);
  rng_fill_uniform(&rng, x, count, 0.05f);
  for (int i = 0; i < FILES; i++) {
    s.path[i] = g_strdup_printf("%s/large-%d.safetensors", top, i);
    write_model(s.path[i], LARGE_MATRICES, LARGE, x);
  }
  double bytes = (double)FILES * (double)count * sizeof(float);
  double plain = bytes / bench_seconds(read_all, &s, 3, 1);
  double sketched = bytes / bench_seconds(sketch_all, &s, 3, 1);
  bench_row("plain read, cached", plain / 1e9, "GB/s", NAN, "");
  bench_row("weights to sketches, cached", sketched / 1e9, "GB/s", sketched / plain, "a plain read");
  plain = bytes / cold_seconds(&s, read_all);
  sketched = bytes / cold_seconds(&s, sketch_all);
  bench_row("plain read, from the disk", plain / 1e9, "GB/s", NAN, "");
  bench_row("weights to sketches, from the disk", sketched / 1e9, "GB/s", sketched / plain, "a plain read");
  for (int i = 0; i < FILES; i++) {
    unlink(s.path[i]);
    g_free(s.path[i]);
  }
}

/* ---- forests ---- */

/* Forgets the most that the process has held so far. */
static void peak_reset(void) {
  FILE *f = fopen("/proc/self/clear_refs", "w");
  if (!f) return;
  fputs("5", f);
  fclose(f);
}

/* The most that was held since, in MB; NAN where the system does not say. */
static double peak_megabytes(void) {
  g_autofree char *status = NULL;
  if (!g_file_get_contents("/proc/self/status", &status, NULL, NULL)) return NAN;
  const char *line = strstr(status, "VmHWM:");
  return line ? g_ascii_strtod(line + strlen("VmHWM:"), NULL) / 1000 : NAN;
}

enum { SMALL_NUMBERS = SMALL_MATRICES * SMALL * SMALL };

static void plant_many(const char *root, unsigned models) {
  g_autofree float *tree = g_new(float, ((size_t)A_TREE * SMALL_NUMBERS));
  Rng rng;
  rng_init(&rng, 2, 0);
  for (unsigned i = 0; i < models; i++) {
    unsigned at = i % A_TREE;
    float *x = tree + (size_t)at * SMALL_NUMBERS;
    const float *parent = tree + (at ? rng_below(&rng, at) : 0) * SMALL_NUMBERS;
    float step = at ? rng_range(&rng, 0.002f, 0.02f) : 0.1f;
    for (int k = 0; k < SMALL_NUMBERS; k++) x[k] = (at ? parent[k] : 0) + step * rng_range(&rng, -1.7f, 1.7f);
    g_autofree char *path = g_strdup_printf("%s/m%05u.safetensors", root, i);
    write_model(path, SMALL_MATRICES, SMALL, x);
  }
}

static double build(Collection *c, const GPtrArray *models, unsigned threads) {
  ForestOptions options = {.threads = threads};
  GError *error = NULL;
  double start = now();
  g_autoptr(Forest) f = forest_build(c, models, &options, NULL, &error);
  if (!f) stop(error);
  double seconds = now() - start;
  unsigned trees = (models->len + A_TREE - 1) / A_TREE;
  if ((unsigned)f->trees != trees) fprintf(stderr, "%d trees, not %u\n", f->trees, trees);
  return seconds;
}

static void bench_forest(const char *top, unsigned models, unsigned threads) {
  GError *error = NULL;
  ScanSummary summary;
  g_autofree char *root = g_build_filename(top, "many", NULL);
  g_autofree char *state = g_build_filename(top, "state", NULL);
  dir_make(root, &error);
  plant_many(root, models);
  CollectionOptions options = {.state = state, .threads = threads};
  g_autoptr(Collection) c = collection_open(root, &options, &error);
  if (!c || !collection_scan(c, NULL, &summary, &error)) stop(error);
  g_autoptr(GPtrArray) list = collection_models(c, &error);
  if (!list) stop(error);
  g_autofree char *what = g_strdup_printf("%u small models to a forest, %d matrices each", list->len, SMALL_MATRICES);
  bench_row(what, build(c, list, threads), "s", NAN, "");
  peak_reset();
  bench_row("the same from the catalog's sketches", build(c, list, threads), "s", NAN, "");
  bench_row("memory of that, at most", peak_megabytes(), "MB", NAN, "");
  bench_row("memory a model", 1000 * peak_megabytes() / list->len, "kB", NAN, "");
}

int main(int argc, char **argv) {
  unsigned models = argc > 1 ? (unsigned)g_ascii_strtoull(argv[1], NULL, 10) : 10000;
  unsigned threads = argc > 2 ? (unsigned)g_ascii_strtoull(argv[2], NULL, 10) : parallel_processors();
  GError *error = NULL;
  g_autofree char *top = g_dir_make_tmp("copse-bench-XXXXXX", &error);
  if (!top) stop(error);
  printf("%u threads\n", threads);
  bench_reading(top, threads);
  bench_forest(top, models, threads);
  dir_remove(top, NULL);
  return 0;
}
