/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody meets who walks through the program for the first time, in a terminal of 80 columns: each of these was
 * once cut, silent or in the wrong place. */
#include <locale.h>
#include <string.h>

#include "core/text.h"
#include "tests/unit/ui_fixture.h"
#include "ui/app/app_mouse.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/desk/services.h"
#include "ui/model/layer_table.h"

/* Eight views have a digit each: where their names have no room their digits are there. */
static void test_all_views_are_named(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 30);
  expect(app, "5 Map  6 Duplicates  7 Space  8 Conflicts");
  app_mouse_event(app, MOUSE_CLICK, app->tabs[VIEW_SPACE] + 2, 0);
  g_assert_cmpint(app->current, ==, VIEW_SPACE);
  walk(app, "1<Enter>");
  expect(app, "8 Conflicts  Model");
  app_mouse_event(app, MOUSE_CLICK, app->tabs[VIEW_MODEL] + 2, 0);
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  walk(app, "1");
  app_resize(app, 80, 24);
  app_draw(app);
  expect(app, "5 Map  6 7 8 more");
  g_assert_false(on_screen(app, "copse  1"));
}

/* What runs needs the room more. */
static void test_what_runs_is_named(void) {
  FakeWood wood = {.hold_forest = true};
  g_autoptr(App) app = fake_app(&wood, 80, 24, "dark", false);
  wait_for_text(app, "sketching: Growing");
  g_assert_false(on_screen(app, "6 7 8 more"));
  wood.hold_forest = false;
  settle(app);
  app_draw(app);
  expect(app, "6 7 8 more");
}

static void test_a_key_that_does_nothing(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  guint told = app->ui.told->len;
  press(app, "9");
  expect(app, "9 does nothing here; m lists what can be done, ? explains all keys");
  press(app, "zx");
  expect(app, "zx does nothing here");
  press(app, "6<F9>");
  expect(app, "F9 does nothing here");
  g_assert_cmpuint(app->ui.told->len, ==, told); /* it is not kept */
  press(app, "j");
  g_assert_false(on_screen(app, "does nothing"));
  press(app, "2a9");
  g_assert_false(on_screen(app, "does nothing")); /* it is typed */
}

static void test_an_unknown_command(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, ":settings<Enter>");
  expect(app, ":settings: there is no such command; Tab after : lists them");
}

/* Of a sentence the beginning is shown, of a name both ends. */
static void test_actions_are_readable(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "m");
  expect(app, "unfold this row and all below it zO");
  expect(app, "open the model; in a model's la");
  walk(app, "<Esc>3m");
  expect(app, "train a new expert");
}

/* Columns have what they need before the names have more than they use. */
static void test_columns_beside_short_names(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  expect(app, "a striped red star");
  expect(app, "woodland animals");
  app_resize(app, 100, 24);
  app_draw(app);
  expect(app, "woodland animals");
  walk(app, ":columns concept kind<Enter>");
  expect(app, "a striped red star");
}

/* A list that goes on says so. */
static void test_a_long_menu(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "C");
  expect(app, " 1/31 ");
  walk(app, "jj");
  expect(app, " 3/31 ");
  walk(app, "<Esc>b");
  g_assert_false(on_screen(app, "1/4"));
}

/* Both pages say it in a sentence, with what to do. */
static void test_no_expert(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "jj<Enter>lllll");
  expect(app, "No expert speaks for models of this architecture. 3, then t, trains one.");
}

/* What an expert says of a model that it was trained on is not taken for skill. */
static void test_trained_on(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "/hare-lora<Enter>|<Enter>lllll");
  expect(app, "Trained on this model: no proof of skill");
  walk(app, "q/fox-lora<Enter>|<Enter>lllll");
  expect(app, "chance");
  g_assert_false(on_screen(app, "Trained on this model"));
  walk(app, "2a|<Esc>");
  expect(app, "hare-lora *");
  g_assert_false(on_screen(app, "fox-lora *"));
  expect(app, "* trained on it: no proof of skill");
  walk(app, "1/fox-lora<Enter>|<Enter>h");
  expect(app, "hare-lora *");
  expect(app, "* trained on it: no proof of skill");
}

