/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/walk/training_run.h"

#include <glib.h>
#include <string.h>

enum { MOST_DIGITS = 18 };

/* The same for the first n bytes of a name. */
static bool is_step(const char *name, size_t n, uint64_t *step) {
  static const char word[] = "checkpoint";
  const size_t front = sizeof word; /* the word and one mark */
  if (n <= front || n > front + MOST_DIGITS || strncmp(name, word, front - 1) != 0) return false;
  if (name[front - 1] != '-' && name[front - 1] != '_') return false;
  *step = 0;
  for (size_t i = front; i < n; i++) {
    if (!g_ascii_isdigit(name[i])) return false;
    *step = *step * 10 + (uint64_t)(name[i] - '0');
  }
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
  is_step(found, strcspn(found, "/"), step); /* a later component may have written to it */
  *run = found > path ? g_strndup(path, (gsize)(found - path - 1)) : g_strdup(".");
  return true;
}
