/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/training_run.h"

#include <glib.h>
#include <string.h>

enum { MOST_DIGITS = 18 };

/* Where the word for a training step that ends just before `digits` begins; NULL when there is none. */
static const char *step_word(const char *component, const char *digits) {
  static const char *const words[] = {"checkpoint", "ckpt", "step", "steps", "epoch", "iter"};
  if (digits > component && strchr("-_=", digits[-1])) digits--;
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
    size_t n = strlen(words[i]);
    if ((size_t)(digits - component) < n || g_ascii_strncasecmp(digits - n, words[i], n) != 0) continue;
    if (digits - n == component || !g_ascii_isalpha(digits[-(gssize)n - 1])) return digits - n;
  }
  return NULL;
}

/* The first n bytes of a name are a word for a step and its digits, with nothing before or behind. */
static bool is_step(const char *name, size_t n, uint64_t *step) {
  size_t front = strcspn(name, "0123456789"), digits = front < n ? strspn(name + front, "0123456789") : 0;
  if (!digits || digits > MOST_DIGITS || front + digits != n || step_word(name, name + front) != name) return false;
  *step = g_ascii_strtoull(name + front, NULL, 10);
  return true;
}

bool training_run_is_step(const char *name, uint64_t *step) { return is_step(name, strlen(name), step); }

bool training_run_of_path(const char *path, char **run, uint64_t *step) {
  const char *found = NULL;
  for (const char *p = path; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    if (is_step(p, strcspn(p, "/"), step)) found = p;
  }
  if (!found) return false;
  *run = found > path ? g_strndup(path, (gsize)(found - path - 1)) : g_strdup(".");
  return true;
}

bool training_run_pattern(const char *path, char **pattern, uint64_t *step) {
  const char *component = path;
  for (const char *p = path; *p; p++) {
    if (*p == '/') component = p + 1;
    if (!g_ascii_isdigit(*p) || (p > path && g_ascii_isdigit(p[-1]))) continue;
    size_t digits = strspn(p, "0123456789");
    if (digits > MOST_DIGITS || !step_word(component, p)) continue;
    *step = g_ascii_strtoull(p, NULL, 10);
    *pattern = g_strdup_printf("%.*s#%s", (int)(p - path), path, p + digits);
    return true;
  }
  return false;
}
