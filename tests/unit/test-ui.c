/* SPDX-License-Identifier: Apache-2.0 */
/* The interface at work, on a small wood that stands in for the engine: keys in, screens out. */
#include <glib/gstdio.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/frame.h"
#include "ui/app/script.h"

/* The row of text at y. */
static char *row_text(App *app, int y) {
  g_autofree char *dump = cells_dump(app->cells);
  g_auto(GStrv) rows = g_strsplit(dump, "\n", -1);
  return g_strdup(y < (int)g_strv_length(rows) ? rows[y] : "");
}

/* The row of text that is selected. */
static char *selected_row(App *app) {
  for (int y = 0; y < app->cells->rows; y++)
    if (cells_at(app->cells, 0, y)->style == STYLE_SELECTED) return row_text(app, y);
  return g_strdup("");
}

static void assert_selected(App *app, const char *text) {
  app_draw(app);
  g_autofree char *row = selected_row(app);
  if (!strstr(row, text)) g_test_message("selected: %s", row);
  g_assert_nonnull(strstr(row, text));
}

static void test_forest_moves_and_folds(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  assert_selected(app, "base");
  press(app, "jj");
  assert_selected(app, "fine-tuned");
  press(app, "h");
  g_assert_true(on_screen(app, "fine-tuned (2)"));
  g_assert_false(on_screen(app, "owl-lora"));
  press(app, "h"); /* folded already: to the parent */
  assert_selected(app, "base");
  press(app, "jjl");
  g_assert_true(on_screen(app, "owl-lora"));
  press(app, "l");
  assert_selected(app, "fine-tuned-q8");
  press(app, "zM");
  g_assert_false(on_screen(app, "fox-lora"));
  assert_selected(app, "base"); /* the nearest row that is left */
  press(app, "*");
  g_assert_true(on_screen(app, "fox-lora"));
  press(app, "G");
  assert_selected(app, "café-étude");
  press(app, "g-+");
  g_assert_true(on_screen(app, "fox-lora"));
}

static void test_search_finds_what_is_folded(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "zM/OWL");
  assert_selected(app, "owl-lora");
  press(app, "<Enter>g/red<Enter>");
  assert_selected(app, "copy-of-fox"); /* by its concept */
  press(app, "n");
  assert_selected(app, "fox-lora");
  press(app, "n");
  assert_selected(app, "café-étude");
  press(app, "N");
  assert_selected(app, "fox-lora");
  press(app, "/nothing such<Enter>");
  g_assert_true(on_screen(app, "Not found: nothing such"));
  press(app, "/owl<Esc>");
  assert_selected(app, "fox-lora"); /* given up: where we were */
}

static void test_filter_keeps_ancestors(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "fowl<Enter>");
  g_assert_true(on_screen(app, "owl-lora"));
  g_assert_true(on_screen(app, "fine-tuned"));
  g_assert_false(on_screen(app, "fox-lora"));
  g_assert_true(on_screen(app, "1 match"));
  g_assert_cmpint(cells_at(app->cells, 5, 2)->style, !=, STYLE_TEXT);
  press(app, "<Esc>");
  g_assert_true(on_screen(app, "fox-lora"));
  press(app, "fora<Enter>"); /* no word begins so, but three hold it */
  g_assert_true(on_screen(app, "inside words"));
  g_assert_true(on_screen(app, "owl-lora"));
  press(app, "<Esc>");
  press(app, "fnothing-such<Enter>");
  g_assert_true(on_screen(app, "Nothing matches"));
  press(app, "jkhlzM<Space>n<Esc>");
  g_assert_true(on_screen(app, "1 Forest"));
}

static void test_tags(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "<Space><Space>");
  assert_selected(app, "fine-tuned");
  g_assert_true(on_screen(app, "2 tagged"));
  press(app, "k<Space>");
  g_assert_true(on_screen(app, "1 tagged"));
  press(app, "U");
  g_assert_false(on_screen(app, "tagged"));
}

/* The forest changes while one works in it: what is selected, folded, tagged stays so. */
static void test_selection_survives_rebuild(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_forest, true);
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  wait_for_text(app, "sketching: Growing");
  wait_for_text(app, "from cards");
  press(app, "/fine-tuned<Enter><Space>kh");
  atomic_store(&wood.hold_forest, false);
  settle(app);
  g_assert_true(on_screen(app, "ghost"));
  assert_selected(app, "fine-tuned (2)");
  g_assert_true(on_screen(app, "1 tagged"));
  press(app, "r");
  settle(app);
  assert_selected(app, "fine-tuned (2)");
}

