/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/side_by_side.h"

#include "numerics/linalg.h"

bool side_by_side(size_t n, unsigned threads, ParallelFn body, void *user, const CancelToken *cancel) {
  unsigned before = linalg_threads();
  linalg_set_threads(1);
  bool all = parallel_for(n, threads, body, user, cancel);
  linalg_set_threads(before);
  return all;
}
