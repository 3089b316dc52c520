/* SPDX-License-Identifier: Apache-2.0 */
/* The factor that most often leads from one array of numbers to another: the peak of their ratios. Of a merge by
 * elements it is what a change is multiplied by where it is kept, whatever the other elements do. */
#pragma once

#include <stddef.h>

/* Numbers `to` that may be a factor times numbers `from`, each to within `off`. */
typedef struct {
  double *from, *to, *off; /* room for as many as ratios_new() was told */
  size_t n;
} Ratios;

/* Without any yet. ratios_clear() frees it. */
Ratios ratios_new(size_t most);
void ratios_clear(Ratios *ratios);

void ratios_add(Ratios *ratios, double from, double to, double off);

/* The peak of the histogram of to / from within -4..4, by the larger half of `from`, to within rounding. NAN where fewer
 * than eight numbers agree. The numbers are lost. */
double ratios_peak(Ratios *ratios);
