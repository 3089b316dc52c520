/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/toolkit/key.h"

#include <glib.h>
#include <string.h>

static const struct {
  Key key;
  const char *name;
} named_keys[] = {
    {UIKEY_ENTER, "Enter"},  {UIKEY_ESC, "Esc"},        {UIKEY_TAB, "Tab"},
    {' ', "Space"},          {UIKEY_BACKSPACE, "BS"},   {'<', "lt"},
    {UIKEY_UP, "Up"},        {UIKEY_DOWN, "Down"},      {UIKEY_LEFT, "Left"},
    {UIKEY_RIGHT, "Right"},  {UIKEY_HOME, "Home"},      {UIKEY_END, "End"},
    {UIKEY_PAGE_UP, "PgUp"}, {UIKEY_PAGE_DOWN, "PgDn"}, {UIKEY_INSERT, "Ins"},
    {UIKEY_DELETE, "Del"},   {UIKEY_BACK_TAB, "S-Tab"},
};

static Key key_by_name(const char *name, size_t n) {
  for (size_t i = 0; i < G_N_ELEMENTS(named_keys); i++)
    if (strlen(named_keys[i].name) == n && g_ascii_strncasecmp(named_keys[i].name, name, n) == 0)
      return named_keys[i].key;
  if (n == 3 && (name[0] == 'C' || name[0] == 'c') && name[1] == '-' && g_ascii_isalpha(name[2]))
    return (Key)name[2] & 0x1f;
  if (n == 3 && (name[0] == 'M' || name[0] == 'm') && name[1] == '-' && g_ascii_isdigit(name[2]))
    return UIKEY_ALT_0 + (Key)(name[2] - '0');
  if (n >= 2 && n <= 3 && name[0] == 'F') {
    char digits[3] = {name[1], n == 3 ? name[2] : '\0', '\0'};
    guint64 f;
    if (g_ascii_string_to_unsigned(digits, 10, 1, 12, &f, NULL)) return UIKEY_F1 + (Key)f - 1;
  }
  return UIKEY_NONE;
}

Key key_parse(const char **text) {
  const char *s = *text;
  if (!*s) return UIKEY_NONE;
  const char *end = *s == '<' ? strchr(s, '>') : NULL;
  if (end) {
    *text = end + 1;
    return key_by_name(s + 1, (size_t)(end - s - 1));
  }
  gunichar c = g_utf8_get_char_validated(s, -1);
  if (c == (gunichar)-1 || c == (gunichar)-2) return UIKEY_NONE;
  *text = g_utf8_next_char(s);
  return c;
}

/* The name between the brackets, or "" for a plain character. */
static void bare_name(Key key, char name[KEY_NAME_MAX], const char *control, const char *alt) {
  name[0] = '\0';
  for (size_t i = 0; i < G_N_ELEMENTS(named_keys); i++)
    if (named_keys[i].key == key) g_strlcpy(name, named_keys[i].name, KEY_NAME_MAX);
  if (name[0]) return;
  if (key >= UIKEY_F1 && key <= UIKEY_F12) g_snprintf(name, KEY_NAME_MAX, "F%u", (unsigned)(key - UIKEY_F1) + 1);
  else if (key >= UIKEY_ALT_0 && key <= UIKEY_ALT_9)
    g_snprintf(name, KEY_NAME_MAX, "%s%u", alt, (unsigned)(key - UIKEY_ALT_0));
  else if (key < 27) g_snprintf(name, KEY_NAME_MAX, "%s%c", control, (char)('a' + key - 1));
}

static void plain_character(Key key, char name[KEY_NAME_MAX]) {
  int n = g_unichar_validate(key) ? g_unichar_to_utf8(key, name) : 0;
  name[n] = '\0';
}

void key_write(Key key, char name[KEY_NAME_MAX]) {
  char bare[KEY_NAME_MAX - 2];
  char full[KEY_NAME_MAX];
  bare_name(key, full, "C-", "M-");
  g_strlcpy(bare, full, sizeof bare);
  if (bare[0]) g_snprintf(name, KEY_NAME_MAX, "<%s>", bare);
  else plain_character(key, name);
}

void key_label(Key key, char label[KEY_NAME_MAX]) {
  if (key == '<') {
    g_strlcpy(label, "<", KEY_NAME_MAX);
    return;
  }
  bare_name(key, label, "^", "Alt-");
  if (label[0] == '^') label[1] = g_ascii_toupper(label[1]);
  if (!label[0]) plain_character(key, label);
}

bool key_is_text(Key key) {
  return key >= ' ' && key != UIKEY_BACKSPACE && key < UIKEY_UP && g_unichar_validate(key) && g_unichar_isprint(key);
}
