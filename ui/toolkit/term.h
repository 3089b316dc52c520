/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal: the only place that calls curses. One at a time, on one thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/cells.h"
#include "ui/toolkit/key.h"
#include "ui/toolkit/style.h"

typedef struct Term Term;

typedef struct {
  const char *theme;    /* see scheme_choose() */
  const bool *coloured; /* by Style: use looks[] in place of the scheme's; NULL: never */
  const Look *looks;
  bool ascii;        /* even where UTF-8 is to be had */
  bool headless;     /* no terminal: paint into nothing, read no keys */
  bool uncursed;     /* headless only: without curses, which would paint what nobody sees */
  int columns, rows; /* headless only: the size; 0: 80 x 24 */
} TermOptions;

/* Takes the terminal of standard input and output. Fails, leaving it as it was, when there is
 * none or when it cannot move the cursor. */
Term *term_open(const TermOptions *options, GError **error);

/* Gives the terminal back as it was found. */
void term_close(Term *term);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Term, term_close)

bool term_is_ascii(const Term *term);
Scheme term_scheme(const Term *term);
void term_size(const Term *term, int *columns, int *rows);

/* Another size for a headless terminal. */
void term_resize(Term *term, int columns, int rows);

/* File descriptor to poll for keys, -1 when headless. */
int term_fd(const Term *term);

/* The next key, UIKEY_NONE when none waits; never blocks. */
Key term_read(Term *term);

/* Shows the picture: sends what differs from the one before. */
void term_paint(Term *term, const Cells *cells);

/* Forgets what is on screen: the next paint sends everything. */
void term_redraw(Term *term);

/* Gives the terminal back, stops the process group, and takes it again when continued. */
void term_suspend(Term *term);

/* Another scheme: "auto", or its name. */
void term_set_theme(Term *term, const char *theme);

/* Between these the terminal belongs to another program. */
void term_leave(Term *term);
void term_return(Term *term);

/* Hands text to the terminal's clipboard (OSC 52). False when it is longer than terminals take, or when
 * there is no terminal. */
bool term_copy(Term *term, const char *text);

/* Takes clicks and the wheel, or leaves them to the terminal, which then selects text. */
void term_set_mouse(Term *term, bool on);

typedef enum { MOUSE_NOTHING, MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN } MouseEvent;

/* What the mouse did, after UIKEY_MOUSE, and in which cell. */
MouseEvent term_mouse(Term *term, int *x, int *y);

/* The window's title, where the terminal has one. */
void term_title(Term *term, const char *title);

/* The bytes that bring the terminal back after a crash; owned by the terminal. */
const char *term_restore_bytes(const Term *term, gsize *n);

/* What curses believes to be on screen, text and then the attributes of each row. For tests;
 * the caller frees it. */
char *term_dump(const Term *term);
