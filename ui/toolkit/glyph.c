/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/glyph.h"

static const char *const glyph_table[GLYPH_COUNT][2] = {
    [GLYPH_ELLIPSIS] = {"…", "~"},    [GLYPH_FOLDED] = {"▸", "+"},       [GLYPH_OPEN] = {"▾", "-"},
    [GLYPH_TAG] = {"●", "*"},         [GLYPH_DASH] = {"–", "-"},         [GLYPH_RULE] = {"─", "-"},
    [GLYPH_POST] = {"│", "|"},        [GLYPH_TOP_LEFT] = {"┌", "+"},     [GLYPH_TOP_RIGHT] = {"┐", "+"},
    [GLYPH_BOTTOM_LEFT] = {"└", "+"}, [GLYPH_BOTTOM_RIGHT] = {"┘", "+"}, [GLYPH_BAR] = {"█", "#"},
    [GLYPH_BAR_REST] = {"░", "."},    [GLYPH_DOT] = {"·", "-"},          [GLYPH_RUNNING] = {"▶", ">"},
    [GLYPH_WAITING] = {"…", "."},     [GLYPH_DONE] = {"✓", "v"},         [GLYPH_FAILED] = {"✗", "!"},
    [GLYPH_STOPPED] = {"■", "x"},     [GLYPH_NOTHING] = {"·", "."},      [GLYPH_RISING] = {"▴", "^"},
    [GLYPH_FALLING] = {"▾", "v"},     [GLYPH_BULLET] = {"•", "*"},       [GLYPH_ARROW] = {"→", ">"},
    [GLYPH_TICK] = {"✓", "x"},        [GLYPH_STAR] = {"★", "F"},
};

const char *glyph(bool ascii, Glyph which) { return glyph_table[which][ascii]; }
