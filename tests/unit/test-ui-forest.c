/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the forest: ordered, filtered, tagged, folded, copied and clicked. */
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

/* The row on screen that is selected, -1: none. */
static int selected_y(App *app) {
  app_draw(app);
  for (int y = 1; y < app->cells->rows; y++)
    if (cells_at(app->cells, 0, y)->style == STYLE_SELECTED) return y;
  return -1;
}

static void test_sorted_list(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "s");
  expect(app, "Sort by");
  walk(app, "/");         /* no key of the menu: nothing happens */
  walk(app, "jj<Enter>"); /* name, kind, params */
  g_assert_cmpint(selected_y(app), ==, 2);
  expect(app, "▾PARAMS");
  expect(app, "├─ ▾ fine-tuned"); /* the tree stays, and the largest child comes first */
  walk(app, "S");
  expect(app, "└─ ▾ fine-tuned");
  walk(app, "t");
  g_assert_false(on_screen(app, "├─"));
  expect(app, "▴PARAMS");
  walk(app, "gG");
  expect(app, "10/10");
  walk(app, "t");
  expect(app, "├─");
  walk(app, "<Esc>"); /* back to the forest's own order */
  expect(app, "├─ copy-of-fox");
  walk(app, ":sort-by nothing<Enter>");
  expect(app, "there is no column nothing");
}

static void test_columns_are_chosen(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "Cjjjjjjj<Space><Esc>");
  expect(app, "MOVED");
  g_assert_nonnull(strstr(app->ui.config->columns, "moved"));
  walk(app, ":columns license tree<Enter>");
  expect(app, "apache-2.0");
  g_assert_false(on_screen(app, "PARAMS"));
}

/* What the query language can ask keeps rows here too; what no model has is refused, and says what there is. */
static void test_filter_fields(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, ":filter license:apache* params>10M<Enter>");
  expect(app, "match");
  g_assert_false(on_screen(app, "inside words"));
  expect(app, "fine-tuned");
  walk(app, ":filter colour:red<Enter>");
  expect(app, "asks for what no model has");
  expect(app, "path, name, kind");
  walk(app, "f<C-u>colour:red<Enter>");
  expect(app, "asks for what no model has");
  expect(app, "hare-lora");
}

static void test_range_tags(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "jvjjj|v");
  expect(app, "4 rows tagged");
  walk(app, "Uvj<Esc>|j");
  g_assert_false(on_screen(app, "tagged"));
}

static void test_copy_and_export(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_autofree char *folder = g_dir_make_tmp("copse-export-XXXXXX", NULL);
  g_autofree char *path = g_build_filename(folder, "models.csv", NULL);
  g_autofree char *command = g_strdup_printf(":export %s", path);
  g_assert_true(app_command(app, command + 1));
  settle(app);
  g_autofree char *text = NULL;
  g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
  g_assert_nonnull(strstr(text, "birch/fox-lora,fox-lora,lora,safetensors,1589760,"));
  g_assert_true(app_command(app, command + 1));
  settle(app);
  expect(app, "there already");
  g_unlink(path);
  g_autofree char *display = g_strdup_printf("save-display %s", path);
  g_assert_true(app_command(app, display));
  settle(app);
  expect(app, "Written to");
  g_unlink(path);
  g_rmdir(folder);
  walk(app, "y");
  expect(app, "row as JSON");
  walk(app, "p"); /* no terminal to copy to */
  expect(app, "export them to a file");
}

/* What is folded stays folded in the next session. */
static void test_folds_are_remembered(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  expect(app, "owl-lora");
  walk(app, "zM");
  g_assert_false(on_screen(app, "owl-lora"));
  g_clear_pointer(&app, app_free);
  app = ready_app(&wood, 100, 30);
  g_assert_false(on_screen(app, "owl-lora"));
  walk(app, "zR");
  expect(app, "owl-lora");
  g_clear_pointer(&app, app_free);
  app = ready_app(&wood, 100, 30);
  expect(app, "owl-lora");
}

/* A title that is clicked sorts by its column, and again: the other way round. */
static void test_titles_sort(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  int x = 0;
  while (x < 100 && cells_at(app->cells, x, 1)->c != 'P') x++; /* of PARAMS */
  app_mouse_event(app, MOUSE_CLICK, x, 1);
  walk(app, "");
  expect(app, "▾PARAMS");
  app_mouse_event(app, MOUSE_CLICK, x, 1);
  walk(app, "");
  expect(app, "▴PARAMS");
  app_mouse_event(app, MOUSE_CLICK, 0, 1);
  expect(app, "▴PARAMS");
}

static void test_mouse(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  app_mouse_event(app, MOUSE_CLICK, 10, 4);
  g_assert_cmpint(selected_y(app), ==, 4);
  app_mouse_event(app, MOUSE_WHEEL_DOWN, 0, 0);
  g_assert_cmpint(selected_y(app), ==, 7);
  app_mouse_event(app, MOUSE_DOUBLE, 10, 3);
  settle(app);
  expect(app, "birch/copy-of-fox");
  app_draw(app);
  app_mouse_event(app, MOUSE_CLICK, app->tabs[VIEW_EXPERTS] + 2, 0);
  expect(app, "EXPERT");
  app_mouse_event(app, MOUSE_CLICK, 99, 29);
  app_mouse_event(app, MOUSE_NOTHING, -1, -1);
}

/* What matches is counted while one types, and found in folded trees, too. */
static void test_search_counts(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "zM/lora");
  expect(app, "3 found");
  walk(app, " barn");
  expect(app, "1 found");
  expect(app, "owl-lora"); /* unfolded */
  walk(app, "<Enter>n");
  expect(app, "1 found");
  walk(app, "<Esc>fkind:lora");
  expect(app, "4 kept");
  walk(app, "<Esc>");
  g_assert_false(on_screen(app, "kept"));
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/folds", test_folds_are_remembered);
  g_test_add_func("/ui/titles", test_titles_sort);
  g_test_add_func("/ui/forest/sorted", test_sorted_list);
  g_test_add_func("/ui/forest/columns", test_columns_are_chosen);
  g_test_add_func("/ui/forest/range", test_range_tags);
  g_test_add_func("/ui/forest/filter-fields", test_filter_fields);
  g_test_add_func("/ui/forest/copy-export", test_copy_and_export);
  g_test_add_func("/ui/mouse", test_mouse);
  g_test_add_func("/ui/search-counts", test_search_counts);
  return g_test_run();
}