static void test_query_while_typing(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "<Tab>fox");
  g_assert_cmpint(atomic_load(&wood.queries), ==, 0); /* still typing */
  settle(app);
  g_assert_cmpint(atomic_load(&wood.queries), ==, 1); /* three keys, one question */
  g_assert_true(on_screen(app, "unseen 41 %"));
  assert_selected(app, "fox-lora");
  press(app, "<Down><Enter>");
  g_assert_true(on_screen(app, "Overview"));
  g_assert_true(on_screen(app, "birch/copy-of-fox"));
  press(app, "o");
  g_assert_true(on_screen(app, "PARAMS"));
  assert_selected(app, "copy-of-fox");
  press(app, "2 xyzzy");
  settle(app);
  g_assert_true(on_screen(app, "Unknown words, left out: xyzzy"));
  press(app, "<C-u>xyzzy");
  settle(app);
  g_assert_true(on_screen(app, "no word of"));
  press(app, "<C-u>");
  settle(app);
  g_assert_true(on_screen(app, "Type what you look for"));
  /* Letters are text there, and commands after Esc. */
  press(app, "jq");
  g_assert_true(on_screen(app, "ask: jq"));
  press(app, "<Esc>q");
  g_assert_true(on_screen(app, "PARAMS"));
}

/* An answer comes while a training runs. */
static void test_query_during_training(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  atomic_store(&wood.hold_training, true);
  press(app, "3t<Enter>");
  wait_for_text(app, "epoch");
  press(app, "2owl");
  wait_for_text(app, "owl-lora");
  g_assert_cmpuint(worker_busy(app->ui.engine.worker), ==, 1);
  atomic_store(&wood.hold_training, false);
  settle(app);
}

static void test_training(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "3t<Down><Down><Down><C-u>0<Enter>");
  g_assert_true(on_screen(app, "epochs: a number from 1 to 100000"));
  press(app, "<C-u>12<Down><Down><C-u>48<Up><Up><Up><Up><Up> <Enter>");
  settle(app);
  g_assert_cmpint(atomic_load(&wood.trainings), ==, 1);
  g_assert_cmpuint(wood.last_train.epochs, ==, 12);
  g_assert_cmpuint(wood.last_train.probes, ==, 48);
  g_assert_cmpint(wood.last_train.task, ==, EXPERT_CLASSIFY);
  g_assert_true(on_screen(app, "best epoch 27"));
  press(app, "k");
  g_assert_true(on_screen(app, "3 experts")); /* they were opened again */
  g_assert_cmpuint(app->ui.training, ==, 0);
}

static void test_training_cancelled(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  atomic_store(&wood.hold_training, true);
  press(app, "3t<Enter>");
  wait_for_text(app, "epoch");
  press(app, "t");
  g_assert_true(on_screen(app, "A training is running"));
  press(app, "x");
  settle(app);
  g_assert_true(on_screen(app, "Cancelled; r goes on with it."));
  g_assert_cmpint(atomic_load(&wood.trainings), ==, 0);
  press(app, "4");
  g_assert_true(on_screen(app, "cancelled after"));
  atomic_store(&wood.hold_training, false);
  press(app, "3r");
  settle(app);
  g_assert_cmpint(atomic_load(&wood.trainings), ==, 1);
  press(app, "r");
  g_assert_true(on_screen(app, "No training was cancelled"));
}

static void test_read_only_trains_nothing(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  app->ui.read_only = true;
  press(app, "3t");
  g_assert_true(on_screen(app, "Read-only"));
}

static void test_jobs_cancel(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_forest, true);
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  wait_for_text(app, "41 % sketching: Growing");
  press(app, "4");
  wait_for_text(app, "sketching");
  press(app, "x");
  settle(app);
  g_assert_true(on_screen(app, "cancelled after"));
  press(app, "1");
  g_assert_true(on_screen(app, "from cards")); /* what we had is still there */
}

static void test_quit_asks_for_running_jobs(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_forest, true);
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  wait_for_text(app, "41 % sketching: Growing");
  press(app, "Q");
  g_assert_false(app->quit);
  g_assert_true(on_screen(app, "These jobs are not done"));
  press(app, "s");
  g_assert_false(on_screen(app, "These jobs"));
  press(app, "qw");
  g_assert_false(app->quit);
  g_assert_true(on_screen(app, "Quitting when"));
  atomic_store(&wood.hold_forest, false);
  gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  while (!app->quit && g_get_monotonic_time() < deadline) app_wait(app, 50);
  g_assert_true(app->quit);
}

