/* SPDX-License-Identifier: Apache-2.0 */
/* What views ask for is done once, in the order in which it was asked. */
#include <string.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/app_state.h"
#include "ui/app/navigation.h"
#include "ui/app/requests.h"
#include "ui/desk/services.h"

static Model *model_named(App *app, const char *what) {
  Model *model = collection_find(app->ui.wood->models, what, NULL);
  g_assert_nonnull(model);
  return model;
}

static void test_order(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_autoptr(Model) fox = model_named(app, "fox-lora");
  ui_ask_model(&app->ui, REQUEST_MODEL, fox);
  ui_ask(&app->ui, REQUEST_BACK);
  ui_ask(&app->ui, REQUEST_SKIPPED);
  app_serve(app);
  g_assert_cmpint(app->current, ==, VIEW_SKIPPED);
  g_assert_cmpint(app->trail_length, ==, 1);
  g_assert_cmpint(app->trail[0], ==, VIEW_FOREST);
  ui_ask(&app->ui, REQUEST_BACK);
  ui_ask_model(&app->ui, REQUEST_MODEL, fox);
  app_serve(app);
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  settle(app);
  expect(app, "fox-lora");
}

static void test_nothing_happens_before(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_autoptr(Model) fox = model_named(app, "fox-lora");
  g_assert_true(ui_ask_model(&app->ui, REQUEST_MODEL, fox));
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  g_assert_cmpuint(app->ui.asked.length, ==, 1);
  app_serve(app);
  g_assert_cmpuint(app->ui.asked.length, ==, 0);
  app_back(app);
  app_serve(app); /* a request is done once */
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
}

/* REQUEST_RETURN leads back where somebody has led here, and else stays: Esc does not leave the program. */
static void test_return(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  ui_ask(&app->ui, REQUEST_RETURN);
  app_serve(app);
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  g_assert_false(app->quit);
  g_autoptr(Model) fox = model_named(app, "fox-lora");
  app_show(app, VIEW_MAP);
  ui_ask_model(&app->ui, REQUEST_LOCATE, fox);
  app_serve(app);
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  ui_ask(&app->ui, REQUEST_RETURN);
  app_serve(app);
  g_assert_cmpint(app->current, ==, VIEW_MAP);
}

static double *number(double value) { return g_memdup2(&value, sizeof value); }

/* An answer is every view's, until there is none. */
static void test_answer(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  GHashTable *scores = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert(scores, g_strdup("a"), number(0.5));
  ui_ask_answer(&app->ui, g_strdup("owl"), scores);
  g_assert_null(app->ui.question);
  app_serve(app);
  g_assert_cmpstr(app->ui.question, ==, "owl");
  g_assert_true(app->ui.scores == scores);
  ui_ask_answer(&app->ui, NULL, NULL);
  app_serve(app);
  g_assert_null(app->ui.question);
  g_assert_null(app->ui.scores);
}

/* A scan and the opening of experts are asked for like all else; the program is not at rest before. */
static void test_scan_is_no_rest(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_assert_true(app_is_idle(app));
  wood.skips = 7;
  ui_ask(&app->ui, REQUEST_SCAN);
  g_assert_false(app_is_idle(app));
  g_assert_true(app->ui.looking);
  settle(app);
  g_assert_false(app->ui.looking);
  g_assert_cmpuint(app->ui.wood->skipped->len, ==, 7);
}

/* What nobody has served any more goes with the program; the memory checkers tell. */
static void test_left_over(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_autoptr(Model) fox = model_named(app, "fox-lora");
  ui_ask_labels(&app->ui, fox);
  ui_ask_diff(&app->ui, fox, fox);
  ui_ask_text(&app->ui, REQUEST_COPY, g_strdup("text"));
  ui_ask_tags(&app->ui, g_ptr_array_new());
  ui_ask_answer(&app->ui, g_strdup("owl"), NULL);
  ui_ask_predicted(&app->ui, g_hash_table_new(g_str_hash, g_str_equal));
  g_assert_cmpuint(app->ui.asked.length, ==, 6);
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/requests/order", test_order);
  g_test_add_func("/ui/requests/once", test_nothing_happens_before);
  g_test_add_func("/ui/requests/return", test_return);
  g_test_add_func("/ui/requests/answer", test_answer);
  g_test_add_func("/ui/requests/scan", test_scan_is_no_rest);
  g_test_add_func("/ui/requests/left-over", test_left_over);
  return g_test_run();
}
