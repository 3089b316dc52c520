/* SPDX-License-Identifier: Apache-2.0 */
/* What the views make of a collection, experts and answers that change behind their backs. */
#include <math.h>
#include <string.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/app_mouse.h"
#include "ui/app/navigation.h"
#include "ui/app/perform.h"
#include "ui/desk/services.h"
#include "ui/forest/forest_view.h"

/* What was measured of a forest must not be taken for the next one's. */
static void test_branches_are_measured_anew(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  ForestView *v = app->views[VIEW_FOREST];
  phylogram_set(&v->phylogram, &v->rows, 80);
  g_assert_nonnull(v->phylogram.layout);
  app_tell_views(app, CHANGED_WOOD);
  g_assert_null(v->phylogram.layout);
}

/* What was searched for is found in the next forest too. */
static void test_search_goes_on(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "/fox|<Enter>");
  expect(app, "found");
  ui_ask(&app->ui, REQUEST_SCAN);
  settle(app);
  walk(app, "n");
  g_assert_false(on_screen(app, "Not found"));
  expect(app, "found");
}

/* The selected one goes while another view is on screen. */
static void test_experts_go(void) {
  FakeWood wood = {0};
  atomic_store(&wood.trainings, 40);
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "3G|1");
  atomic_store(&wood.trainings, 0);
  ui_ask(&app->ui, REQUEST_EXPERTS);
  settle(app);
  app_key(app, '3');
  app_key(app, 'a'); /* nothing is drawn in between */
  settle(app);
  expect(app, "It has spoken");
}

static void test_skipped_files_go(void) {
  FakeWood wood = {.skips = 40};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "!|G");
  expect(app, "part-39");
  wood.skips = 3;
  ui_ask(&app->ui, REQUEST_SCAN);
  settle(app);
  expect(app, "opens fine-tuned"); /* the last of them now */
  app_perform(app, ACTION_SHOW);
  settle(app);
  expect(app, "birch/fine-tuned");
}

/* What is typed is for the view that has asked. */
static void test_tabs_wait_for_answers(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "/red");
  app_mouse_event(app, MOUSE_CLICK, app->tabs[VIEW_EXPERTS] + 2, 0);
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  walk(app, "<Enter>");
  app_mouse_event(app, MOUSE_CLICK, app->tabs[VIEW_EXPERTS] + 2, 0);
  g_assert_cmpint(app->current, ==, VIEW_EXPERTS);
}

static void test_cancelled_scan(void) {
  FakeWood wood = {.empty = true};
  atomic_store(&wood.hold_scan, true);
  g_autoptr(App) app = fake_app(&wood, 100, 30, "dark", false);
  wait_for_text(app, "Looking for models ...");
  worker_cancel(app->ui.engine.worker, app->opening.jobs[OPENING_SCAN]);
  settle(app);
  expect(app, "cancelled; r looks again");
  g_assert_false(on_screen(app, "Looking for models"));
}

/* What a cancelled scan has found is told of as a whole. */
static void test_cancelled_scan_has_found(void) {
  FakeWood wood = {.empty = true};
  atomic_store(&wood.hold_scan, true);
  g_autoptr(App) app = fake_app(&wood, 100, 30, "dark", false);
  wait_for_text(app, "Looking for models ...");
  wood.empty = false;
  worker_cancel(app->ui.engine.worker, app->opening.jobs[OPENING_SCAN]);
  settle(app);
  g_assert_cmpuint(app->ui.wood->models->len, ==, 10);
  g_assert_cmpuint(app->ui.wood->bytes, >, 0);
  g_assert_true(app->ui.wood->concepts);
  g_assert_cmpint(forest_find(app->ui.wood->forest, app->ui.wood->models->pdata[9]), ==, 9);
}

/* The open model is shown as its files are now. */
static void test_model_is_read_again(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, ":model fox-lora<Enter>");
  expect(app, "6.4 MB (file)");
  wood.retrained = true;
  ui_ask(&app->ui, REQUEST_SCAN);
  settle(app);
  expect(app, "12.8 MB (file)");
}

static void test_map_follows_the_answer(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "5ccccc");
  expect(app, "score of the last query");
  g_assert_false(on_screen(app, "from 0."));
  walk(app, ":query owl<Enter>|5");
  expect(app, "from 0.");
}

/* What no expert has scored is in no fifth. */
static void test_scores_may_be_missing(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, ":query owl<Enter>");
  GHashTableIter i;
  gpointer score;
  g_hash_table_iter_init(&i, app->ui.scores);
  while (g_hash_table_iter_next(&i, NULL, &score)) *(double *)score = NAN;
  walk(app, "5ccccc");
  expect(app, "others");
  g_assert_false(on_screen(app, "from "));
}

/* A form that was edited meanwhile is another training's. */
static void test_resume_keeps_the_options(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_training, true);
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  press(app, "3t<Down><Down><Down><C-u>7<Enter>");
  wait_for_text(app, "epoch ");
  press(app, "x");
  settle(app);
  atomic_store(&wood.hold_training, false);
  walk(app, "t|<C-u>9|<Esc>");
  app_perform(app, ACTION_RESUME_TRAINING);
  settle(app);
  g_assert_cmpuint(wood.last_train.epochs, ==, 7);
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/rescan/search", test_search_goes_on);
  g_test_add_func("/ui/rescan/branches", test_branches_are_measured_anew);
  g_test_add_func("/ui/rescan/experts", test_experts_go);
  g_test_add_func("/ui/rescan/skipped", test_skipped_files_go);
  g_test_add_func("/ui/rescan/cancelled", test_cancelled_scan);
  g_test_add_func("/ui/rescan/cancelled-found", test_cancelled_scan_has_found);
  g_test_add_func("/ui/rescan/model", test_model_is_read_again);
  g_test_add_func("/ui/rescan/tabs", test_tabs_wait_for_answers);
  g_test_add_func("/ui/rescan/map", test_map_follows_the_answer);
  g_test_add_func("/ui/rescan/scores", test_scores_may_be_missing);
  g_test_add_func("/ui/rescan/resume", test_resume_keeps_the_options);
  return g_test_run();
}