static void test_quit_cancels(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_forest, true);
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  wait_for_text(app, "41 % sketching: Growing");
  gint64 asked = g_get_monotonic_time();
  press(app, "Qc");
  while (!app->quit && g_get_monotonic_time() < asked + 20 * G_USEC_PER_SEC) app_wait(app, 50);
  g_assert_true(app->quit);
  g_assert_cmpint(g_get_monotonic_time() - asked, <, G_USEC_PER_SEC);
  g_assert_cmpuint(app->opening.jobs[OPENING_EXPERTS], ==, 0); /* no further job was begun */
}

static void test_quit_at_once_when_idle(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "Q");
  g_assert_true(app->quit);
}

/* Nothing happens: nothing is drawn, and so nothing is sent. */
static void test_idle_draws_nothing(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  int frames = app->frames;
  for (int i = 0; i < 20; i++) {
    app_wait(app, 10);
    app_draw(app);
  }
  g_assert_cmpint(app->frames, ==, frames);
}

static void test_frames_end_the_run(void) {
  FakeWood wood = {0};
  UiOptions options = {.collection = fake_collection(&wood), .frames = 3};
  g_autoptr(GError) error = NULL;
  g_autoptr(App) app = app_new(&options, &fake_ops, true, &error);
  g_assert_no_error(error);
  app_run(app);
  g_assert_cmpint(app->frames, ==, 3);
}

static void test_help_searches(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "?/filter<Enter>");
  assert_selected(app, "filter the rows");
  press(app, "q");
  g_assert_true(on_screen(app, "PARAMS"));
  press(app, "3??");
  g_assert_true(on_screen(app, "EXPERT"));
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) g_assert_nonnull(action_info(a)->help);
}

static void test_empty_collection(void) {
  FakeWood wood = {.empty = true};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  g_assert_true(on_screen(app, "No model was found in this folder."));
  press(app, "jkGghlzMzR<Space>iir/x<Enter>nNf<Enter>2fox<Esc>3t");
  settle(app);
  g_assert_true(on_screen(app, "no models to train on"));
}

static void test_every_size(void) {
  FakeWood wood = {.many = 30};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  static const char *const places[] = {"1", "1jjji", "1z", "2fox", "<Esc>3t", "<Esc>4", "?", "1f", "<Esc>"};
  for (size_t p = 0; p < G_N_ELEMENTS(places); p++) {
    press(app, places[p]);
    for (int columns = 1; columns < 130; columns += 9)
      for (int rows = 1; rows < 40; rows += 3) {
        app_resize(app, columns, rows);
        app_draw(app);
        g_assert_cmpint(app->cells->columns, ==, columns);
      }
  }
  app_resize(app, 20, 4);
  g_assert_true(on_screen(app, "copse needs"));
}

/* Keys at random: nothing that can be pressed breaks anything. Some of them write files, under names that were typed
 * too: into a folder that goes away with the test. */
static void test_any_keys(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-ui-XXXXXX", NULL), *before = g_get_current_dir();
  g_assert_cmpint(g_chdir(folder), ==, 0);
  g_autoptr(GRand) rand = g_rand_new_with_seed(7);
  FakeWood wood = {.many = 40};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  static const Key specials[] = {UIKEY_UP,  UIKEY_DOWN,   UIKEY_LEFT,      UIKEY_RIGHT,     UIKEY_ENTER,
                                 UIKEY_ESC, UIKEY_TAB,    UIKEY_BACKSPACE, UIKEY_PAGE_DOWN, UIKEY_HOME,
                                 UIKEY_END, UIKEY_DELETE, UIKEY_BACK_TAB};
  for (int i = 0; i < 4000; i++) {
    Key key = g_rand_boolean(rand) ? (Key)g_rand_int_range(rand, 32, 127)
                                   : specials[g_rand_int_range(rand, 0, G_N_ELEMENTS(specials))];
    app_key(app, key);
    if (i % 8 == 0) app_draw(app);
    if (i % 64 == 0) app_wait(app, 0);
    app->quit = false;
  }
  press(app, "<Esc><Esc><Esc>");
  app_free(g_steal_pointer(&app));
  g_free(wood.changed);
  g_assert_cmpint(g_chdir(before), ==, 0);
  g_assert_true(dir_remove(folder, NULL));
}

