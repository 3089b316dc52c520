/* SPDX-License-Identifier: Apache-2.0 */
/* How fast a collection is read: bench-scan [MODELS] plants so many (10,000) in a temporary folder,
 * scans it, scans it again, and does the same with all of it in one tar and in one tar.gz. The
 * floor is what the system takes to open every weight file and read the first 16 kB. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "collection/collection.h"
#include "core/files.h"
#include "tests/bench/row.h"
#include "tests/bench/wood.h"

static double now(void) { return (double)g_get_monotonic_time() / 1e6; }

static double peak_mb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss / 1024;
}

static void stop(GError *error) {
  fprintf(stderr, "bench-scan: %s\n", error->message);
  exit(1);
}

/* Opens the models' files and reads a header's worth of each: models a second. */
static double floor_of(const char *root, GPtrArray *models) {
  static char bytes[16384];
  double start = now();
  for (guint i = 0; i < models->len; i++) {
    g_autofree char *path = g_build_filename(root, ((Model *)models->pdata[i])->file, NULL);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, bytes, sizeof bytes) < 0) perror(path);
    close(fd);
  }
  return models->len / (now() - start);
}

/* Every model's weights, opened by path: models a second. */
static double open_all(Collection *c, GPtrArray *models) {
  double start = now();
  for (guint i = 0; i < models->len; i++) {
    GError *error = NULL;
    g_autoptr(WeightFile) file = collection_open_weights(c, models->pdata[i], &error);
    if (!file) stop(error);
  }
  return models->len / (now() - start);
}

static double scan(Collection *c, unsigned want, unsigned *read) {
  GError *error = NULL;
  ScanSummary sum;
  double start = now();
  if (!collection_scan(c, NULL, &sum, &error)) stop(error);
  if (sum.models != want) fprintf(stderr, "bench-scan: %u models, not %u\n", sum.models, want);
  *read = sum.read;
  return want / (now() - start);
}

static void measure(const char *title, const char *root, const char *state, unsigned n, bool has_floor) {
  GError *error = NULL;
  const CollectionOptions options = {.state = state};
  g_autoptr(Collection) c = collection_open(root, &options, &error);
  if (!c) stop(error);
  unsigned read;
  double first = scan(c, n, &read), again = scan(c, n, &read);
  if (read) fprintf(stderr, "bench-scan: the second scan read %u files\n", read);
  double start = now();
  g_autoptr(GPtrArray) models = collection_models(c, &error);
  if (!models) stop(error);
  double list = models->len / (now() - start), scan_peak = peak_mb();
  double least = has_floor ? floor_of(root, models) : NAN;
  printf("%s\n", title);
  bench_row("  first scan", first, "models/s", first / least, "open and read 16 kB");
  bench_row("  again", again, "models/s", again / least, "open and read 16 kB");
  bench_row("  list from the catalog", list, "models/s", NAN, "");
  bench_row("  open every model's weights", open_all(c, models), "models/s", NAN, "");
  bench_row("  peak memory of scan and list", scan_peak, "MB", NAN, "");
  putchar('\n');
}

/* In a process of its own, so that each has its own peak. */
static void measure_apart(const char *title, const char *top, const char *name, unsigned n, bool has_floor) {
  g_autofree char *root = g_build_filename(top, name, NULL);
  g_autofree char *state = g_strconcat(root, "-state", NULL);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    measure(title, root, state, n, has_floor);
    fflush(stdout);
    _exit(0);
  }
  if (child < 0 || waitpid(child, NULL, 0) < 0) perror("bench-scan");
}

static void pack(const char *top, const char *folder, const char *name, bool gzip) {
  g_autofree char *root = g_build_filename(top, "wood", NULL);
  g_autofree char *tar = g_build_filename(top, folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname(tar);
  g_mkdir_with_parents(parent, 0755);
  wood_pack(root, tar, gzip);
}

int main(int argc, char **argv) {
  unsigned n = argc > 1 ? (unsigned)g_ascii_strtoull(argv[1], NULL, 10) : 10000;
  g_autofree char *top = g_dir_make_tmp("copse-bench-XXXXXX", NULL);
  g_autofree char *root = top ? g_build_filename(top, "wood", NULL) : NULL;
  if (!n || !top) {
    fprintf(stderr, "usage: bench-scan [MODELS]\n");
    return 2;
  }
  double start = now();
  wood_plant(root, n);
  printf("%u models planted in %.1f s\n\n", n, now() - start);
  pack(top, "tar", "wood.tar", false);
  pack(top, "gz", "wood.tar.gz", true);
  measure_apart("folders", top, "wood", n, true);
  measure_apart("one tar", top, "tar", n, false);
  measure_apart("one tar.gz", top, "gz", n, false);
  return dir_remove(top, NULL) ? 0 : 1;
}
