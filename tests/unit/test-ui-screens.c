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
  bool sizes;       /* at 80x24, 120x40 and 200x60, and not as small as 40x10 */
  const char *keys; /* pressed before the picture is taken; at each | the program comes to rest first */
} Screen;

static const Screen screens[] = {
    {"forest", false, "jj"},
    {"forest-folded", false, "jjjh"},
    {"forest-filter", false, "fkind:lora fox<Enter>"},
    {"forest-facts", false, "jjji"},
    {"forest-list", false, ":sort-by params<Enter>jv jj"},
    {"forest-branches", false, "P)>"},
    {"forest-search", false, "/owl"},
    {"forest-tagged", false, "<Space><Space>v jj"},
    {"forest-says", false, "3|a|1"},
    {"columns", false, "C"},
    {"sort", false, "s"},
    {"copy", false, "y"},
    {"skipped", false, "!"},
    {"model", false, "jj<Enter>"},
    {"model-layers", false, "jj<Enter>l"},
    {"model-layer", false, "jj<Enter>l|jj<Enter>"},
    {"model-card", false, "jj<Enter>lll|j"},
    {"model-like", false, "j<Enter>hh"},
    {"model-says", false, "j<Enter>h"},
    {"model-labels", false, "j<Enter>ca red fox, a barn owl<Enter>"},
    {"diff", false, "jjd"},
    {"map", false, "5|n"},
    {"map-query", false, "2fox|<Esc>5|ccc"},
    {"actions", false, "jm"},
    {"command", false, ":mo"},
    {"tour", false, ":tour<Enter><Enter>"},
    {"sweep", false, "3s<Enter>"},
    {"which-key", false, "z"},
    {"query", false, "2fox"},
    {"query-answers", false, "2fox|<Esc>j"},
    {"query-history", false, "2fox|<Esc>eowl|<Esc><C-r>"},
    {"query-refused", false, "2xyzzy"},
    {"query-proposal", false, "2fox kind:lo<Right> pa"},
    {"experts", false, "3"},
    {"train-form", false, "3t<Down><Down>x|"},
    {"train-form-wrong", false, "3t<Down><Down><Down>x<Enter>"},
    {"trained", false, "3t<Enter>"},
    {"jobs", false, "4"},
    {"help", false, "?"},
    {"overlay", true, "<C-p>fox"},
    {"overlay-action", true, "m|sort"},
    {"overlay-expert", true, "<C-p>probex cla"},
    {"map-together", true, "5|t|n"},
    {"map-field", true, "5|C|jj<Enter>|ff"},
    {"model-dashboard", true, "j<Enter>"},
    {"set-fact", true, "j<Enter>e"},
    {"duplicates", true, "6|j <Down>"},
    {"space", true, "7"},
    {"space-store", true, "7|ll|s"},
    {"conflicts", true, "8"},
    {"compare", true, "j<Space><Space><Space><Space>=|jl"},
    {"report", true, "3i"},
    {"report-confusions", true, "3i|l"},
    {"report-labels", true, "3i|ll|s"},
    {"report-runs", true, "3i|h"},
    {"forest-groups", true, "bf|j<Enter>j"},
    {"messages", true, "bf|d|L"},
    {"swept", true, "3s|<Enter>"},
};

typedef struct {
  const char *name, *theme;
  int columns, rows;
  bool ascii;
  int only; /* 1: for screens with `sizes` alone; -1: for the others alone */
} Dress;

static const Dress dresses[] = {
    {"80x24-colour", "dark", 80, 24, false, 0},    {"80x24-mono", "mono", 80, 24, false, 0},
    {"80x24-ascii", "mono", 80, 24, true, 0},      {"40x10-colour", "dark", 40, 10, false, -1},
    {"40x10-mono", "mono", 40, 10, false, -1},     {"40x10-ascii", "mono", 40, 10, true, -1},
    {"120x30-colour", "dark", 120, 30, false, -1}, {"120x40-colour", "dark", 120, 40, false, 1},
    {"120x40-mono", "mono", 120, 40, false, 1},    {"120x40-ascii", "mono", 120, 40, true, 1},
    {"200x60-colour", "dark", 200, 60, false, 0},  {"200x60-mono", "mono", 200, 60, false, 1},
    {"200x60-ascii", "mono", 200, 60, true, 1},
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
  FakeWood wood = {.skips = 3,
                   .many = strstr(test->screen->name, "groups") ? 20 : 0,
                   .runs = g_str_has_prefix(test->screen->name, "report")};
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
      if (dresses[d].only && (dresses[d].only > 0) != screens[s].sizes) continue;
      *test = (Case){&screens[s], &dresses[d]};
      g_autofree char *path = g_strdup_printf("/ui/screen/%s/%s", screens[s].name, dresses[d].name);
      g_test_add_data_func(path, test, test_screen);
    }
  g_test_add_func("/ui/screen/faithful", test_paint_is_faithful);
  return g_test_run();
}
