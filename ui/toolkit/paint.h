/* SPDX-License-Identifier: Apache-2.0 */
/* Small drawings that several views share. All of them stay inside what they are given. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "experts/expert.h"
#include "ui/toolkit/cells.h"

/* Text in exactly `columns` columns, cut with the ellipsis; numbers are set to the right. */
void paint_left(Cells *cells, int x, int y, int columns, Style style, const char *text);
void paint_right(Cells *cells, int x, int y, int columns, Style style, const char *text);

/* The end of a text that is too long, the ellipsis before it: for names that differ in their last part. */
void paint_tail(Cells *cells, int x, int y, int columns, Style style, const char *text);

/* Both ends of a text that is too long, the ellipsis between them: for names that begin alike and end alike. */
void paint_middle(Cells *cells, int x, int y, int columns, Style style, const char *text);

/* A bar filled to `share` (0..1; NAN: nothing). */
void paint_bar(Cells *cells, int x, int y, int columns, double share);

/* A frame with a title; the inside is blank. Returns the inside. */
Rect paint_box(Cells *cells, Rect area, const char *title);

/* A rectangle of the given size in the middle of another, as large as fits. */
Rect rect_centre(Rect outer, int columns, int rows);

/* The bit behind U+2800 of a dot of a braille cell, two across (dx) and four down (dy). Unicode numbers them column by
 * column, the lowest row last. */
guint8 braille_bit(int dx, int dy);

/* Draws values[0..n) from left to right as a curve, braille dots or ASCII signs, scaled
 * between *low and *high, which get the smallest and largest value. NANs leave gaps. */
void paint_curve(Cells *cells, Rect area, const double *values, guint n, double *low, double *high);

/* A line across the first row of the area. */
void paint_rule(Cells *cells, Rect area);

/* Draws a text from row y on, broken at spaces; returns the rows it took, at most `rows`. */
int paint_wrapped(Cells *cells, int x, int y, int columns, int rows, Style style, const char *text);

/* Rows that a text takes when it is broken at spaces to so many columns. */
int text_rows(const char *text, int columns);

/* "41 % 33–50, chance 2.0 %" of the cases first, "acc 83 % 81–85, chance 50.0 %" of the single labels right, whichever
 * is the score's headline; the first form that stays within `columns` (0: the whole): without the interval, without the
 * chance, the bare rate. "·" when nothing was measured.
 * The caller frees it. */
char *score_text(const Score *score, int columns, bool ascii);
