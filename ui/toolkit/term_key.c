/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/term_key.h"

#include <glib.h>

Key term_key(wint_t code) {
  static const struct {
    int curses;
    Key key;
  } table[] = {
      {KEY_UP, UIKEY_UP},
      {KEY_DOWN, UIKEY_DOWN},
      {KEY_LEFT, UIKEY_LEFT},
      {KEY_RIGHT, UIKEY_RIGHT},
      {KEY_HOME, UIKEY_HOME},
      {KEY_END, UIKEY_END},
      {KEY_PPAGE, UIKEY_PAGE_UP},
      {KEY_NPAGE, UIKEY_PAGE_DOWN},
      {KEY_IC, UIKEY_INSERT},
      {KEY_DC, UIKEY_DELETE},
      {KEY_BTAB, UIKEY_BACK_TAB},
      {KEY_ENTER, UIKEY_ENTER},
      {KEY_BACKSPACE, UIKEY_BACKSPACE},
      {KEY_RESIZE, UIKEY_RESIZE},
      {CODE_PASTE_BEGIN, UIKEY_PASTE_BEGIN},
      {CODE_PASTE_END, UIKEY_PASTE_END},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
    if ((wint_t)table[i].curses == code) return table[i].key;
  if (code >= KEY_F(1) && code <= KEY_F(12)) return UIKEY_F1 + (Key)(code - KEY_F(1));
  return UIKEY_NONE;
}
