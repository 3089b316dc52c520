/* SPDX-License-Identifier: Apache-2.0 */
/* The two sides of a training's curve, and how a chart of each reads: the live one of one training and the one of
 * several finished. */
#pragma once

#include "ui/toolkit/cells.h"

typedef enum { CURVE_SCORE, CURVE_LOSS } CurveSide;

enum { CURVE_SCALE = 9 }; /* columns left of a chart for the numbers of its ends, with a space behind them */

/* Where a point lies on the side's axis: the score as a share of 1, or the loss's logarithm to base 10. NAN where it was
 * not measured or is no number. */
double curve_value(CurveSide side, double loss, double score);

/* A place on that axis as people read it: "12.5 %", "0.31". The caller frees it. */
char *curve_scale_text(CurveSide side, double value);

/* What stands above the chart; the score's with its chance, a share of 1 (NAN: not known), which a dotted line shows or
 * the title alone. The caller frees it. */
char *curve_title(CurveSide side, double chance, bool dotted);
