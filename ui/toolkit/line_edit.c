/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/line_edit.h"

#include <string.h>

#include "core/text.h"

enum { LINE_MAX_BYTES = 1000 };

void line_edit_init(LineEdit *edit, const char *text) {
  edit->text = g_string_new(NULL);
  line_edit_set(edit, text);
}

void line_edit_clear(LineEdit *edit) {
  if (edit->text) g_string_free(edit->text, TRUE);
  edit->text = NULL;
}

void line_edit_set(LineEdit *edit, const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
  g_string_truncate(edit->text, 0);
  edit->cursor = 0;
  for (const char *p = valid; *p; p = g_utf8_next_char(p)) line_edit_type(edit, g_utf8_get_char(p));
}

bool line_edit_type(LineEdit *edit, Key key) {
  if (!key_is_text(key) || edit->text->len + 6 > LINE_MAX_BYTES) return false;
  char bytes[6];
  int n = g_unichar_to_utf8(key, bytes);
  g_string_insert_len(edit->text, (gssize)edit->cursor, bytes, n);
  edit->cursor += (gsize)n;
  return true;
}

static gsize before(const LineEdit *edit) {
  const char *s = edit->text->str;
  return edit->cursor ? (gsize)(g_utf8_prev_char(s + edit->cursor) - s) : 0;
}

static gsize after(const LineEdit *edit) {
  const char *s = edit->text->str;
  return edit->cursor < edit->text->len ? (gsize)(g_utf8_next_char(s + edit->cursor) - s) : edit->cursor;
}

static bool erase(LineEdit *edit, gsize from, gsize to) {
  if (from >= to) return false;
  g_string_erase(edit->text, (gssize)from, (gssize)(to - from));
  edit->cursor = from;
  return true;
}

static gsize word_start(const LineEdit *edit) {
  gsize at = edit->cursor;
  while (at > 0 && edit->text->str[at - 1] == ' ') at--;
  while (at > 0 && edit->text->str[at - 1] != ' ') at--;
  return at;
}

bool line_edit_action(LineEdit *edit, Action action, bool *changed) {
  *changed = false;
  switch (action) {
    case ACTION_EDIT_LEFT:
    case ACTION_ASK_LEFT:
      edit->cursor = before(edit);
      return true;
    case ACTION_EDIT_RIGHT:
    case ACTION_ASK_RIGHT:
      edit->cursor = after(edit);
      return true;
    case ACTION_EDIT_HOME:
      edit->cursor = 0;
      return true;
    case ACTION_EDIT_END:
      edit->cursor = edit->text->len;
      return true;
    case ACTION_EDIT_ERASE:
      *changed = erase(edit, before(edit), edit->cursor);
      return true;
    case ACTION_EDIT_DELETE:
      *changed = erase(edit, edit->cursor, after(edit));
      return true;
    case ACTION_EDIT_WORD:
      *changed = erase(edit, word_start(edit), edit->cursor);
      return true;
    case ACTION_EDIT_CLEAR:
      *changed = erase(edit, 0, edit->cursor);
      return true;
    default:
      return false;
  }
}

/* Columns of the text between two offsets. */
static int columns_between(const LineEdit *edit, gsize from, gsize to) {
  int columns = 0;
  for (gsize at = from; at < to;) {
    const char *p = edit->text->str + at;
    columns += text_char_width(g_utf8_get_char(p));
    at = (gsize)(g_utf8_next_char(p) - edit->text->str);
  }
  return columns;
}

void line_edit_draw(const LineEdit *edit, Cells *cells, int x, int y, int columns, Style style) {
  if (columns <= 0) return;
  gsize start = 0;
  while (columns_between(edit, start, edit->cursor) >= columns)
    start = (gsize)(g_utf8_next_char(edit->text->str + start) - edit->text->str);
  cells_fill(cells, (Rect){x, y, columns, 1}, style);
  cells_put(cells, x, y, columns, style, edit->text->str + start);
  cells->cursor_x = x + columns_between(edit, start, edit->cursor);
  cells->cursor_y = y;
  cells->typing = true;
}
