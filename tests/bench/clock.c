/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/clock.h"

#include <glib.h>
#include <math.h>
#include <stdio.h>

static double now(void) { return (double)g_get_monotonic_time() / 1e6; }

double bench_seconds(BenchFn fn, void *user, int runs, double seconds) {
  double best = INFINITY, begin = now();
  for (int i = 0; i < runs || now() - begin < seconds; i++) {
    double start = now();
    fn(user);
    best = fmin(best, now() - start);
  }
  return best;
}

void bench_row(const char *name, double value, const char *unit, double ratio, const char *floor) {
  printf("%-46s %10.4g %-10s", name, value, unit);
  if (isfinite(ratio)) printf(" %6.2f of %s", ratio, floor);
  putchar('\n');
  fflush(stdout);
}
