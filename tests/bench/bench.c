/* SPDX-License-Identifier: Apache-2.0 */
/* `make bench` (with a folder for its files): floors of this machine first, then the program's own work as ratios to
 * them. */
#include <glib.h>
#include <math.h>
#include <stdio.h>

#include "bench/floors.h"
#include "bench/train_step.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "tests/bench/epoch.h"
#include "tests/bench/row.h"

int main(int argc, char **argv) {
  unsigned threads = parallel_processors();
  linalg_set_threads(threads);
  printf("%u threads, OpenBLAS %s\n\n", threads, linalg_kernel_name());
  Floors f;
  if (!floors_measure(threads, &f, NULL)) return 1;
  bench_row("sgemm 2048^3", f.sgemm / 1e9, "GFLOP/s", NAN, "");
  bench_row("memory stream", f.stream / 1e9, "GB/s", NAN, "");
  bench_row("file read, cached", f.file / 1e9, "GB/s", NAN, "");
  putchar('\n');
  for (size_t i = 0; i < train_step_count(); i++) {
    StepFigure s;
    if (!train_step_measure(i, &f, &s, NULL)) return 1;
    bench_row(s.name, s.models, "models/s", s.of_floor, "sgemm floor");
  }
  if (argc > 1) epoch_bench(argv[1]);
  return 0;
}
