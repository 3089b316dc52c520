/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/clip/clip_text.h"

#include <string.h>

bool clip_text_is_space(gunichar c) {
  if ((c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0) return true;
  return c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}

void clip_text_append_lower(GString *out, gunichar c) {
  if (c == 0x130) { /* I with a dot: the dot stays, as a mark of its own */
    g_string_append(out, "i\xcc\x87");
    return;
  }
  /* Roman numerals and circled letters, which GLib leaves as they are. */
  if (c >= 0x2160 && c <= 0x216f) c += 0x10;
  else if (c >= 0x24b6 && c <= 0x24cf) c += 0x1a;
  else c = g_unichar_tolower(c);
  g_string_append_unichar(out, c);
}

char *clip_text_clean(const char *bytes, gssize n) {
  g_autofree char *valid = g_utf8_make_valid(bytes, n);
  g_autofree char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT_COMPOSE);
  const char *p = composed ? composed : valid;
  GString *out = g_string_sized_new(strlen(p) + 1);
  bool in_space = false;
  for (; *p; p = g_utf8_next_char(p)) {
    gunichar c = g_utf8_get_char(p);
    bool space = clip_text_is_space(c);
    if (!space) clip_text_append_lower(out, c);
    else if (!in_space) g_string_append_c(out, ' ');
    in_space = space;
  }
  return g_string_free(out, FALSE);
}

typedef enum { KIND_SPACE, KIND_LETTER, KIND_NUMBER, KIND_OTHER } CharKind;

static CharKind kind_of(gunichar c) {
  if (clip_text_is_space(c)) return KIND_SPACE;
  switch (g_unichar_type(c)) {
    case G_UNICODE_UPPERCASE_LETTER:
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
      return KIND_LETTER;
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
      return KIND_NUMBER;
    default:
      return KIND_OTHER;
  }
}

/* Bytes of the contraction that p begins with, 0 when there is none. */
static size_t contraction_length(const char *p) {
  static const char *const all[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (g_str_has_prefix(p, all[i])) return strlen(all[i]);
  return 0;
}

static const char *run_end(const char *p, CharKind kind) {
  while (*p && kind_of(g_utf8_get_char(p)) == kind) p = g_utf8_next_char(p);
  return p;
}

const char *clip_text_next(const char **at, size_t *n) {
  const char *p = run_end(*at, KIND_SPACE);
  *at = p;
  if (!*p) return NULL;
  CharKind kind = kind_of(g_utf8_get_char(p));
  *n = contraction_length(p);
  if (*n == 0 && kind == KIND_NUMBER) *n = (size_t)(g_utf8_next_char(p) - p);
  if (*n == 0) *n = (size_t)(run_end(p, kind) - p);
  *at = p + *n;
  return p;
}
