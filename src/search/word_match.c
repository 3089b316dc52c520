/* SPDX-License-Identifier: Apache-2.0 */
#include "search/word_match.h"

#include <glib.h>
#include <string.h>

/* Scripts that put no spaces between words. */
static bool is_unspaced(gunichar c) {
  switch (g_unichar_get_script(c)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_HANGUL:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
    case G_UNICODE_SCRIPT_TIBETAN:
      return true;
    default:
      return false;
  }
}

/* The same of ASCII, which most text is. */
static bool ascii_begins(char before, char here) {
  return !g_ascii_isalnum(before) || !g_ascii_isdigit(before) != !g_ascii_isdigit(here);
}

bool word_begins(const char *text, const char *at) {
  if (at == text) return true;
  if ((guchar)at[-1] < 0x80 && (guchar)*at < 0x80) return ascii_begins(at[-1], *at);
  gunichar before = g_utf8_get_char(g_utf8_prev_char(at)), here = g_utf8_get_char(at);
  if (is_unspaced(here)) return true;
  return !g_unichar_isalnum(before) || g_unichar_isdigit(before) != g_unichar_isdigit(here);
}

const char *word_find(const char *text, const char *word, bool begins) {
  const char *at = text;
  while ((at = strstr(at, word)) && *at) {
    if (!begins || word_begins(text, at)) return at;
    at = g_utf8_next_char(at);
  }
  return NULL;
}
