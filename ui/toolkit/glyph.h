/* SPDX-License-Identifier: Apache-2.0 */
/* Signs that are not letters, for terminals with UTF-8 and for those without. */
#pragma once

#include <stdbool.h>

typedef enum {
  GLYPH_ELLIPSIS,
  GLYPH_FOLDED,
  GLYPH_OPEN,
  GLYPH_TAG,
  GLYPH_DASH, /* between two numbers: "33–50" */
  GLYPH_RULE, /* a horizontal line */
  GLYPH_POST, /* a vertical line */
  GLYPH_TOP_LEFT,
  GLYPH_TOP_RIGHT,
  GLYPH_BOTTOM_LEFT,
  GLYPH_BOTTOM_RIGHT,
  GLYPH_BAR,
  GLYPH_BAR_REST,
  GLYPH_DOT, /* between two notes */
  GLYPH_RUNNING,
  GLYPH_WAITING,
  GLYPH_DONE,
  GLYPH_FAILED,
  GLYPH_STOPPED,
  GLYPH_NOTHING, /* no value */
  GLYPH_RISING,  /* an order: smallest first */
  GLYPH_FALLING, /* largest first */
  GLYPH_BULLET,  /* of a list in a card */
  GLYPH_ARROW,   /* from a parent to its child */
  GLYPH_TICK,    /* one side of a box that is ticked */
  GLYPH_STAR,    /* a favourite */
  GLYPH_COUNT
} Glyph;

/* One column each. Static text. */
const char *glyph(bool ascii, Glyph which);