static void add_row(GArray *rows, const char *name) {
  DiffRow row = {.name = g_strdup(name), .relative = 0.5};
  g_array_append_val(rows, row);
}

/* Layers are told apart by what they do not share. */
static void test_layers_without_what_they_share(void) {
  g_autoptr(GArray) rows = g_array_new(FALSE, TRUE, sizeof(DiffRow));
  add_row(rows, "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q");
  add_row(rows, "down_blocks.0.attentions.0.transformer_blocks.1.attn1.to_q");
  add_row(rows, "down_blocks.0.attentions.1.transformer_blocks.1.attn1.to_q");
  ModelDiff diff = {.rows = rows};
  LayerTable table;
  layer_table_init(&table, false);
  layer_table_set(&table, &diff);
  static const struct {
    int columns;
    const char *want[3];
  } cases[] = {
      {140, {"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q ", "0.transformer_blocks.1", "1.transf"}},
      {96,
       {"…0.transformer_blocks.0.attn1.to_q ", "…0.transformer_blocks.1.attn1.to_q ",
        "…1.transformer_blocks.1.attn1.to_q "}}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autoptr(Cells) cells = cells_new(cases[i].columns, 5, false);
    layer_table_draw(&table, cells, (Rect){0, 0, cases[i].columns, 5});
    g_autofree char *text = cells_dump(cells);
    for (int k = 0; k < 3; k++)
      if (!strstr(text, cases[i].want[k])) g_error("%s is not in\n%s", cases[i].want[k], text);
  }
  layer_table_clear(&table);
  for (guint row = 0; row < rows->len; row++) g_free(g_array_index(rows, DiffRow, row).name);
}

/* The share of neighbours that the map keeps is never what is cut. */
static void test_the_map_says_how_good_it_is(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "5");
  expect(app, "% of spread");
}

/* Where the points lie anew, the cursor goes with its model. */
static void test_the_cursor_stays_on_its_point(void) {
  FakeWood wood = {.many = 40};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "5");
  for (int i = 0; i < 6; i++) {
    walk(app, "n");
    g_autofree char *before = view_map.status(&app->ui, app->views[VIEW_MAP]);
    g_assert_cmpstr(before, !=, "");
    walk(app, "t");
    g_autofree char *after = view_map.status(&app->ui, app->views[VIEW_MAP]);
    g_assert_cmpstr(after, ==, before);
  }
}

int main(int argc, char **argv) {
  g_setenv("LC_ALL", "C.UTF-8", TRUE);
  g_setenv("TERM", "xterm-256color", TRUE);
  g_unsetenv("NO_COLOR");
  setlocale(LC_ALL, "");
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/ui/newcomer/views", test_all_views_are_named);
  g_test_add_func("/ui/newcomer/what-runs", test_what_runs_is_named);
  g_test_add_func("/ui/newcomer/keys", test_a_key_that_does_nothing);
  g_test_add_func("/ui/newcomer/commands", test_an_unknown_command);
  g_test_add_func("/ui/newcomer/actions", test_actions_are_readable);
  g_test_add_func("/ui/newcomer/columns", test_columns_beside_short_names);
  g_test_add_func("/ui/newcomer/menu", test_a_long_menu);
  g_test_add_func("/ui/newcomer/no-expert", test_no_expert);
  g_test_add_func("/ui/newcomer/trained-on", test_trained_on);
  g_test_add_func("/ui/newcomer/layers", test_layers_without_what_they_share);
  g_test_add_func("/ui/newcomer/map", test_the_map_says_how_good_it_is);
  g_test_add_func("/ui/newcomer/map-cursor", test_the_cursor_stays_on_its_point);
  return g_test_run();
}
