/* SPDX-License-Identifier: Apache-2.0 */
/* Finding anything from anywhere; and that nobody who types waits for what is remembered. */
#include <string.h>
#include <time.h>

#include "session/history.h"
#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/forest/forest_view.h"

/* A model by the words of its name, path and concept, in any order. */
static void test_models(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 40);
  walk(app, "<C-p>barn lora");
  expect(app, "1 of ");
  expect(app, "birch/owl-lora"); /* beside the list */
  walk(app, "<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  expect(app, "birch/owl-lora");
  walk(app, "<C-p>lora barn<BS><BS><BS><BS>zzz");
  expect(app, "Nothing matches all words.");
  walk(app, "<Enter>");
  g_assert_false(app->overlay.open);
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
}

static void test_actions(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 40);
  const ForestView *forest = app->views[VIEW_FOREST];
  walk(app, "mlength"); /* no such word: "branches as long as" */
  walk(app, "<C-u>branches");
  expect(app, "copse tree"); /* the command that answers the same */
  walk(app, "<Enter>");
  g_assert_true(forest->branches);
  walk(app, "<C-p>branches<Enter>");
  g_assert_false(forest->branches);
  walk(app, "3|mtrain a new<Enter>"); /* what can be done there, and not in the forest */
  expect(app, "Train an expert");
}

static void test_settings_and_experts(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 40);
  walk(app, "<C-p>light background<Enter>");
  g_assert_cmpstr(app->ui.config->theme, ==, "light");
  walk(app, "<C-p>classes<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_EXPERTS);
  g_assert_cmpint(app->cells->cursor_y, ==, 3); /* the second */
  walk(app, "1<C-p><Tab><Tab>");                /* models alone, then layers alone */
  expect(app, "2 of 2");
  walk(app, "mid<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_EXPERTS);
  g_assert_cmpint(app->cells->cursor_y, ==, 2);
  walk(app, "1jj<Enter>|<C-p>mid.0<Tab>");
  walk(app, "<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
}

static void test_questions(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 40);
  walk(app, "2owl|<Esc>|1<C-p><Tab><Tab><Tab><Tab>"); /* models, layers, experts, questions */
  expect(app, "1 of 1");
  walk(app, "<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_QUERY);
  expect(app, "owl-lora");
}

/* What is remembered is read and written on the worker's thread alone, and all of it when one leaves at once. */
static void test_nobody_waits(void) {
  FakeWood wood = {0};
  wood.owner = g_thread_self();
  App *app = ready_app(&wood, 100, 30);
  walk(app, "2owl|<Esc>|<C-r><Esc>|1:theme dark<Enter>|zM|:tree-or-list<Enter>");
  walk(app, "2e<C-u>hare|<C-s>");
  expect(app, "Saved: hare");
  g_assert_cmpint(wood.waits, ==, 0);
  press(app, "<Esc>1:theme mono<Enter>Q"); /* and nobody lets the worker finish */
  app_free(app);
  g_assert_cmpint(wood.waits, ==, 0); /* nor when it ends */
  wood.owner = NULL;
  app = ready_app(&wood, 100, 30);
  const GPtrArray *questions = app->ui.history[HISTORY_QUESTIONS], *commands = app->ui.history[HISTORY_COMMANDS];
  g_assert_cmpuint(questions->len, ==, 2);
  g_assert_cmpstr(questions->pdata[0], ==, "owl");
  g_assert_cmpstr(questions->pdata[1], ==, "* hare");
  g_assert_cmpstr(commands->pdata[commands->len - 1], ==, "theme mono");
  expect(app, "(6)"); /* what was folded is folded again */
  app_free(app);
  g_hash_table_unref(wood.memory);
}

/* A disk that does not answer keeps nobody: neither a key nor the end of the program; what it was given it has. */
static void test_slow_disk(void) {
  FakeWood wood = {0};
  g_autoptr(GError) error = NULL;
  App *app = ready_app(&wood, 100, 30);
  atomic_store(&wood.hold_disk, true);
  gint64 start = g_get_monotonic_time();
  press(app, ":theme dark<Enter>zMjjj:theme light<Enter>Q");
  g_assert_true(app->quit);
  g_assert_false(app_leave(app, 300, &error));
  g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
  g_assert_nonnull(strstr(error->message, "has not answered for 0.3 s"));
  app_free(app);
  atomic_store(&wood.hold_disk, false);
  for (int i = 0; i < 2000 && atomic_load(&wood.puts) < 3; i++) g_usleep(10000);
  g_assert_cmpint(atomic_load(&wood.puts), ==, 3);
  app = ready_app(&wood, 100, 30);
  const GPtrArray *commands = app->ui.history[HISTORY_COMMANDS];
  g_assert_cmpuint(commands->len, ==, 2);
  g_assert_cmpstr(commands->pdata[1], ==, "theme light");
  app_free(app);
  g_hash_table_unref(wood.memory);
}

/* The processor's milliseconds of the slowest of some keys. */
static double slowest(App *app, const char *const *keys, gsize n) {
  double worst = 0;
  for (gsize i = 0; i < n; i++) {
    clock_t before = clock();
    press(app, keys[i]);
    worst = MAX(worst, 1000.0 * (double)(clock() - before) / CLOCKS_PER_SEC);
  }
  return worst;
}

/* With a hundred thousand models a letter takes no longer than a frame: of finding anything, a search, a filter. */
static void test_many(void) {
  FakeWood wood = {.many = 100000};
  g_autoptr(App) app = ready_app(&wood, 200, 60);
  static const char *const letters[] = {"m", "o", "d", "e", "l", "-", "0", "7", "7", "1"};
  double find, search, filter;
  expect(app, "1/100,011"); /* where the cursor is */
  press(app, "<C-p>");
  find = slowest(app, letters, G_N_ELEMENTS(letters));
  expect(app, "model-077100");
  press(app, "<Esc>/");
  search = slowest(app, letters, G_N_ELEMENTS(letters));
  expect(app, "model-0771");
  press(app, "<Esc>f");
  filter = slowest(app, letters, G_N_ELEMENTS(letters));
  expect(app, "100 kept");
  press(app, "<Esc><Esc>");
  const clock_t before = clock();
  press(app, ":sort-by params<Enter>");
  app_draw(app);
  g_test_message("milliseconds of a sort, drawn: %.1f", 1000.0 * (double)(clock() - before) / CLOCKS_PER_SEC);
  g_test_message("milliseconds a letter, drawn, at worst: find %.1f, search %.1f, filter %.1f", find, search, filter);
  g_test_minimized_result(MAX(find, MAX(search, filter)), "milliseconds a letter over 100,000 models, at worst: %.1f",
                          MAX(find, MAX(search, filter)));
  g_assert_cmpfloat(MAX(find, MAX(search, filter)), <, 300); /* under a sanitizer, too */
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/overlay/models", test_models);
  g_test_add_func("/ui/overlay/actions", test_actions);
  g_test_add_func("/ui/overlay/settings-and-experts", test_settings_and_experts);
  g_test_add_func("/ui/overlay/questions", test_questions);
  g_test_add_func("/ui/overlay/nobody-waits", test_nobody_waits);
  g_test_add_func("/ui/overlay/slow-disk", test_slow_disk);
  g_test_add_func("/ui/overlay/many", test_many);
  return g_test_run();
}
