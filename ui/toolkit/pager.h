/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs in our terminal: never in a read-only session, the callers see to that. */
#pragma once

#include "ui/toolkit/term.h"

/* Shows a text in $PAGER (less), and comes back when that ends. */
bool pager_run(Term *term, const char *text, GError **error);

/* Opens a file in $VISUAL or $EDITOR (vi). */
bool editor_run(Term *term, const char *path, GError **error);

/* Hands text to the tmux server that we run in, which passes it on to its clients' clipboards. False when there
 * is none. */
bool tmux_copy(const char *text);
