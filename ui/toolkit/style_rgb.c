/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/style_rgb.h"

/* On dark and on light ground; 0: as the eight colours have it. */
static const struct {
  int dark, light;
} rgb_table[STYLE_COUNT] = {
    /* clang-format off */
    [STYLE_TITLE]     = {0x9ad67a, 0x1f6f2b},
    [STYLE_TAGGED]    = {0xf2c14e, 0x9c3d75},
    [STYLE_BRANCH]    = {0x6b9a5e, 0x5f8a52},
    [STYLE_LABEL]     = {0x7cc7d8, 0x00607a},
    [STYLE_CONCEPT]   = {0x9fd3e6, 0x005a8c},
    [STYLE_RECOVERED] = {0x8fd17a, 0x2a7a35},
    [STYLE_BY_HAND]   = {0xd79bee, 0x8a3fa8},
    [STYLE_BAR]       = {0x7fbf6a, 0x3f8f3a},
    [STYLE_GOOD]      = {0x8fd17a, 0x2a7a35},
    [STYLE_WARN]      = {0xf2b84b, 0xa85a00},
    [STYLE_BAD]       = {0xff7a6b, 0xb32020},
    [STYLE_GROUP_1]   = {0x3fc48f, 0x00795a},
    [STYLE_GROUP_2]   = {0x56b4e9, 0x0072b2},
    [STYLE_GROUP_3]   = {0xf0e442, 0x8a7a00},
    [STYLE_GROUP_4]   = {0xe08fbf, 0xa8407f},
    [STYLE_GROUP_5]   = {0xe69f00, 0xb36a00},
    [STYLE_GROUP_6]   = {0xff7043, 0xc23b00},
    /* clang-format on */
};

bool style_rgb(Scheme scheme, Style style, int *fg, int *bg) {
  enum { INK = 0x1a1a1a, MARKER = 0xf2c14e };
  *fg = scheme == SCHEME_LIGHT ? rgb_table[style].light : rgb_table[style].dark;
  *bg = -1;
  if (scheme == SCHEME_MONO) return false;
  if (style == STYLE_MATCH) *fg = INK, *bg = MARKER;
  return *fg != 0;
}
