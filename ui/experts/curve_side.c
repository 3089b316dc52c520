/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/experts/curve_side.h"

#include <glib.h>
#include <math.h>

double curve_value(CurveSide side, double loss, double score) {
  double value = side == CURVE_SCORE ? score : log10(loss);
  return isfinite(value) ? value : NAN;
}

char *curve_scale_text(CurveSide side, double value) {
  return side == CURVE_SCORE ? g_strdup_printf("%.3g %%", 100 * value) : g_strdup_printf("%.3g", pow(10, value));
}

char *curve_title(CurveSide side, double chance, bool dotted) {
  if (side == CURVE_LOSS) return g_strdup("loss, logarithmic");
  if (!isfinite(chance)) return g_strdup("validation, share right");
  return g_strdup_printf("validation, share right; %schance %.2g %%", dotted ? "dotted: " : "", 100 * chance);
}
