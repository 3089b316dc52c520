/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/clock.h"

#include <glib.h>
#include <math.h>

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
