/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/label_file.h"

#include <string.h>
#include <sys/stat.h>

#include "core/error.h"

enum { MOST_BYTES = 64 << 20, WARNED = 20 };

/* --- fields ------------------------------------------------------------------------------------------ */

/* The field at *at; moves *at behind its comma. *last: the line ends here. */
static char *next_field(char **at, bool *last) {
  GString *out = g_string_new(NULL);
  char *p = *at;
  bool quoted = *p == '"';
  if (quoted) p++;
  for (; *p; p++) {
    if (quoted && *p == '"' && p[1] == '"') p++;
    else if (quoted && *p == '"') {
      quoted = false;
      continue;
    } else if (!quoted && (*p == ',' || *p == '\n')) break;
    g_string_append_c(out, *p);
  }
  *last = *p != ',';
  *at = *p ? p + 1 : p;
  g_strstrip(out->str);
  return g_string_free(out, FALSE);
}

/* --- names ------------------------------------------------------------------------------------------- */

/* name -> index + 1, or 0 when several models have it */
static void add_name(GHashTable *names, const char *name, gsize index) {
  gpointer before;
  bool there = g_hash_table_lookup_extended(names, name, NULL, &before);
  bool same = there && GPOINTER_TO_SIZE(before) == index + 1;
  g_hash_table_insert(names, g_strdup(name), GSIZE_TO_POINTER(there && !same ? 0 : index + 1));
}

/* All endings of a path that begin behind a slash, with and without the file's ending. */
static void add_path(GHashTable *names, const char *path, gsize index) {
  for (const char *p = path; p; p = strchr(p, '/')) {
    if (*p == '/') p++;
    add_name(names, p, index);
    const char *dot = strrchr(p, '.');
    g_autofree char *stem = dot && !strchr(dot, '/') && dot > p ? g_strndup(p, (gsize)(dot - p)) : NULL;
    if (stem) add_name(names, stem, index);
  }
}

static GHashTable *names_of(const GPtrArray *models) {
  GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    if (m->file) add_path(names, m->file, i);
    add_path(names, m->path, i);
    add_name(names, m->name ? m->name : m->path, i);
  }
  for (guint i = 0; i < models->len; i++) { /* a whole path is its model's, whoever else ends in it */
    const Model *m = models->pdata[i];
    g_hash_table_insert(names, g_strdup(m->path), GSIZE_TO_POINTER(i + 1));
  }
  return names;
}

/* --- the file ---------------------------------------------------------------------------------------- */

typedef struct {
  const GPtrArray *models;
  GHashTable *names, *labels, *lines; /* lines: path -> line of its first label */
  GPtrArray *warnings;
  bool single;
  const char *shown;
} Reading;

static void warn(Reading *r, unsigned line, const char *name, const char *why) {
  g_autofree SafeText *safe = safe_text(name, -1);
  if (r->warnings->len < WARNED)
    g_ptr_array_add(r->warnings, g_strdup_printf("%s, line %u: '%s' %s", r->shown, line, safe, why));
}

static bool take_row(Reading *r, unsigned line, const char *name, const char *label, GError **error) {
  gpointer found;
  bool known = g_hash_table_lookup_extended(r->names, name, NULL, &found);
  if (!known || !found) {
    bool heading = line == 1 && g_ascii_strcasecmp(label, "label") == 0;
    if (!heading) warn(r, line, name, known ? "is the name of several models: write the path" : "names no model");
    return true;
  }
  const Model *m = r->models->pdata[GPOINTER_TO_SIZE(found) - 1];
  g_autofree SafeText *safe = safe_text(label, -1);
  GPtrArray *own = g_hash_table_lookup(r->labels, m->path);
  if (own && g_ptr_array_find_with_equal_func(own, safe, g_str_equal, NULL)) return true;
  if (own && r->single) {
    g_set_error(
        error, COPSE_ERROR, COPSE_ERROR_FORMAT,
        "%s gives %s two labels: line %u says '%s' and line %u says '%s'; leave one out, or use --task classify",
        r->shown, m->shown, GPOINTER_TO_UINT(g_hash_table_lookup(r->lines, m->path)), (char *)own->pdata[0], line,
        safe);
    return false;
  }
  if (!own) {
    own = g_ptr_array_new_with_free_func(g_free);
    g_hash_table_insert(r->labels, g_strdup(m->path), own);
    g_hash_table_insert(r->lines, m->path, GUINT_TO_POINTER(line));
  }
  g_ptr_array_add(own, g_steal_pointer(&safe));
  return true;
}

static bool read_rows(Reading *r, char *text, GError **error) {
  unsigned line = 0;
  for (char *p = text; *p;) {
    bool last;
    line++;
    g_autofree char *name = next_field(&p, &last), *label = last ? NULL : next_field(&p, &last), *more = NULL;
    while (!last) { /* further columns are somebody else's */
      g_free(more);
      more = next_field(&p, &last);
    }
    if (!*name && (!label || !*label)) continue;
    if (!label || !*label) warn(r, line, name, "has no label beside it");
    else if (!take_row(r, line, name, label, error)) return false;
  }
  return true;
}

bool label_file_read(const char *path, const GPtrArray *models, bool single, GHashTable *labels, GPtrArray *warnings,
                     GError **error) {
  g_autofree char *text = NULL, *shown = g_filename_display_name(path);
  gsize n;
  struct stat st;
  bool fits = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MOST_BYTES;
  if (!fits || !g_file_get_contents(path, &text, &n, NULL) || strlen(text) != n || !g_utf8_validate(text, -1, NULL)) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "%s is no table of labels: a text file of lines \"path,label\", of 64 MB at most, is wanted", shown);
    return false;
  }
  g_autoptr(GHashTable) names = names_of(models), lines = g_hash_table_new(g_str_hash, g_str_equal);
  Reading r = {models, names, labels, lines, warnings, single, shown};
  char *start = g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text;
  return read_rows(&r, start, error);
}
