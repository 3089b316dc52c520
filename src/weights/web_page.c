/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/web_page.h"

#include <glib.h>
#include <string.h>

bool web_page_begins(const void *head, size_t n) {
  static const char *const starts[] = {"<!doctype html", "<html", "<?xml", "<error>", "{\"error\"", "{\"message\""};
  static const char mark[] = "\xEF\xBB\xBF";
  const char *p = head, *end = p + n;
  if (n >= 3 && memcmp(p, mark, 3) == 0) p += 3;
  while (p < end && g_ascii_isspace(*p)) p++;
  for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
    size_t k = strlen(starts[i]);
    if ((size_t)(end - p) >= k && g_ascii_strncasecmp(p, starts[i], k) == 0) return true;
  }
  return false;
}

bool web_page_is_note(const void *head, size_t n, uint64_t size) {
  enum { MOST = 200 };
  const char *text = head;
  for (size_t i = 0; i < n; i++)
    if (!g_ascii_isprint(text[i]) && !g_ascii_isspace(text[i])) return false;
  return n > 0 && n <= MOST && n == size;
}
