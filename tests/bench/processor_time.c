/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/processor_time.h"

#include <sys/resource.h>

double processor_seconds(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}
