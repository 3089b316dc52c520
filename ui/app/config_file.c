/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/config_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/files.h"
#include "core/text.h"
#include "ui/forest/forest_columns.h"

enum { FILE_MAX = 256 * 1024 };

static bool fail(GError **error, const char *group, const char *key, const char *what) {
  g_autofree SafeText *shown = safe_text(key, -1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "[%s] %s: %s", group, shown, what);
  return false;
}

static bool read_bool(GKeyFile *file, const char *key, bool *value, GError **error) {
  if (!g_key_file_has_key(file, "interface", key, NULL)) return true;
  g_autoptr(GError) wrong = NULL;
  *value = g_key_file_get_boolean(file, "interface", key, &wrong);
  return wrong ? fail(error, "interface", key, "true or false") : true;
}

static void read_text(GKeyFile *file, const char *key, char **value) {
  char *text = g_key_file_get_string(file, "interface", key, NULL);
  if (!text) return;
  g_free(*value);
  *value = text;
}

static bool read_interface(Config *c, GKeyFile *file, GError **error) {
  read_text(file, "theme", &c->theme);
  read_text(file, "columns", &c->columns);
  if (strcmp(c->theme, "auto") != 0 && !scheme_known(c->theme))
    return fail(error, "interface", "theme", "auto, dark, light or mono");
  ColumnSet set;
  if (!column_set_parse(&set, c->columns, NULL))
    return fail(error, "interface", "columns", "names of columns, such as: kind params size");
  if (!read_bool(file, "ascii", &c->ascii, error) || !read_bool(file, "mouse", &c->mouse, error) ||
      !read_bool(file, "slow", &c->slow, error))
    return false;
  g_autofree char *minutes = g_key_file_get_string(file, "interface", "idle-minutes", NULL);
  guint64 n = c->idle_minutes;
  if (minutes && !g_ascii_string_to_unsigned(minutes, 10, 0, 100000, &n, NULL))
    return fail(error, "interface", "idle-minutes", "a number of minutes, 0 for never");
  c->idle_minutes = (unsigned)n;
  return true;
}

static bool read_keys(Config *c, GKeyFile *file, GError **error) {
  g_auto(GStrv) names = g_key_file_get_keys(file, "keys", NULL, NULL);
  g_autoptr(Keymap) trial = keymap_new();
  for (char **n = names; n && *n; n++) {
    g_autofree char *keys = g_key_file_get_string(file, "keys", *n, NULL);
    Action action = action_by_name(*n);
    if (action == ACTION_NONE) return fail(error, "keys", *n, "there is no such action");
    /* A value with an end of line in it could not be written again. */
    if (!keys || !text_is_safe(keys, -1) || !keymap_bind(trial, action, keys))
      return fail(error, "keys", *n, "names of keys, such as: j <Down> <C-n>");
    if (g_str_equal(keys, action_info(action)->keys)) continue;
    g_hash_table_insert(c->keys, g_strdup(*n), g_strdup(keys));
  }
  return true;
}

static const struct {
  const char *word;
  int colour, attribute; /* COLOUR_OWN - 1: no colour */
} look_words[] = {{"plain", COLOUR_OWN, 0},
                  {"black", BLACK, 0},
                  {"red", RED, 0},
                  {"green", GREEN, 0},
                  {"yellow", YELLOW, 0},
                  {"blue", BLUE, 0},
                  {"magenta", MAGENTA, 0},
                  {"cyan", CYAN, 0},
                  {"white", WHITE, 0},
                  {"bold", -2, LOOK_BOLD},
                  {"dim", -2, LOOK_DIM},
                  {"reverse", -2, LOOK_REVERSE},
                  {"underline", -2, LOOK_UNDERLINE}};

/* "green bold", "black on yellow". */
static bool parse_look(const char *text, Look *look) {
  g_auto(GStrv) words = g_strsplit(text, " ", -1);
  bool ground = false;
  *look = (Look){COLOUR_OWN, COLOUR_OWN, 0};
  for (char **w = words; *w; w++) {
    size_t i = 0;
    if (!**w) continue;
    if (g_str_equal(*w, "on")) {
      ground = true;
      continue;
    }
    while (i < G_N_ELEMENTS(look_words) && strcmp(look_words[i].word, *w) != 0) i++;
    if (i == G_N_ELEMENTS(look_words)) return false;
    look->attributes |= (unsigned char)look_words[i].attribute;
    if (look_words[i].colour == -2) continue;
    if (ground) look->bg = (signed char)look_words[i].colour;
    else look->fg = (signed char)look_words[i].colour;
  }
  return true;
}

