/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/label_list.h"

#include <stdbool.h>
#include <string.h>

static const char *skip_space(const char *p) {
  while (g_ascii_isspace(*p)) p++;
  return p;
}

/* A quoted string at p (the opening quote); NULL when it is not closed. */
static const char *read_quoted(const char *p, GString *out) {
  static const char from[] = "ntr", to[] = "\n\t\r";
  char quote = *p++;
  for (; *p && *p != quote; p++) {
    if (*p != '\\') {
      g_string_append_c(out, *p);
      continue;
    }
    if (!*++p) return NULL;
    const char *known = strchr(from, *p);
    g_string_append_c(out, known ? to[known - from] : *p);
  }
  return *p ? p + 1 : NULL;
}

/* A whole number, as CIFAR's and synsets' indices are sometimes written. */
static const char *read_number(const char *p, GString *out) {
  const char *start = p;
  if (*p == '-') p++;
  while (g_ascii_isdigit(*p)) g_string_append_c(out, *p++);
  if (out->len && *start == '-') g_string_prepend_c(out, '-');
  return out->len ? p : NULL;
}

typedef struct {
  GPtrArray *labels;
  GHashTable *seen; /* borrows the labels */
} Found;

static void add_label(Found *found, const char *text, gssize n) {
  g_autofree SafeText *label = safe_text(text, n);
  g_strstrip(label);
  if (!*label || g_hash_table_contains(found->seen, label)) return;
  g_hash_table_add(found->seen, label);
  g_ptr_array_add(found->labels, g_steal_pointer(&label));
}

/* Items up to the closing bracket; false when this is no literal list. */
static bool read_items(const char *p, char close, Found *found) {
  p = skip_space(p);
  while (*p && *p != close) {
    g_autoptr(GString) item = g_string_new(NULL);
    p = *p == '\'' || *p == '"' ? read_quoted(p, item) : read_number(p, item);
    if (!p) return false;
    add_label(found, item->str, (gssize)item->len);
    p = skip_space(p);
    if (*p == ',') p = skip_space(p + 1);
    else if (*p != close) return false;
  }
  return *p == close && !*skip_space(p + 1);
}

GPtrArray *label_list_parse(const char *value) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  Found found = {g_ptr_array_new_with_free_func(g_free), seen};
  const char *p = skip_space(value);
  char close = *p == '[' ? ']' : *p == '(' ? ')' : '\0';
  if (close && read_items(p + 1, close, &found)) return found.labels;
  g_hash_table_remove_all(seen);
  g_ptr_array_set_size(found.labels, 0);
  add_label(&found, value, -1);
  return found.labels;
}

SafeText *label_list_text(const char *value) {
  const char *p = skip_space(value);
  /* Nothing else can be a list: most values are plain words, and there are many of them. */
  if (*p != '[' && *p != '(') return g_strdup(value);
  g_autoptr(GPtrArray) labels = label_list_parse(value);
  if (labels->len == 0) return g_strdup(value);
  g_ptr_array_add(labels, NULL);
  return g_strjoinv(", ", (char **)labels->pdata);
}
