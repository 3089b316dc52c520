/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/label_file.h"

#include <string.h>
#include <sys/stat.h>

#include "core/error.h"

enum { MOST_BYTES = 64 << 20, WARNED = 20 };

/* --- fields ------------------------------------------------------------------------------------------ */

/* The field at *at; moves *at behind its separator. *last: the line ends here. */
static char *next_field(char **at, char separator, bool *last) {
  GString *out = g_string_new(NULL);
  char *p = *at;
  bool quoted = *p == '"';
  if (quoted) p++;
  for (; *p; p++) {
    if (quoted && *p == '"' && p[1] == '"') p++;
    else if (quoted && *p == '"') {
      quoted = false;
      continue;
    } else if (!quoted && (*p == separator || *p == '\n')) break;
    g_string_append_c(out, *p);
  }
  *last = *p != separator || !*p;
  *at = *p ? p + 1 : p;
  g_strstrip(out->str);
  return g_string_free(out, FALSE);
}

/* All fields of the line at *at; moves *at behind it. */
static GPtrArray *next_row(char **at, char separator) {
  GPtrArray *row = g_ptr_array_new_with_free_func(g_free);
  for (bool last = false; !last;) g_ptr_array_add(row, next_field(at, separator, &last));
  return row;
}

/* What stands between fields: the first comma, semicolon or tab outside quotes of the first line that has one and is no
 * remark. Programs write semicolons where the comma is the decimal point. */
static char separator_of(const char *text) {
  bool quoted = false, start = true, remark = false;
  for (const char *p = text; *p; p++) {
    if (start) remark = *p == '#';
    start = *p == '\n' && !quoted;
    if (start) continue;
    if (*p == '"') quoted = !quoted;
    else if (!quoted && !remark && strchr(",;\t", *p)) return *p;
  }
  return ',';
}

/* Lines end in "\n" alone. */
static void end_lines_alike(char *text) {
  for (char *p = text; (p = strchr(p, '\r')); p++)
    if (p[1] != '\n') *p = '\n';
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

/* Whole paths of models and of their files alone -> index + 1. */
static GHashTable *paths_of(const GPtrArray *models) {
  GHashTable *paths = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    if (m->file) g_hash_table_insert(paths, m->file, GSIZE_TO_POINTER(i + 1));
    g_hash_table_insert(paths, m->path, GSIZE_TO_POINTER(i + 1));
  }
  return paths;
}

/* --- the file ---------------------------------------------------------------------------------------- */

typedef struct {
  const GPtrArray *models;
  GHashTable *names, *paths, *labels, *lines; /* lines: path -> line of its first label */
  GPtrArray *warnings;
  bool single;
  const char *shown;
  guint name_at, label_at; /* columns */
  guint told;              /* lines that gave no label */
} Reading;

static void warn(Reading *r, unsigned line, const char *name, const char *why) {
  g_autofree SafeText *safe = safe_text(name, -1);
  if (r->told++ < WARNED)
    g_ptr_array_add(r->warnings, g_strdup_printf("%s, line %u: '%s' %s", r->shown, line, safe, why));
}

static bool is_absolute(const char *path) {
  return path[0] == '/' || (g_ascii_isalpha(path[0]) && path[1] == ':' && path[2] == '/');
}

/* Index + 1 of the model that a row names: as it stands, else as a path with Windows' slashes, "./" before it or a slash
 * behind it; of an absolute path an ending must be all of a model's path. 0 and *known for a name of several. */
static gsize find_model(const Reading *r, const char *name, bool *known) {
  gpointer found = NULL;
  *known = g_hash_table_lookup_extended(r->names, name, NULL, &found);
  if (*known) return GPOINTER_TO_SIZE(found);
  g_autofree char *plain = g_strdelimit(g_strdup(name), "\\", '/');
  char *p = plain;
  while (g_str_has_prefix(p, "./")) p += 2;
  for (size_t n = strlen(p); n > 1 && p[n - 1] == '/'; n--) p[n - 1] = '\0';
  *known = g_hash_table_lookup_extended(r->names, p, NULL, &found);
  if (*known || !is_absolute(p)) return GPOINTER_TO_SIZE(found);
  while (!found && (p = strchr(p, '/'))) found = g_hash_table_lookup(r->paths, ++p);
  return GPOINTER_TO_SIZE(found);
}

