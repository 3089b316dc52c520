/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as curses numbers them. */
#pragma once

#include <curses.h>

#include "ui/toolkit/key.h"

/* Codes under which curses gives us the brackets that terminals put around what is pasted. */
enum { CODE_PASTE_BEGIN = KEY_F(60), CODE_PASTE_END = KEY_F(61) };

/* What a code of curses is to us; UIKEY_NONE for those that nothing is made of. */
Key term_key(wint_t code);
