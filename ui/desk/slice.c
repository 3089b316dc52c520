/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/slice.h"

enum { SLICE = 4000 }; /* microseconds: a quarter of a frame, for what was found must be painted, too */

bool slice_work(bool (*step)(gpointer what), gpointer what) {
  gint64 end = g_get_monotonic_time() + SLICE;
  while (step(what))
    if (g_get_monotonic_time() >= end) return true;
  return false;
}
