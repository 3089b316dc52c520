/* SPDX-License-Identifier: Apache-2.0 */
/* What takes longer than a key may be held up is done in slices, between which the loop reads keys and paints. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* What one step looks at, of things that take less than a microsecond each. */
enum { SLICE_STEP = 1024 };

/* Steps until step() is false, for nothing is left, or a slice's few milliseconds are over. True when more is left. */
bool slice_work(bool (*step)(gpointer what), gpointer what);
