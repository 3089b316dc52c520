/* SPDX-License-Identifier: Apache-2.0 */
/* The table of actions as a contract: what it promises holds for every line. */
#include <string.h>

#include "ui/keymap.h"

static void test_every_action_is_complete(void) {
  g_autoptr(Keymap) keymap = keymap_new();
  g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const ActionInfo *info = action_info(a);
    g_test_message("%s", info->name);
    g_assert_true(g_hash_table_add(names, (gpointer)info->name));
    g_assert_cmpuint(strlen(info->help), >, 3);
    g_assert_cmpuint(info->contexts & IN_EVERYTHING, ==, info->contexts);
    for (unsigned c = 1; c & IN_EVERYTHING; c <<= 1) {
      if (!(info->contexts & c)) continue;
      g_autofree char *label = keymap_label(keymap, a, c, 9);
      g_assert_cmpstr(label, !=, "");
    }
  }
}

static void test_every_key_is_understood(void) {
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    g_auto(GStrv) words = g_strsplit(action_info(a)->keys, " ", -1);
    for (char **w = words; *w; w++) {
      const char *at = *w;
      g_assert_cmpuint(key_parse(&at), !=, UIKEY_NONE);
      if (*at) g_assert_cmpuint(key_parse(&at), !=, UIKEY_NONE);
      g_assert_cmpstr(at, ==, "");
    }
  }
}

/* No key means two things in one context, and no prefix is a key by itself there. */
static void test_no_double_binding(void) {
  g_autoptr(Keymap) keymap = keymap_new();
  const GArray *all = keymap_bindings(keymap);
  for (unsigned c = 1; c & IN_EVERYTHING; c <<= 1)
    for (guint i = 0; i < all->len; i++)
      for (guint j = i + 1; j < all->len; j++) {
        const Binding *a = &g_array_index(all, Binding, i), *b = &g_array_index(all, Binding, j);
        if (!binding_applies(a, c) || !binding_applies(b, c) || a->keys[0] != b->keys[0]) continue;
        g_test_message("%s and %s in %s", action_info(a->action)->name,
                       action_info(b->action)->name, context_name(c));
        g_assert_true(a->keys[1] && b->keys[1] && a->keys[1] != b->keys[1]);
      }
}

static void test_find(void) {
  g_autoptr(Keymap) keymap = keymap_new();
  Action action;
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, 'j', &action), ==, KEYMAP_ACTION);
  g_assert_cmpint(action, ==, ACTION_DOWN);
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, 'z', &action), ==, KEYMAP_PREFIX);
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 'z', 'M', &action), ==, KEYMAP_ACTION);
  g_assert_cmpint(action, ==, ACTION_FOLD_ALL);
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 'z', 'j', &action), ==, KEYMAP_NONE);
  g_assert_cmpint(keymap_find(keymap, IN_JOBS, 0, 'z', &action), ==, KEYMAP_NONE);
  /* Where one types, letters are text; other keys still act. */
  g_assert_cmpint(keymap_find(keymap, IN_ASK, 0, 'j', &action), ==, KEYMAP_NONE);
  g_assert_cmpint(keymap_find(keymap, IN_ASK, 0, UIKEY_DOWN, &action), ==, KEYMAP_ACTION);
  g_assert_cmpint(keymap_find(keymap, IN_PROMPT, 0, 'z', &action), ==, KEYMAP_NONE);
}

static void test_the_common_keys(void) {
  static const struct { unsigned context; Key key; Action action; } common[] = {
      {IN_FOREST, 'g', ACTION_FIRST},       {IN_FOREST, 'G', ACTION_LAST},
      {IN_FOREST, 4, ACTION_HALF_DOWN},     {IN_FOREST, 21, ACTION_HALF_UP},
      {IN_FOREST, '/', ACTION_SEARCH},      {IN_FOREST, 'n', ACTION_NEXT},
      {IN_FOREST, 'N', ACTION_PREVIOUS},    {IN_FOREST, 'f', ACTION_FILTER},
      {IN_FOREST, ' ', ACTION_TAG},         {IN_FOREST, '+', ACTION_UNFOLD},
      {IN_FOREST, '-', ACTION_FOLD},        {IN_FOREST, UIKEY_ENTER, ACTION_SHOW},
      {IN_JOBS, 'x', ACTION_CANCEL_JOB},    {IN_HELP, 'q', ACTION_BACK},
      {IN_EXPERTS, 't', ACTION_TRAIN},      {IN_QUERY, 'Q', ACTION_QUIT},
      {IN_FORM, UIKEY_ENTER, ACTION_FORM_START}, {IN_QUIT, 'w', ACTION_QUIT_WAIT},
      {IN_EXPERTS, UIKEY_TAB, ACTION_VIEW_NEXT}, {IN_FORM, 12, ACTION_REDRAW},
      {IN_FOREST, '?', ACTION_HELP},        {IN_PROMPT, UIKEY_ESC, ACTION_LEAVE}};
  g_autoptr(Keymap) keymap = keymap_new();
  for (size_t i = 0; i < G_N_ELEMENTS(common); i++) {
    Action action;
    keymap_find(keymap, common[i].context, 0, common[i].key, &action);
    g_assert_cmpstr(action_info(action)->name, ==, action_info(common[i].action)->name);
  }
}

static void test_key_names(void) {
  static const char *const names[] = {"j", "<Enter>", "<C-d>", "<PgUp>", "<F11>", "<S-Tab>",
                                      "<lt>", "<Space>", "é", "<Esc>", "狐"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    const char *at = names[i];
    char again[KEY_NAME_MAX];
    key_write(key_parse(&at), again);
    g_assert_cmpstr(again, ==, names[i]);
    g_assert_cmpstr(at, ==, "");
  }
  static const char *const wrong[] = {"<Nonsense>", "<F13>", "<F0>", "<>", "\xff", ""};
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    const char *at = wrong[i];
    g_assert_cmpuint(key_parse(&at), ==, UIKEY_NONE);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/keymap/complete", test_every_action_is_complete);
  g_test_add_func("/ui/keymap/keys-understood", test_every_key_is_understood);
  g_test_add_func("/ui/keymap/no-double-binding", test_no_double_binding);
  g_test_add_func("/ui/keymap/find", test_find);
  g_test_add_func("/ui/keymap/common-keys", test_the_common_keys);
  g_test_add_func("/ui/key/names", test_key_names);
  return g_test_run();
}
