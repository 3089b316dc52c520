/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as numbers and as names. A key that gives a character is that character's code point
 * (Ctrl-A is 1, Esc 27, Enter 13); the others follow above the last code point. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t Key;

enum {
  UIKEY_NONE = 0,
  UIKEY_TAB = 9,
  UIKEY_ENTER = 13,
  UIKEY_ESC = 27,
  UIKEY_BACKSPACE = 127,
  UIKEY_UP = 0x110000,
  UIKEY_DOWN,
  UIKEY_LEFT,
  UIKEY_RIGHT,
  UIKEY_HOME,
  UIKEY_END,
  UIKEY_PAGE_UP,
  UIKEY_PAGE_DOWN,
  UIKEY_INSERT,
  UIKEY_DELETE,
  UIKEY_BACK_TAB,
  UIKEY_F1, /* F1 .. F12 follow one another */
  UIKEY_F12 = UIKEY_F1 + 11,
  UIKEY_RESIZE, /* the terminal has another size: no key that one can press */
  UIKEY_MOUSE,  /* the mouse: what it did is asked for with term_mouse() */
  UIKEY_ALT_0,  /* a digit with Alt; the nine others follow */
  UIKEY_ALT_9 = UIKEY_ALT_0 + 9,
  UIKEY_PASTE_BEGIN, /* what follows, up to the end, was pasted and not typed */
  UIKEY_PASTE_END
};

/* Reads one key from the text: a character, or a name such as <Enter>, <C-d>, <M-1>, <PgUp>, <lt>.
 * Moves *text behind it. UIKEY_NONE at the end and for an unknown name. */
Key key_parse(const char **text);

/* The longest name, with its NUL. */
enum { KEY_NAME_MAX = 16 };

/* Writes the key as key_parse() reads it, or for people: "Enter", "^D", "Alt-1", "PgUp". */
void key_write(Key key, char name[KEY_NAME_MAX]);
void key_label(Key key, char label[KEY_NAME_MAX]);

/* True when the key types a character into a text field. */
bool key_is_text(Key key);