static bool read_colours(Config *c, GKeyFile *file, GError **error) {
  g_auto(GStrv) names = g_key_file_get_keys(file, "colours", NULL, NULL);
  for (char **n = names; n && *n; n++) {
    int s = 0;
    while (s < STYLE_COUNT && strcmp(style_name((Style)s), *n) != 0) s++;
    if (s == STYLE_COUNT) return fail(error, "colours", *n, "there is no such meaning");
    g_autofree char *text = g_key_file_get_string(file, "colours", *n, NULL);
    if (!text || !parse_look(text, &c->looks[s]))
      return fail(error, "colours", *n, "words such as: green bold, or black on yellow");
    c->coloured[s] = true;
  }
  return true;
}

bool config_read(Config *c, const char *text, size_t n, GError **error) {
  g_autoptr(GKeyFile) file = g_key_file_new();
  g_autoptr(GError) wrong = NULL;
  if (n && !g_key_file_load_from_data(file, text, n, G_KEY_FILE_NONE, &wrong)) {
    g_autofree SafeText *message = safe_text(wrong->message, -1);
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, message);
    return false;
  }
  return read_interface(c, file, error) && read_keys(c, file, error) && read_colours(c, file, error);
}

bool config_load(Config *c, const char *path, GError **error) {
  size_t n;
  if (!g_file_test(path, G_FILE_TEST_EXISTS)) return true;
  g_autofree char *text = file_read_small(path, FILE_MAX, &n, error);
  if (!text) return false;
  if (config_read(c, text, n, error)) return true;
  g_prefix_error(error, "%s: ", path);
  return false;
}

static void add_look(GString *s, Look look) {
  gsize start = s->len;
  for (size_t i = 1; i < G_N_ELEMENTS(look_words); i++) {
    bool is = look_words[i].attribute ? look.attributes & look_words[i].attribute : look.fg == look_words[i].colour;
    if (is) g_string_append_printf(s, "%s%s", s->len > start ? " " : "", look_words[i].word);
  }
  for (size_t i = 1; i < G_N_ELEMENTS(look_words); i++)
    if (look.bg != COLOUR_OWN && look.bg == look_words[i].colour)
      g_string_append_printf(s, "%son %s", s->len > start ? " " : "", look_words[i].word);
  if (s->len == start) g_string_append(s, "plain");
}

static void add_keys(const Config *c, GString *s) {
  g_string_append(s, "\n[keys]\n# Every action with its keys; several are separated by spaces.\n");
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const ActionInfo *info = action_info(a);
    const char *keys = g_hash_table_lookup(c->keys, info->name);
    g_string_append_printf(s, "# %s\n%s=%s\n", info->help, info->name, keys ? keys : info->keys);
  }
}

static void add_colours(const Config *c, GString *s) {
  g_string_append(s,
                  "\n[colours]\n# What each meaning looks like, in place of the theme's look.\n"
                  "# Remove the # to change one; these are the looks of the dark theme.\n");
  for (int i = 0; i < STYLE_COUNT; i++) {
    g_string_append_printf(s, "%s%s=", c->coloured[i] ? "" : "#", style_name((Style)i));
    add_look(s, c->coloured[i] ? c->looks[i] : style_look(SCHEME_DARK, (Style)i));
    g_string_append_c(s, '\n');
  }
}

char *config_text(const Config *c) {
  GString *s = g_string_new(
      "# copse: what the interface looks like and which keys it knows.\n\n"
      "[interface]\n"
      "# auto (by NO_COLOR and COLORFGBG), dark, light or mono\n");
  g_string_append_printf(s, "theme=%s\n# draw with ASCII characters alone\nascii=%s\n", c->theme,
                         c->ascii ? "true" : "false");
  g_string_append_printf(s, "# let the mouse select and scroll (M switches)\nmouse=%s\n", c->mouse ? "true" : "false");
  g_string_append_printf(s, "# columns of the forest, in order (C chooses)\ncolumns=%s\n", c->columns);
  g_string_append_printf(s,
                         "# leave after so many minutes without a key; 0: never\n"
                         "idle-minutes=%u\n",
                         c->idle_minutes);
  g_string_append_printf(s, "# show progress once a second, for slow lines\nslow=%s\n", c->slow ? "true" : "false");
  add_keys(c, s);
  add_colours(c, s);
  return g_string_free(s, FALSE);
}

bool config_write(const Config *c, const char *path, GError **error) {
  g_autofree char *text = config_text(c);
  return file_write_through(path, text, strlen(text), error);
}
