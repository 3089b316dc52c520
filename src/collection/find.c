/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the model that somebody means. */
#include <stdlib.h>
#include <string.h>

#include "collection/collection.h"
#include "core/error.h"

enum { LISTED = 5, LONGEST = 256 };

/* Every model of which `says` holds, first come first. Borrowed. */
typedef bool (*Match)(const Model *m, const char *what);

static GPtrArray *matching(const GPtrArray *models, Match says, const char *what) {
  GPtrArray *found = g_ptr_array_new();
  for (guint i = 0; i < models->len; i++)
    if (says(models->pdata[i], what)) g_ptr_array_add(found, models->pdata[i]);
  return found;
}

static bool has_path(const Model *m, const char *what) {
  return strcmp(m->path, what) == 0 || strcmp(m->shown, what) == 0 || strcmp(m->file, what) == 0;
}

/* "org/name" is found by "name" too. */
static bool has_name(const Model *m, const char *what) {
  const char *slash = strrchr(m->name, '/');
  return strcmp(m->name, what) == 0 || (slash && strcmp(slash + 1, what) == 0);
}

static bool ends_in_components(const char *path, const char *what) {
  size_t n = strlen(path), k = strlen(what);
  return n > k && path[n - k - 1] == '/' && strcmp(path + n - k, what) == 0;
}

static bool has_components(const Model *m, const char *what) {
  return ends_in_components(m->path, what) || ends_in_components(m->shown, what) || ends_in_components(m->file, what);
}

static bool has_ending(const Model *m, const char *what) {
  return g_str_has_suffix(m->path, what) || g_str_has_suffix(m->shown, what);
}

/* A path as a shell completes it, with the root or more before the model's own. What it names must then be the model:
 * "/etc/passwd" is none of a collection's, though one there be called passwd. */
static bool is_ending_of(const Model *m, const char *what) {
  if (!ends_in_components(what, m->path) && !ends_in_components(what, m->shown)) return false;
  if (!g_path_is_absolute(what) || strchr(m->file, '!') || !ends_in_components(what, m->path)) return true;
  g_autofree char *root = g_strndup(what, strlen(what) - strlen(m->path));
  g_autofree char *file = g_build_filename(root, m->file, NULL);
  return g_file_test(file, G_FILE_TEST_EXISTS);
}

static bool contains(const char *where, const char *what) {
  g_autofree char *folded = g_utf8_casefold(where, -1);
  return strstr(folded, what) != NULL;
}

/* `what` is folded already. */
static bool mentions(const Model *m, const char *what) { return contains(m->name, what) || contains(m->shown, what); }

/* Insertions, deletions and exchanges of bytes between two strings, each at most LONGEST. */
static unsigned edit_distance(const char *a, const char *b) {
  size_t n = MIN(strlen(a), (size_t)LONGEST), k = MIN(strlen(b), (size_t)LONGEST);
  unsigned row[LONGEST + 1];
  for (size_t j = 0; j <= k; j++) row[j] = (unsigned)j;
  for (size_t i = 1; i <= n; i++) {
    unsigned diagonal = row[0];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= k; j++) {
      unsigned exchange = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = MIN(exchange, MIN(row[j], row[j - 1]) + 1);
    }
  }
  return row[k];
}

/* The models whose names are nearest to `what`, if near at all. */
static GPtrArray *nearest(const GPtrArray *models, const char *what) {
  GPtrArray *found = g_ptr_array_new();
  unsigned best = MAX(2u, (unsigned)MIN(strlen(what), (size_t)LONGEST) / 3);
  for (guint i = 0; i < models->len; i++) {
    Model *m = models->pdata[i];
    unsigned d = edit_distance(m->name, what);
    if (d > best) continue;
    if (d < best) g_ptr_array_set_size(found, 0);
    best = d;
    g_ptr_array_add(found, m);
  }
  return found;
}

/* "a, b and 3 more". The caller frees it. */
static char *list_paths(const GPtrArray *models) {
  GString *out = g_string_new(NULL);
  for (guint i = 0; i < models->len && i < LISTED; i++)
    g_string_append_printf(out, "%s%s", i ? ", " : "", ((const Model *)models->pdata[i])->shown);
  if (models->len > LISTED) g_string_append_printf(out, " and %u more", models->len - LISTED);
  return g_string_free(out, FALSE);
}

static void explain_absence(const GPtrArray *models, const char *what, GError **error) {
  g_autofree SafeText *shown = safe_text(what, -1);
  g_autofree char *folded = g_utf8_casefold(shown, -1);
  g_autoptr(GPtrArray) near = matching(models, mentions, folded);
  if (near->len == 0) {
    g_ptr_array_unref(near);
    near = nearest(models, shown);
  }
  g_autofree char *list = list_paths(near);
  if (near->len)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no model \"%s\"; did you mean %s?", shown, list);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "no model \"%s\" among the %u here; 'copse what DIR' lists them", shown, models->len);
}

static Model *longest_path(const GPtrArray *models) {
  Model *best = models->pdata[0];
  for (guint i = 1; i < models->len; i++) {
    Model *m = models->pdata[i];
    if (strlen(m->path) > strlen(best->path)) best = m;
  }
  return best;
}

Model *collection_find(GPtrArray *models, const char *what, GError **error) {
  static const Match matches[] = {has_path, has_name, has_components, has_ending};
  while (g_str_has_prefix(what, "./")) what += 2;
  g_autofree char *trimmed = g_strdup(what);
  for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--) trimmed[n - 1] = '\0';
  for (size_t i = 0; *trimmed && i < G_N_ELEMENTS(matches); i++) {
    g_autoptr(GPtrArray) found = matching(models, matches[i], trimmed);
    if (found->len == 1) return model_ref(found->pdata[0]);
    if (found->len == 0) continue;
    g_autofree char *list = list_paths(found);
    g_autofree SafeText *shown = safe_text(trimmed, -1);
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "\"%s\" could be any of %u models: %s", shown, found->len,
                list);
    return NULL;
  }
  g_autoptr(GPtrArray) found = matching(models, is_ending_of, trimmed);
  if (found->len) return model_ref(longest_path(found));
  explain_absence(models, trimmed, error);
  return NULL;
}
