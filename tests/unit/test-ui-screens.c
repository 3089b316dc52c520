/* SPDX-License-Identifier: Apache-2.0 */
/* Whole screens, as curses would show them, against tests/golden/ui-*.txt: text, then the
 * attributes of each row. UPDATE_GOLDEN=1 writes them anew. */
#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ui_fixture.h"

typedef struct {
  const char *name;
  const char *keys; /* pressed before the picture is taken; at each | the program comes to rest first */
} Screen;

static const Screen screens[] = {
    {"forest", "jj"},
    {"forest-folded", "jjjh"},
    {"forest-filter", "fkind:lora fox<Enter>"},
    {"forest-facts", "jjji"},
    {"forest-list", ":sort-by params<Enter>jv jj"},
    {"forest-branches", "P)>"},
    {"forest-search", "/owl"},
    {"forest-tagged", "<Space><Space>v jj"},
    {"forest-says", "3|a|1"},
    {"columns", "C"},
    {"sort", "s"},
    {"copy", "y"},
    {"skipped", "!"},
    {"model", "jj<Enter>"},
    {"model-layers", "jj<Enter>l"},
    {"model-layer", "jj<Enter>l|jj<Enter>"},
    {"model-card", "jj<Enter>lll|j"},
    {"model-like", "j<Enter>hh"},
    {"model-says", "j<Enter>h"},
    {"model-labels", "j<Enter>ca red fox, a barn owl<Enter>"},
    {"diff", "jjd"},
    {"map", "5|n"},
    {"map-query", "2fox|<Esc>5|ccc"},
    {"actions", "jm"},
    {"command", ":mo"},
    {"tour", ":tour<Enter><Enter>"},
    {"sweep", "3s<Enter>"},
    {"which-key", "z"},
    {"query", "2fox"},
    {"query-answers", "2fox|<Esc>j"},
    {"query-history", "2fox|<Esc>eowl|<Esc><C-r>"},
    {"query-refused", "2xyzzy"},
    {"query-proposal", "2fox kind:lo<Right> pa"},
    {"experts", "3"},
    {"train-form", "3t<Down><Down>x"},
    {"train-form-wrong", "3t<Down><Down><Down>x<Enter>"},
    {"trained", "3t<Enter>"},
    {"jobs", "4"},
    {"help", "?"},
};

typedef struct {
  const char *name, *theme;
  int columns, rows;
  bool ascii;
} Dress;

static const Dress dresses[] = {
    {"80x24-colour", "dark", 80, 24, false},   {"80x24-mono", "mono", 80, 24, false},
    {"80x24-ascii", "mono", 80, 24, true},     {"40x10-colour", "dark", 40, 10, false},
    {"40x10-mono", "mono", 40, 10, false},     {"40x10-ascii", "mono", 40, 10, true},
    {"120x30-colour", "dark", 120, 30, false},
};

typedef struct {
  const Screen *screen;
  const Dress *dress;
} Case;

/* Times differ from run to run. */
static char *without_times(const char *text) {
  g_autoptr(GRegex) regex = g_regex_new("[0-9.]+ s\\b", 0, 0, NULL);
  return g_regex_replace_literal(regex, text, -1, 0, "0.0 s", 0, NULL);
}

static void compare(const char *name, const char *got) {
  const char *folder = g_getenv("COPSE_TEST_SRCDIR");
  g_autofree char *path = g_build_filename(folder ? folder : ".", "tests", "golden", name, NULL);
  g_autofree char *want = NULL;
  if (g_getenv("UPDATE_GOLDEN")) g_assert_true(g_file_set_contents(path, got, -1, NULL));
  if (!g_file_get_contents(path, &want, NULL, NULL)) g_error("no golden file %s", path);
  if (strcmp(got, want) != 0) g_test_message("%s: got\n%s", name, got);
  g_assert_cmpstr(got, ==, want);
}

static void test_screen(gconstpointer data) {
  const Case *test = data;
  FakeWood wood = {.skips = 3};
  g_autoptr(App) app = fake_app(&wood, test->dress->columns, test->dress->rows, test->dress->theme, test->dress->ascii);
  settle(app);
  g_auto(GStrv) parts = g_strsplit(test->screen->keys, "|", -1);
  for (char **part = parts; *part; part++) press(app, *part), settle(app);
  g_autofree char *raw = term_dump(app->term);
  g_autofree char *text = without_times(raw);
  g_autofree char *name = g_strdup_printf("ui-%s-%s.txt", test->screen->name, test->dress->name);
  compare(name, text);
}

/* What curses shows is what the cells say: nothing is lost on the way. */
static void test_paint_is_faithful(void) {
  FakeWood wood = {.many = 50};
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  settle(app);
  static const char *const walks[] = {"jjjj", "zM",  "G",         "zR", "<PgUp>", "2red",         "<Esc>3",
                                      "?G",   "q14", "1g<Enter>", "l",  "q5",     "1:tour<Enter>"};
  for (size_t i = 0; i < G_N_ELEMENTS(walks); i++) {
    press(app, walks[i]);
    g_autofree char *cells = cells_dump(app->cells);
    g_autofree char *shown = term_dump(app->term);
    g_assert_true(g_str_has_prefix(shown, cells));
  }
}

int main(int argc, char **argv) {
  g_setenv("LC_ALL", "C.UTF-8", TRUE);
  g_setenv("TERM", "xterm-256color", TRUE);
  g_unsetenv("NO_COLOR");
  g_unsetenv("LINES");
  g_unsetenv("COLUMNS");
  setlocale(LC_ALL, "");
  g_test_init(&argc, &argv, NULL);
  static Case cases[G_N_ELEMENTS(screens) * G_N_ELEMENTS(dresses)];
  for (size_t s = 0; s < G_N_ELEMENTS(screens); s++)
    for (size_t d = 0; d < G_N_ELEMENTS(dresses); d++) {
      Case *test = &cases[s * G_N_ELEMENTS(dresses) + d];
      *test = (Case){&screens[s], &dresses[d]};
      g_autofree char *path = g_strdup_printf("/ui/screen/%s/%s", screens[s].name, dresses[d].name);
      g_test_add_data_func(path, test, test_screen);
    }
  g_test_add_func("/ui/screen/faithful", test_paint_is_faithful);
  return g_test_run();
}