/* 100,000 rows: a key costs a screen, not a forest. */
static void test_many_rows(void) {
  FakeWood wood = {.many = 100000};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  gint64 start = g_get_monotonic_time();
  for (int i = 0; i < 200; i++) press(app, i % 3 ? "<PgDn>" : "j");
  double per_key = (double)(g_get_monotonic_time() - start) / 200;
  g_test_minimized_result(per_key / 1000, "milliseconds a key over 100,000 rows: %.2f", per_key / 1000);
  g_assert_cmpfloat(per_key, <, 16000);
  press(app, "G");
  assert_selected(app, "café-étude");
  press(app, "zM/model-099999<Enter>");
  assert_selected(app, "model-099999");
}

static char *write_script(const char *folder, const char *text) {
  char *path = g_build_filename(folder, "script", NULL);
  g_assert_true(g_file_set_contents(path, text, -1, NULL));
  return path;
}

static void test_script(void) {
  g_autofree char *folder = g_dir_make_tmp("copse-ui-XXXXXX", NULL);
  g_autofree char *display = g_build_filename(folder, "display", NULL);
  g_autofree char *text = g_strdup_printf(
      "# a comment\n:wait-idle\n\nkeys 2fox\n:wait-text unseen\n"
      ":resize 50x12\nkey <Enter>\n:save-display %s\n:quit\n"
      ":nonsense\n",
      display);
  g_autofree char *path = write_script(folder, text);
  FakeWood wood = {0};
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  g_autoptr(GError) error = NULL;
  g_assert_true(script_run(app, path, &error));
  g_assert_no_error(error);
  g_autofree char *saved = NULL;
  g_assert_true(g_file_get_contents(display, &saved, NULL, NULL));
  g_assert_nonnull(strstr(saved, "fox-lora"));
  g_auto(GStrv) rows = g_strsplit(saved, "\n", -1);
  g_assert_cmpuint(g_strv_length(rows), ==, 13); /* 12 rows and what follows the last newline */
  g_remove(display);
  g_remove(path);
  g_rmdir(folder);
}

static void test_wrong_scripts(void) {
  static const char *const wrong[] = {":nonsense\n", "key jj\n",      "keys <Nonsense>\n",
                                      ":resize x\n", ":resize 0x9\n", ":save-display /nonexistent/x\n"};
  g_autofree char *folder = g_dir_make_tmp("copse-ui-XXXXXX", NULL);
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
    g_autofree char *path = write_script(folder, wrong[i]);
    g_autoptr(GError) error = NULL;
    g_assert_false(script_run(app, path, &error));
    g_assert_nonnull(error);
    g_assert_true(g_str_has_prefix(error->message, "script line 1: "));
    g_remove(path);
  }
  g_rmdir(folder);
}

int main(int argc, char **argv) {
  g_setenv("LC_ALL", "C.UTF-8", TRUE);
  g_setenv("TERM", "xterm-256color", TRUE);
  setlocale(LC_ALL, "");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/forest/moves-and-folds", test_forest_moves_and_folds);
  g_test_add_func("/ui/forest/search", test_search_finds_what_is_folded);
  g_test_add_func("/ui/forest/filter", test_filter_keeps_ancestors);
  g_test_add_func("/ui/forest/tags", test_tags);
  g_test_add_func("/ui/forest/rebuild", test_selection_survives_rebuild);
  g_test_add_func("/ui/forest/empty", test_empty_collection);
  g_test_add_func("/ui/forest/many-rows", test_many_rows);
  g_test_add_func("/ui/query/while-typing", test_query_while_typing);
  g_test_add_func("/ui/query/during-training", test_query_during_training);
  g_test_add_func("/ui/experts/training", test_training);
  g_test_add_func("/ui/experts/cancelled", test_training_cancelled);
  g_test_add_func("/ui/experts/read-only", test_read_only_trains_nothing);
  g_test_add_func("/ui/jobs/cancel", test_jobs_cancel);
  g_test_add_func("/ui/quit/asks", test_quit_asks_for_running_jobs);
  g_test_add_func("/ui/quit/cancels", test_quit_cancels);
  g_test_add_func("/ui/quit/at-once", test_quit_at_once_when_idle);
  g_test_add_func("/ui/loop/idle", test_idle_draws_nothing);
  g_test_add_func("/ui/loop/frames", test_frames_end_the_run);
  g_test_add_func("/ui/help/search", test_help_searches);
  g_test_add_func("/ui/every-size", test_every_size);
  g_test_add_func("/ui/any-keys", test_any_keys);
  g_test_add_func("/ui/script/run", test_script);
  g_test_add_func("/ui/script/wrong", test_wrong_scripts);
  return g_test_run();
}
