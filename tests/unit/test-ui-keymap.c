/* SPDX-License-Identifier: Apache-2.0 */
/* The table of actions as a contract: what it promises holds for every line. */
#include <string.h>

#include "ui/app/command_line.h"
#include "ui/toolkit/keymap.h"

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
        g_test_message("%s and %s in %s", action_info(a->action)->name, action_info(b->action)->name, context_name(c));
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
  static const struct {
    unsigned context;
    Key key;
    Action action;
  } common[] = {{IN_FOREST, 'g', ACTION_FIRST},
                {IN_FOREST, 'G', ACTION_LAST},
                {IN_FOREST, 4, ACTION_HALF_DOWN},
                {IN_FOREST, 21, ACTION_HALF_UP},
                {IN_FOREST, '/', ACTION_SEARCH},
                {IN_FOREST, 'n', ACTION_NEXT},
                {IN_FOREST, 'N', ACTION_PREVIOUS},
                {IN_FOREST, 'f', ACTION_FILTER},
                {IN_FOREST, ' ', ACTION_TAG},
                {IN_FOREST, '+', ACTION_UNFOLD},
                {IN_FOREST, '-', ACTION_FOLD},
                {IN_FOREST, UIKEY_ENTER, ACTION_SHOW},
                {IN_JOBS, 'x', ACTION_CANCEL_JOB},
                {IN_HELP, 'q', ACTION_BACK},
                {IN_EXPERTS, 't', ACTION_TRAIN},
                {IN_QUERY, 'Q', ACTION_QUIT},
                {IN_FORM, UIKEY_ENTER, ACTION_FORM_START},
                {IN_QUIT, 'w', ACTION_QUIT_WAIT},
                {IN_EXPERTS, UIKEY_TAB, ACTION_VIEW_NEXT},
                {IN_FORM, 12, ACTION_REDRAW},
                {IN_FOREST, '?', ACTION_HELP},
                {IN_PROMPT, UIKEY_ESC, ACTION_LEAVE}};
  g_autoptr(Keymap) keymap = keymap_new();
  for (size_t i = 0; i < G_N_ELEMENTS(common); i++) {
    Action action;
    keymap_find(keymap, common[i].context, 0, common[i].key, &action);
    g_assert_cmpstr(action_info(action)->name, ==, action_info(common[i].action)->name);
  }
}

static void test_key_names(void) {
  static const char *const names[] = {"j",    "<Enter>", "<C-d>", "<PgUp>", "<F11>", "<S-Tab>",
                                      "<lt>", "<Space>", "é",     "<Esc>",  "狐"};
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

/* Text for a manual page: what would be taken for a request or an escape is written so that it is not. */
static void add_roff(GString *s, const char *text) {
  if (*text == '.' || *text == '\'') g_string_append(s, "\\&");
  for (; *text; text++) {
    if (*text == '\\') g_string_append(s, "\\e");
    else if (*text == '-') g_string_append(s, "\\-");
    else g_string_append_c(s, *text);
  }
}

static void add_action(GString *s, const Keymap *keymap, Action a) {
  const ActionInfo *info = action_info(a);
  unsigned context = info->contexts & -info->contexts;
  g_autofree char *keys = keymap_label(keymap, a, context, 9);
  g_string_append(s, ".TP\n.B \"");
  add_roff(s, keys);
  g_string_append(s, "\"\n");
  add_roff(s, info->help);
  g_string_append(s, "\n.RB ( ");
  add_roff(s, info->name);
  if (*info->twin) g_string_append_printf(s, " \"; \" \"copse %s\"", info->twin);
  g_string_append(s, " )\n");
}

static bool is_everywhere(unsigned contexts) { return (contexts & IN_LISTS) == IN_LISTS; }

static void add_section(GString *s, const Keymap *keymap, unsigned context, const char *title) {
  bool begun = false;
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    unsigned contexts = action_info(a)->contexts;
    bool here = context ? !is_everywhere(contexts) && (contexts & -contexts) == context : is_everywhere(contexts);
    if (!here) continue;
    if (!begun) g_string_append_printf(s, ".SS %s\n", title);
    begun = true;
    add_action(s, keymap, a);
  }
}

/* Actions without a twin, those of one reason together. */
static void add_reasons(GString *s) {
  g_autoptr(GHashTable) told = g_hash_table_new(g_str_hash, g_str_equal);
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const char *why = action_screen_only(a);
    if (!why || !g_hash_table_add(told, (gpointer)why)) continue;
    g_string_append(s, ".TP\n");
    add_roff(s, why);
    g_string_append_c(s, '\n');
    for (Action b = a; b < ACTION_COUNT; b++) {
      if (g_strcmp0(action_screen_only(b), why) != 0) continue;
      if (b != a) g_string_append(s, ",\n");
      add_roff(s, action_info(b)->name);
    }
    g_string_append_c(s, '\n');
  }
}

