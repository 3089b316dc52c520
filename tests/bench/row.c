/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/row.h"

#include <math.h>
#include <stdio.h>

void bench_row(const char *name, double value, const char *unit, double ratio, const char *floor) {
  printf("%-46s %10.4g %-10s", name, value, unit);
  if (isfinite(ratio)) printf(" %6.2f of %s", ratio, floor);
  putchar('\n');
  fflush(stdout);
}
