/* SPDX-License-Identifier: Apache-2.0 */
/* What a cell means, and how each scheme shows that. Views name meanings, never colours; no
 * meaning is carried by colour alone. */
#pragma once

#include <stdbool.h>

typedef enum {
  STYLE_TEXT,
  STYLE_DIM,      /* less important; kept only for a match below */
  STYLE_TITLE,    /* the program's and the view's name */
  STYLE_TAB,      /* the other views' names */
  STYLE_HEADER,   /* column heads */
  STYLE_SELECTED, /* the row at hand */
  STYLE_TAGGED,
  STYLE_MATCH,    /* what a search found */
  STYLE_BRANCH,   /* lines of a tree */
  STYLE_LABEL,    /* names of facts and fields */
  STYLE_CONCEPT,  /* what a model was trained on */
  STYLE_DECLARED, /* where an edge comes from */
  STYLE_RECOVERED,
  STYLE_BY_HAND,
  STYLE_BAR, /* the filled part of a bar, a curve */
  STYLE_BAR_REST,
  STYLE_GOOD,
  STYLE_WARN,
  STYLE_BAD,
  STYLE_KEY,     /* a key in the bottom bar */
  STYLE_HINT,    /* its word */
  STYLE_INPUT,   /* text that is being typed */
  STYLE_BOX,     /* frames of boxes */
  STYLE_GROUP_1, /* kinds of points on the map, one after the other */
  STYLE_GROUP_2,
  STYLE_GROUP_3,
  STYLE_GROUP_4,
  STYLE_GROUP_5,
  STYLE_GROUP_6,
  STYLE_COUNT
} Style;

/* Colours of every terminal: -1 keeps the terminal's own. */
enum { COLOUR_OWN = -1, BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };

/* Attributes; together with a colour pair they are a look. */
enum { LOOK_BOLD = 1, LOOK_DIM = 2, LOOK_REVERSE = 4, LOOK_UNDERLINE = 8 };

typedef struct {
  signed char fg, bg;
  unsigned char attributes;
} Look;

typedef enum { SCHEME_DARK, SCHEME_LIGHT, SCHEME_MONO, SCHEME_COUNT } Scheme;

/* The scheme to use: `theme` when it names one; mono when NO_COLOR is set and not empty or the
 * terminal has no colours; light when COLORFGBG says so; else dark. An unknown theme counts as
 * none. */
Scheme scheme_choose(const char *theme, bool has_colours);

/* True when `theme` names a scheme. */
bool scheme_known(const char *theme);

Look style_look(Scheme scheme, Style style);

/* "text", "dim", "title", … Static text. */
const char *style_name(Style style);
