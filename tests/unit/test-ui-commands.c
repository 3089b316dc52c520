/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed and chosen for the program as a whole: commands, menus, the tour, and what a guest may not do. */
#include <glib/gstdio.h>
#include <string.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/app_mouse.h"
#include "ui/app/command_line.h"
#include "session/history.h"
#include "ui/desk/services.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/app/perform.h"
#include "ui/app/tour.h"

/* While a question is typed digits are text, and the screen says what leads on. */
static void test_typing_tells_its_keys(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "2fox 3");
  g_assert_cmpint(app->current, ==, VIEW_QUERY);
  g_assert_true(on_screen(app, "Alt-1..8 views"));
  g_assert_false(on_screen(app, "3 Experts"));
  press(app, "<M-3>");
  g_assert_cmpint(app->current, ==, VIEW_EXPERTS);
  g_assert_true(on_screen(app, "3 Experts"));
  press(app, "t<M-1>");
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
}

static void test_command_line(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, ":mod");
  expect(app, "open a model");
  walk(app, "<Tab>birch/ow<Tab><Enter>");
  expect(app, "birch/owl-lora");
  walk(app, ":<Up>");
  expect(app, ":model birch/owl-lora");
  walk(app, "<Esc>:nothing<Enter>");
  expect(app, "there is no such command");
  walk(app, ":find filter<Enter>");
  expect(app, "filter the rows");
  walk(app, ":theme pink<Enter>");
  expect(app, "auto, dark, light or mono");
  walk(app, "q1:filter owl<Enter>");
  expect(app, "1 match");
}

/* Every action can be typed, wherever its key works. */
static void test_actions_are_commands(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    const ActionInfo *info = action_info(a);
    if (!(info->contexts & IN_FOREST) || a == ACTION_QUIT || a == ACTION_BACK) continue;
    g_assert_true(app_command(app, info->name));
    ui_menu(&app->ui, NULL);
    overlay_close(&app->overlay);
    app->ui.prompt.label = NULL;
    app->tour = -1;
    app_show(app, VIEW_FOREST);
  }
}

static void test_action_menu(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "mcolumns");
  expect(app, "choose the columns");
  walk(app, "<Esc>");
  g_assert_false(on_screen(app, "choose the columns"));
  walk(app, "m<Enter>"); /* the first: open the model */
  expect(app, "Overview");
}

static void test_tour(void) {
  FakeWood wood = {.many = 30};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, ":tour<Enter>");
  for (int i = 0; i < tour_steps(); i++) {
    g_autofree char *title = g_strdup_printf("(%d of %d)", i + 1, tour_steps());
    expect(app, title);
    walk(app, "n");
  }
  g_assert_cmpint(app->tour, ==, -1);
  /* Backwards, every step leads itself to its place. */
  walk(app, ":tour<Enter>|nnnnnnnn");
  for (int i = 0; i < tour_steps() - 1; i++) walk(app, "p");
  expect(app, "(1 of");
  walk(app, "<Esc>");
  expect(app, "PARAMS");
}

/* What the tour has asked is nobody's question; what was typed before it is. */
static void test_tour_leaves_no_question(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "2owl|<Esc><Esc>|:tour<Enter>|nnnnn");
  expect(app, "ask: red");
  walk(app, "n|<Esc>|2e|<C-r>");
  expect(app, "Earlier questions");
  expect(app, "owl");
  g_autoptr(GPtrArray) asked = history_load(&app->ui.engine, HISTORY_QUESTIONS);
  g_assert_cmpuint(asked->len, ==, 1);
  g_assert_cmpstr(asked->pdata[0], ==, "owl");
}

