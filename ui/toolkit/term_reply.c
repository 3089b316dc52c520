/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/term_reply.h"

#include <string.h>

/* Nothing but a terminal's answer begins so: keys send Esc [ with a letter or a digit, or Esc O. */
bool term_reply_begins(gunichar c) { return c == ']' || c == '['; }

void term_reply_begin(TermReply *r, gunichar c, gint64 now) {
  term_reply_clear(r);
  r->text = g_string_new(NULL);
  r->since = now;
  g_string_append_unichar(r->text, c);
}

void term_reply_clear(TermReply *r) {
  if (r->text) g_string_free(r->text, TRUE);
  *r = (TermReply){0};
}

void term_reply_expire(TermReply *r, gint64 now) {
  if (r->text && now - r->since > REPLY_MICROSECONDS) term_reply_clear(r);
}

/* One part of a colour, of one to four hexadecimal digits, as a share of 1; -1 when it is none. Moves *text behind it. */
static double read_part(const char **text) {
  double value = 0, most = 0;
  const char *begin = *text;
  for (; g_ascii_isxdigit(**text) && *text - begin < 4; (*text)++)
    value = 16 * value + g_ascii_xdigit_value(**text), most = 16 * most + 15;
  return most > 0 ? value / most : -1;
}

/* "rgb:ffff/ffff/ffff": light when it is nearer to white, as the eye weighs colours (ITU-R BT.601). */
static ReplyMeaning read_background(const char *text) {
  static const double weights[] = {0.299, 0.587, 0.114};
  const char *at = strchr(text, ':');
  double light = 0;
  for (int i = 0; at && i < 3; i++) {
    at++;
    double part = read_part(&at);
    if (part < 0 || (i < 2 && *at != '/')) return REPLY_NOTHING;
    light += weights[i] * part;
  }
  if (!at || strchr(text, ':')[-1] == ';') return REPLY_NOTHING;
  return light > 0.5 ? REPLY_LIGHT : REPLY_DARK;
}

static ReplyMeaning read_reply(const char *text) {
  if (g_str_has_prefix(text, "]11;rgb")) return read_background(text);
  if (g_str_equal(text, "[?997;1n")) return REPLY_DARK;
  if (g_str_equal(text, "[?997;2n")) return REPLY_LIGHT;
  bool can = g_str_equal(text, "[?2026;1$y") || g_str_equal(text, "[?2026;2$y");
  return can ? REPLY_SYNCHRONISED : REPLY_NOTHING;
}

/* OSC ends with BEL or Esc \; CSI with its first letter. */
static bool is_whole(const GString *text, gunichar c) {
  if (text->str[0] == ']') return c == 7 || (c == '\\' && text->len > 1 && text->str[text->len - 2] == 27);
  return text->len > 1 && c >= 0x40 && c <= 0x7e;
}

bool term_reply_take(TermReply *r, gunichar c, gint64 now, ReplyMeaning *meaning) {
  *meaning = REPLY_NOTHING;
  g_string_append_unichar(r->text, c);
  bool whole = is_whole(r->text, c);
  if (whole) *meaning = read_reply(r->text->str);
  if (!whole && r->text->len < REPLY_BYTES && now - r->since <= REPLY_MICROSECONDS) return false;
  term_reply_clear(r);
  return true;
}