/* The manual page of keys: made from the tables, so that it cannot lie. */
static char *manual_text(void) {
  g_autoptr(Keymap) keymap = keymap_new();
  guint n;
  const CommandInfo *commands = command_infos(&n);
  GString *s = g_string_new(
      ".\\\" SPDX-License-Identifier: Apache-2.0\n.\\\" Made from ui/actions.def: a test keeps the two the same.\n"
      ".TH COPSE-KEYS 7 \"2026-11-24\" \"copse 0.1.0\" \"Miscellaneous\"\n.SH NAME\n"
      "copse-keys \\- keys and commands of the interface of copse\n.SH DESCRIPTION\n"
      "Each entry: the keys, what they do, the name by which the action is known to the configuration and "
      "after a colon, and where there is one, the command that answers the same on standard output.\n");
  add_section(s, keymap, 0, "In most places");
  for (unsigned c = 1; c & IN_EVERYTHING; c <<= 1) add_section(s, keymap, c, context_name(c));
  g_string_append(s, ".SH COMMANDS\nAfter a colon; Tab completes.\n");
  for (guint i = 0; i < n; i++) {
    g_string_append(s, ".TP\n.BI \"");
    add_roff(s, commands[i].verb);
    g_string_append_printf(s, "\" \" %s\"\n", commands[i].argument);
    add_roff(s, commands[i].help);
    g_string_append(s, "\n");
  }
  g_string_append(s, ".SH KEYS WITHOUT A COMMAND\nThe other keys have no command that answers the same:\n");
  add_reasons(s);
  g_string_append(s, ".SH SEE ALSO\n.BR copse (1)\n");
  return g_string_free(s, FALSE);
}

static char *source_file(const char *folder, const char *name) {
  const char *top = g_getenv("COPSE_TEST_SRCDIR");
  return g_build_filename(top ? top : ".", folder, name, NULL);
}

static void test_manual(void) {
  g_autofree char *want = manual_text(), *have = NULL;
  g_autofree char *path = source_file("man", "copse-keys.7");
  if (g_getenv("UPDATE_GOLDEN")) g_assert_true(g_file_set_contents(path, want, -1, NULL));
  g_assert_true(g_file_get_contents(path, &have, NULL, NULL));
  g_assert_cmpstr(have, ==, want);
}

static bool command_answers(const char *twin) {
  const char *copse = g_getenv("COPSE");
  const char *argv[] = {copse, twin, "--help", NULL};
  int status = 1;
  if (!copse || !g_file_test(copse, G_FILE_TEST_IS_EXECUTABLE)) return true; /* nothing to ask */
  return g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL, &status, NULL) &&
         status == 0;
}

/* What a key does for the eye, a command does for a script, or the table says why none can. The twins have a page of
 * the manual each, and the program has them. */
static void test_twins(void) {
  g_autoptr(GHashTable) asked = g_hash_table_new(g_str_hash, g_str_equal);
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const ActionInfo *info = action_info(a);
    bool has = *info->twin, alone = action_screen_only(a) != NULL;
    if (has == alone) g_error("%s: a twin, or a reason why there is none", info->name);
    if (!has || !g_hash_table_add(asked, (gpointer)info->twin)) continue;
    g_autofree char *name = g_strconcat(info->twin, ".man", NULL), *page = source_file("man/commands", name);
    if (!g_file_test(page, G_FILE_TEST_EXISTS)) g_error("the manual does not tell of %s", info->twin);
    if (!command_answers(info->twin)) g_error("there is no copse %s", info->twin);
  }
}

/* The manual of keys names every action with its keys and its help, whatever made the page. */
static void test_manual_is_whole(void) {
  g_autoptr(Keymap) keymap = keymap_new();
  g_autofree char *path = source_file("man", "copse-keys.7"), *manual = NULL;
  g_assert_true(g_file_get_contents(path, &manual, NULL, NULL));
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    g_autoptr(GString) entry = g_string_new(NULL);
    add_action(entry, keymap, a);
    if (!strstr(manual, entry->str)) g_error("copse-keys.7 does not tell of %s", action_info(a)->name);
  }
}

static void test_names(void) {
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) g_assert_cmpint(action_by_name(action_info(a)->name), ==, a);
  g_assert_cmpint(action_by_name("fly"), ==, ACTION_NONE);
}

static void test_bind(void) {
  g_autoptr(Keymap) keymap = keymap_new();
  Action action;
  g_assert_true(keymap_bind(keymap, ACTION_TAG, "x gg"));
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, 'x', &action), ==, KEYMAP_ACTION);
  g_assert_cmpint(action, ==, ACTION_TAG);
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, ' ', &action), ==, KEYMAP_NONE);
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 'g', 'g', &action), ==, KEYMAP_ACTION);
  g_assert_false(keymap_bind(keymap, ACTION_TAG, "<Nonsense>"));
  g_assert_false(keymap_bind(keymap, ACTION_TAG, "abc"));
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, 'x', &action), ==, KEYMAP_ACTION);
  g_assert_true(keymap_bind(keymap, ACTION_TAG, ""));
  g_assert_cmpint(keymap_find(keymap, IN_FOREST, 0, 'x', &action), ==, KEYMAP_NONE);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/keymap/complete", test_every_action_is_complete);
  g_test_add_func("/ui/keymap/keys-understood", test_every_key_is_understood);
  g_test_add_func("/ui/keymap/no-double-binding", test_no_double_binding);
  g_test_add_func("/ui/keymap/find", test_find);
  g_test_add_func("/ui/keymap/common-keys", test_the_common_keys);
  g_test_add_func("/ui/keymap/names", test_names);
  g_test_add_func("/ui/keymap/bind", test_bind);
  g_test_add_func("/ui/keymap/manual", test_manual);
  g_test_add_func("/ui/keymap/twins", test_twins);
  g_test_add_func("/ui/keymap/manual-whole", test_manual_is_whole);
  g_test_add_func("/ui/key/names", test_key_names);
  return g_test_run();
}
