/* SPDX-License-Identifier: Apache-2.0 */
/* What the interface says no to: its configuration, its scripts, its commands, its files. */
#include <glib/gstdio.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/unit/ui_fixture.h"
#include "ui/app/config_file.h"
#include "ui/app/perform.h"
#include "ui/app/script.h"
#include "ui/toolkit/pager.h"

static void says(const GError *error, const char *words) {
  if (!strstr(error->message, words)) g_test_fail_printf("\"%s\" lacks \"%s\"", error->message, words);
}

/* The file's name, the group, the key, and what may stand there. */
static void test_config(void) {
  static const struct {
    const char *text, *words;
  } bad[] = {{"[interface]\ntheme=pink\n", "[interface] theme: auto, dark, light or mono"},
             {"[interface]\ncolumns=nonsense\n", "[interface] columns: names of columns, such as: kind params size"},
             {"[interface]\nmouse=perhaps\n", "[interface] mouse: true or false"},
             {"[interface]\nidle-minutes=soon\n", "[interface] idle-minutes: a number of minutes, 0 for never"},
             {"[keys]\nnonsense=j\n", "[keys] nonsense: there is no such action"},
             {"[keys]\nquit=<Nonsense>\n", "[keys] quit: names of keys, such as: j <Down> <C-n>"},
             {"[colours]\nnonsense=red\n", "[colours] nonsense: there is no such meaning"},
             {"[colours]\ngood=pink\n", "[colours] good: words such as: green bold, or black on yellow"}};
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL), *path = g_build_filename(folder, "copse.conf", NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(Config) c = config_new();
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, bad[i].text, -1, NULL));
    g_assert_false(config_load(c, path, &error));
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_USAGE);
    says(error, bad[i].words);
    g_assert_true(g_str_has_prefix(error->message, path));
  }
  g_autoptr(Config) c = config_new();
  g_autoptr(GError) error = NULL;
  g_assert_false(config_write(c, folder, &error));
  g_autofree char *words = g_strdup_printf("%s is no regular file", folder);
  says(error, words);
  g_assert_true(dir_remove(folder, NULL));
}

static void test_script(void) {
  static const struct {
    const char *text, *words;
  } bad[] = {{":nonsense\n", "script line 1: no such command: :nonsense"},
             {"\nkey jj\n", "script line 2: one key was expected: jj"},
             {"keys <Nonsense>\n", "no such key: <Nonsense>"},
             {":resize x\n", "a size is COLUMNSxROWS: x"},
             {":command nonsense\n", "the command failed: nonsense"},
             {":save-display x\n", "a read-only session writes no files: x"}};
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL), *path = g_build_filename(folder, "script", NULL);
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  app->ui.read_only = true;
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(path, bad[i].text, -1, NULL));
    g_assert_false(script_run(app, path, &error));
    says(error, bad[i].words);
  }
  g_assert_true(dir_remove(folder, NULL));
}

/* A command that cannot be done is named on the screen, with the reason. */
static void test_commands(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-XXXXXX", NULL), *there = g_build_filename(folder, "a.csv", NULL);
  g_assert_true(g_file_set_contents(there, "", 0, NULL));
  g_autofree char *again = g_strdup_printf("export %s", there), *odd = g_strdup_printf("export %s/a.odd", folder);
  const struct {
    const char *line, *words;
  } bad[] = {{"nonsense", ":nonsense: there is no such command"},
             {"theme pink", ":theme: a theme is auto, dark, light or mono"},
             {"set-mouse x", ":set-mouse: on or off"},
             {"model", ":model: something is missing: see the help"},
             {"diff a", ":diff: two models are compared"},
             {"columns nonsense", "there is no column nonsense"},
             {"sort nonsense", "there is no column nonsense"},
             {"train", ":train: this can be done in other places only"},
             {"expert nonsense", "there is no expert nonsense"},
             {"layer nonsense", "there is no expert"},
             {again, "is there already; nothing was written"},
             {odd, "no format has this ending; there are .csv, .jsonl, .html and .txt (paths)"}};
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 160, 30);
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
    app_command(app, bad[i].line);
    settle(app);
    if (!on_screen(app, bad[i].words)) g_test_fail_printf("%s: the screen lacks \"%s\"", bad[i].line, bad[i].words);
  }
  g_assert_true(dir_remove(folder, NULL));
}

/* Without a terminal there is no pager. */
static void test_pager(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  g_autoptr(GError) error = NULL;
  g_assert_false(pager_run(app->term, "text", &error));
  says(error, "there is no terminal");
}

int main(int argc, char **argv) {
  g_setenv("LC_ALL", "C.UTF-8", TRUE);
  g_setenv("TERM", "xterm-256color", TRUE);
  setlocale(LC_ALL, "");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/messages/ui/config", test_config);
  g_test_add_func("/messages/ui/script", test_script);
  g_test_add_func("/messages/ui/commands", test_commands);
  g_test_add_func("/messages/ui/pager", test_pager);
  return g_test_run();
}
