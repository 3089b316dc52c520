/* SPDX-License-Identifier: Apache-2.0 */
#include "core/text.h"

#include <string.h>

static bool is_bidi_control(gunichar c) {
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_unsafe(gunichar c) {
  if (c < 0x20 || (c >= 0x7f && c < 0xa0)) return true;
  if (is_bidi_control(c)) return true;
  /* Line and paragraph separators, byte-order mark, deprecated format and tag characters. */
  return c == 0x2028 || c == 0x2029 || c == 0xfeff || (c >= 0x206a && c <= 0x206f) || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe007f);
}

/* What stands in the output for character c; 0 when it may stay. */
static gunichar replacement(gunichar c, bool keep_lines) {
  if (c == '\n' && keep_lines) return 0;
  if (c == '\t' || c == '\n') return ' ';
  if (c == '\r' && keep_lines) return ' ';
  return is_unsafe(c) ? 0xfffd : 0;
}

/* Printable ASCII throughout, as nearly every name is. */
static bool is_plain(const char *bytes, size_t n) {
  unsigned char odd = 0;
  for (size_t i = 0; i < n; i++) odd |= (unsigned char)((unsigned char)(bytes[i] - 0x20) > 0x5e);
  return !odd;
}

static char *clean(const char *bytes, gssize n, bool keep_lines) {
  if (!bytes) return g_strdup("");
  size_t len = n < 0 ? strlen(bytes) : (size_t)n;
  if (is_plain(bytes, len)) return g_strndup(bytes, len);
  GString *out = g_string_sized_new(len + 1);
  const char *p = bytes, *end = bytes + len;
  while (p < end) {
    gunichar c = g_utf8_get_char_validated(p, end - p);
    if (c == (gunichar)-1 || c == (gunichar)-2 || *p == '\0') {
      g_string_append(out, "\xef\xbf\xbd");
      p++;
      continue;
    }
    gunichar r = replacement(c, keep_lines);
    g_string_append_unichar(out, r ? r : c);
    p = g_utf8_next_char(p);
  }
  return g_string_free(out, FALSE);
}

SafeText *safe_text(const char *bytes, gssize n) { return clean(bytes, n, false); }

SafeText *safe_text_lines(const char *bytes, gssize n) { return clean(bytes, n, true); }

bool text_is_safe(const char *bytes, gssize n) {
  size_t len = n < 0 ? strlen(bytes) : (size_t)n;
  if (!g_utf8_validate_len(bytes, len, NULL)) return false;
  const char *end = bytes + len;
  for (const char *p = bytes; p < end; p = g_utf8_next_char(p))
    if (replacement(g_utf8_get_char(p), false)) return false;
  return true;
}

char *text_fold(const char *s) {
  gsize n = 0;
  while (s[n] && (guchar)s[n] < 0x80) n++;
  return s[n] ? g_utf8_casefold(s, -1) : g_ascii_strdown(s, (gssize)n);
}

const char *text_last_part(const char *name) {
  const char *dot = strrchr(name, '.');
  return dot ? dot + 1 : name;
}

int text_char_width(gunichar c) {
  if (c < 0x80) return 1; /* nearly all: no look into Unicode's tables */
  if (g_unichar_iszerowidth(c)) return 0;
  return g_unichar_iswide(c) ? 2 : 1;
}

int text_width(const char *s) {
  int w = 0;
  for (; *s; s = g_utf8_next_char(s)) w += text_char_width(g_utf8_get_char(s));
  return w;
}

/* The longest prefix of s within `columns`; *used gets its width. */
static const char *prefix_within(const char *s, int columns, int *used) {
  *used = 0;
  while (*s) {
    int w = text_char_width(g_utf8_get_char(s));
    if (*used + w > columns) break;
    *used += w;
    s = g_utf8_next_char(s);
  }
  return s;
}

char *text_fit(const char *s, int columns, const char *ellipsis) {
  if (columns <= 0) return g_strdup("");
  GString *out = g_string_new(NULL);
  int used;
  const char *end = prefix_within(s, columns, &used);
  if (*end) {
    end = prefix_within(s, columns - text_width(ellipsis), &used);
    g_string_append_len(out, s, end - s);
    g_string_append(out, ellipsis);
    used += text_width(ellipsis);
  } else {
    g_string_append(out, s);
  }
  for (; used < columns; used++) g_string_append_c(out, ' ');
  return g_string_free(out, FALSE);
}

/* Three figures with a unit letter; `step` units are each 1000 apart. */
static char *scaled(double x, const char *const *units, const char *gap) {
  int u = 0;
  while (x >= 999.5 && units[u + 1]) x /= 1000, u++;
  if (u == 0) return g_strdup_printf("%.0f%s%s", x, units[0][0] ? gap : "", units[0]);
  return g_strdup_printf(x < 99.95 ? "%.1f%s%s" : "%.0f%s%s", x, gap, units[u]);
}

void text_append_whole(GString *s, uint64_t n) {
  const gsize from = s->len;
  g_string_append_printf(s, "%" G_GUINT64_FORMAT, n);
  for (gsize at = s->len; at > from + 3;) g_string_insert_c(s, (gssize)(at -= 3), ',');
}

char *text_whole(uint64_t n) {
  GString *s = g_string_new(NULL);
  text_append_whole(s, n);
  return g_string_free(s, FALSE);
}

char *text_count(uint64_t n) {
  static const char *const units[] = {"", "k", "M", "B", "T", NULL};
  return scaled((double)n, units, "");
}

char *text_bytes(uint64_t n) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", NULL};
  return scaled((double)n, units, " ");
}

char *text_seconds(double s) {
  if (!(s >= 0)) return g_strdup("?");
  if (s < 9.95) return g_strdup_printf("%.1f s", s);
  if (s < 119.5) return g_strdup_printf("%.0f s", s);
  int t = (int)(s + 0.5);
  if (t < 7200) return g_strdup_printf("%d min %02d s", t / 60, t % 60);
  return g_strdup_printf("%d h %02d min", t / 3600, t / 60 % 60);
}

void text_append_markup(GString *out, const char *text) {
  g_autofree char *safe = text ? g_markup_escape_text(text, -1) : NULL;
  if (safe) g_string_append(out, safe);
}