/* Models are found by any part of their path, files by name with folders marked. */
static void test_completion(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_autoptr(GArray) models = command_candidates(&app->ui, IN_FOREST, "model ow", 10);
  g_assert_cmpuint(models->len, ==, 2); /* and what is brown comes after what begins so */
  g_assert_cmpstr(g_array_index(models, Candidate, 0).word, ==, "model birch/owl-lora");
  g_autoptr(GArray) words = command_candidates(&app->ui, IN_FOREST, "model lora barn", 10);
  g_assert_cmpuint(words->len, ==, 1); /* all words, in any order */
  g_autoptr(GArray) layers = command_candidates(&app->ui, IN_FOREST, "layer tov", 10);
  g_assert_cmpstr(g_array_index(layers, Candidate, 0).word, ==, "layer down.1.attn.to_v");
  g_autoptr(GArray) experts = command_candidates(&app->ui, IN_FOREST, "expert cla", 10);
  g_assert_cmpstr(g_array_index(experts, Candidate, 0).word, ==, "expert probex-classes");
  g_autofree char *folder = g_dir_make_tmp("copse-complete-XXXXXX", NULL);
  g_autofree char *sub = g_build_filename(folder, "a folder", NULL), *file = g_build_filename(folder, "a file", NULL);
  g_assert_cmpint(g_mkdir(sub, 0700), ==, 0);
  g_assert_true(g_file_set_contents(file, "", 0, NULL));
  g_autofree char *line = g_strdup_printf("export %s/a f", folder);
  g_autofree char *first = g_strdup_printf("export %s", file), *second = g_strdup_printf("export %s/", sub);
  g_autoptr(GArray) none = command_candidates(&app->ui, IN_FOREST, line, 10);
  g_assert_cmpuint(none->len, ==, 0); /* nobody waits for the disk */
  press(app, ":");
  press(app, line);
  settle(app);
  const GArray *files = app->candidates;
  g_assert_cmpuint(files->len, ==, 2);
  g_assert_cmpstr(g_array_index(files, Candidate, 0).word, ==, first);
  g_assert_cmpstr(g_array_index(files, Candidate, 1).word, ==, second);
  g_assert_cmpint(g_unlink(file) + g_rmdir(sub) + g_rmdir(folder), ==, 0);
}

/* What a guest may not do: write, start a program, reach a file. */
static void test_read_only(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  app->ui.read_only = true;
  guint n;
  const CommandInfo *infos = command_infos(&n);
  for (guint i = 0; i < n; i++) {
    g_autofree char *line = g_strdup_printf("%s /tmp/x", infos[i].verb);
    if (!infos[i].writes) continue;
    g_assert_false(app_command(app, line));
    expect(app, "read-only");
  }
  walk(app, "e");
  expect(app, "Read-only");
  walk(app, "<C-z>");
  expect(app, "No shell in a read-only session");
  walk(app, "jj<Enter>lll|p|");
  settle(app);
  expect(app, "No pager in a read-only session");
  walk(app, "3s");
  expect(app, "Read-only");
  walk(app, "2fox|<C-s>");
  expect(app, "for this session only");
  g_assert_false(on_screen(app, "Saved"));
  walk(app, ":");
  g_assert_null(wood.memory);
  /* No file's name is completed. */
  g_autoptr(GArray) files = command_candidates(&app->ui, IN_FOREST, "export /", 10);
  g_assert_cmpuint(files->len, ==, 0);
}

static void test_idle_timeout(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  app->ui.config->idle_minutes = 5;
  app_wait(app, 1);
  g_assert_false(app->quit);
  app->last_key -= (gint64)5 * 60 * G_USEC_PER_SEC;
  app_wait(app, 1000);
  g_assert_true(app->quit);
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/completion", test_completion);
  g_test_add_func("/ui/typing", test_typing_tells_its_keys);
  g_test_add_func("/ui/command/line", test_command_line);
  g_test_add_func("/ui/command/actions", test_actions_are_commands);
  g_test_add_func("/ui/menu/actions", test_action_menu);
  g_test_add_func("/ui/tour", test_tour);
  g_test_add_func("/ui/tour/question", test_tour_leaves_no_question);
  g_test_add_func("/ui/read-only", test_read_only);
  g_test_add_func("/ui/idle", test_idle_timeout);
  return g_test_run();
}