static bool take_row(Reading *r, unsigned line, const char *name, const char *label, GError **error) {
  bool known;
  gsize found = find_model(r, name, &known);
  if (!found) {
    warn(r, line, name, known ? "is the name of several models: write the path" : "names no model");
    return true;
  }
  const Model *m = r->models->pdata[found - 1];
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

static bool heads(const char *const *headings, const char *field) {
  g_autofree char *folded = g_ascii_strdown(field, -1);
  return g_strv_contains(headings, folded);
}

/* Whether the first row says what its columns are, and then which two are read. */
static bool take_heading(Reading *r, const GPtrArray *row) {
  static const char *const names[] = {"path", "file", "filename", "file_name", "model", "name", "model_path", NULL};
  static const char *const labels[] = {"label", "labels", "concept", "class", "category", "text", "caption", NULL};
  guint name_at = row->len, label_at = row->len;
  for (guint k = row->len; k > 0; k--) {
    if (heads(names, row->pdata[k - 1])) name_at = k - 1;
    if (heads(labels, row->pdata[k - 1])) label_at = k - 1;
  }
  bool known = false;
  if (label_at == row->len || find_model(r, row->pdata[0], &known) || known) return false;
  if (name_at == row->len) return label_at == 1; /* whatever paths are called there */
  r->name_at = name_at;
  r->label_at = label_at;
  return true;
}

static bool read_rows(Reading *r, char *text, GError **error) {
  unsigned line = 0;
  char separator = separator_of(text);
  for (char *p = text; *p;) {
    g_autoptr(GPtrArray) row = next_row(&p, separator);
    if (++line == 1 && take_heading(r, row)) continue;
    const char *name = r->name_at < row->len ? row->pdata[r->name_at] : "";
    const char *label = r->label_at < row->len ? row->pdata[r->label_at] : "";
    if (!*name && !*label) continue;
    if (!*label) warn(r, line, name, "has no label beside it");
    else if (!take_row(r, line, name, label, error)) return false;
  }
  if (r->told > WARNED)
    g_ptr_array_add(r->warnings, g_strdup_printf("%s: %u lines more give no label", r->shown, r->told - WARNED));
  return true;
}

/* The file's text as UTF-8, which programs that write tables for Windows do not; NULL when it is none. */
static char *read_text(const char *path) {
  g_autofree char *text = NULL;
  gsize n;
  struct stat st;
  if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > MOST_BYTES) return NULL;
  if (!g_file_get_contents(path, &text, &n, NULL)) return NULL;
  if (n >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0)) {
    char *wide = g_steal_pointer(&text);
    text = g_convert(wide, (gssize)n, "UTF-8", "UTF-16", NULL, &n, NULL);
    g_free(wide);
  }
  if (!text || strlen(text) != n || !g_utf8_validate(text, -1, NULL)) return NULL;
  end_lines_alike(text);
  return g_steal_pointer(&text);
}

bool label_file_read(const char *path, const GPtrArray *models, bool single, GHashTable *labels, GPtrArray *warnings,
                     GError **error) {
  g_autofree char *text = read_text(path), *shown = g_filename_display_name(path);
  if (!text) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "%s is no table of labels: a text file of lines \"path,label\", of 64 MB at most, is wanted", shown);
    return false;
  }
  g_autoptr(GHashTable) names = names_of(models), paths = paths_of(models);
  g_autoptr(GHashTable) lines = g_hash_table_new(g_str_hash, g_str_equal);
  Reading r = {models, names, paths, labels, lines, warnings, single, shown, 0, 1, 0};
  return read_rows(&r, g_str_has_prefix(text, "\xef\xbb\xbf") ? text + 3 : text, error);
}
