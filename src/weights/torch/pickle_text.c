/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/pickle_text.h"

#include <string.h>

/* Multiplies by ten and adds; true when something was carried out of the top. */
static bool shift_in(unsigned char big[PICKLE_BIG_BYTES], unsigned digit) {
  unsigned carry = digit;
  for (int i = 0; i < PICKLE_BIG_BYTES; i++) {
    carry += big[i] * 10u;
    big[i] = (unsigned char)carry;
    carry >>= 8;
  }
  return carry != 0;
}

PickleDigits pickle_text_integer(const char *s, size_t n, int64_t *value, unsigned char big[PICKLE_BIG_BYTES]) {
  memset(big, 0, PICKLE_BIG_BYTES);
  bool negative = n > 0 && s[0] == '-', wide = false;
  size_t i = negative;
  if (n > i && s[n - 1] == 'L') n--;
  if (i == n) return PICKLE_DIGITS_WRONG;
  for (; i < n; i++) {
    if (!g_ascii_isdigit(s[i])) return PICKLE_DIGITS_WRONG;
    wide |= shift_in(big, (unsigned)(s[i] - '0'));
  }
  uint64_t magnitude = 0;
  for (int k = 8; k-- > 0;) magnitude = magnitude << 8 | big[k];
  if (wide || big[8] || big[9] || magnitude > INT64_MAX) return PICKLE_DIGITS_BIG;
  *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
  return PICKLE_DIGITS_SMALL;
}

/* Reads exactly `digits` hexadecimal digits; false when they are not there. */
static bool hexadecimal(const char *s, size_t n, size_t digits, gunichar *c) {
  if (n < digits) return false;
  *c = 0;
  for (size_t i = 0; i < digits; i++) {
    int d = g_ascii_xdigit_value(s[i]);
    if (d < 0) return false;
    *c = *c << 4 | (gunichar)d;
  }
  return true;
}

GString *pickle_text_unescape(const char *s, size_t n) {
  GString *out = g_string_sized_new(n);
  for (size_t i = 0; i < n; i++) {
    size_t digits = s[i] != '\\' || i + 1 == n ? 0 : s[i + 1] == 'u' ? 4 : s[i + 1] == 'U' ? 8 : 0;
    gunichar c;
    if (digits && hexadecimal(s + i + 2, n - i - 2, digits, &c)) {
      g_string_append_unichar(out, g_unichar_validate(c) ? c : 0xfffd);
      i += 1 + digits;
    } else {
      g_string_append_unichar(out, (unsigned char)s[i]); /* Latin-1 */
    }
  }
  return out;
}

/* One escape after its backslash; returns how many bytes it takes. */
static size_t append_escape(GString *out, const char *s, size_t n) {
  static const char letters[] = "ntrabfv", meant[] = "\n\t\r\a\b\f\v";
  gunichar c;
  if (*s == 'x' && hexadecimal(s + 1, n - 1, 2, &c)) {
    g_string_append_c(out, (char)c);
    return 3;
  }
  const char *letter = *s ? strchr(letters, *s) : NULL;
  g_string_append_c(out, letter ? meant[letter - letters] : *s);
  return 1;
}

GString *pickle_text_unquote(const char *s, size_t n) {
  if (n < 2 || (s[0] != '\'' && s[0] != '"') || s[n - 1] != s[0]) return NULL;
  GString *out = g_string_sized_new(n);
  for (size_t i = 1; i + 1 < n;) {
    if (s[i] == '\\' && i + 2 < n) i += 1 + append_escape(out, s + i + 1, n - i - 2);
    else g_string_append_c(out, s[i++]);
  }
  return out;
}
