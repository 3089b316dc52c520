/* SPDX-License-Identifier: Apache-2.0 */
/* The screens of a collector: copies, space, conflicts; and the parts of the disk. */
#include <glib/gstdio.h>
#include <string.h>

#include "lineage/forest/forest_make.h"
#include "tests/unit/ui_fixture.h"
#include "ui/app/app_keys.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/keeping/keeping_tables.h"

/* Copies wait for weights, then come with what is kept and why. */
static void test_duplicates(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_forest, true);
  g_autoptr(App) app = fake_app(&wood, 100, 30, "dark", false);
  wait_for_text(app, "10 models");
  press(app, "6");
  expect(app, "Copies are known when the weights have been compared");
  atomic_store(&wood.hold_forest, false);
  settle(app);
  expect(app, "2 copies in 2 groups; 353 MB free without them");
  expect(app, "346 MB when the other goes"); /* what frees most comes first */
  walk(app, "jj");
  expect(app, "named by a card");
  walk(app, "r");
  expect(app, "the oldest");
  walk(app, "G|<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  expect(app, "birch/fox-lora"); /* copy-of-fox is kept now */
  press(app, "<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_DUPLICATES);
  press(app, "<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
}

/* The paths of what goes of the group at hand, or of all that are tagged, and of nothing that is kept. */
static void test_paths_are_copied(void) {
  static const char first[] = "/home/someone/models/oak/café-étude/model.safetensors\n";
  static const char second[] = "/home/someone/models/birch/copy-of-fox/model.safetensors\n";
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  g_autofree char *one = g_strdup_printf("%zu bytes are more", strlen(first));
  g_autofree char *both = g_strdup_printf("%zu bytes are more", strlen(first) + strlen(second));
  walk(app, "6|y");
  expect(app, one); /* there is no terminal to take them */
  walk(app, "<Space>");
  expect(app, "1 tagged");
  g_assert_cmpint(app->cells->cursor_y, ==, 4); /* on the next group */
  walk(app, "<Space>y");
  expect(app, both);
  walk(app, "U|y");
  g_assert_false(on_screen(app, "tagged"));
}

static void test_no_duplicates(void) {
  FakeWood wood = {.empty = true};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "6");
  expect(app, "No two models hold the same numbers.");
  walk(app, "jy<Space>U<Enter>r8");
  expect(app, "agrees with what is known of them");
  walk(app, "7");
  expect(app, "on the disk, as du counts");
}

static void test_space(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "7");
  expect(app, "downloads that were cut short");
  walk(app, "l");
  expect(app, "of models' files, in 3 parts");
  walk(app, "h|h");
  expect(app, "not known"); /* the year of a file that is not there */
  walk(app, "j|s|S|<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
}

static void test_conflicts(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "8");
  expect(app, "1 conflict: 1 high, 0 medium, 0 low");
  expect(app, "the weights fit the base only weakly");
  walk(app, "o");
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  g_assert_true(on_screen(app, "fine-tuned"));
}

static Model *model_at(const char *path, const char *format, uint64_t bytes, const char *repository) {
  Model *m = model_new();
  m->path = g_strdup(path);
  m->shown = safe_text(path, -1);
  m->name = g_path_get_basename(path);
  m->file = g_strdup(path);
  m->format = g_strdup(format);
  m->bytes = bytes;
  if (repository) model_add_fact(m, "repository", repository, "folder");
  if (repository) model_add_fact(m, "revision", "0123456789abcdef", "refs/main");
  return m;
}

static const SpacePart *part(const SpaceReport *r, SpaceSide side, const char *name) {
  for (guint i = 0; i < r->parts[side]->len; i++)
    if (strcmp(((const SpacePart *)r->parts[side]->pdata[i])->name, name) == 0) return r->parts[side]->pdata[i];
  g_error("no part %s", name);
}

/* Every model counts once on every side, and the parts add up. */
static void test_space_report(void) {
  g_autofree char *root = g_dir_make_tmp("copse-space-XXXXXX", NULL);
  g_autofree char *file = g_build_filename(root, "x.gguf", NULL);
  g_assert_true(g_file_set_contents(file, "x", 1, NULL));
  g_autoptr(Forest) f = forest_new();
  Model *models[] = {model_at("x.gguf", "gguf", 10, NULL),
                     model_at("models--a--b/snapshots/0123/y.safetensors", "safetensors", 30, "a/b"),
                     model_at("loras/z.safetensors", "safetensors", 5, NULL)};
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) forest_add_node(f, models[i], NULL);
  forest_settle(f);
  g_autoptr(SpaceReport) r = space_report_new(root, f, NULL);
  g_assert_cmpuint(r->parts[SPACE_DISK]->len, ==, 0);
  for (int s = SPACE_TREE; s < SPACE_SIDES; s++) g_assert_cmpuint(r->bytes[s], ==, 45);
  g_assert_cmpuint(part(r, SPACE_FORMAT, "safetensors")->bytes, ==, 35);
  g_assert_cmpuint(part(r, SPACE_FORMAT, "safetensors")->models, ==, 2);
  g_assert_cmpstr(((SpacePart *)r->parts[SPACE_FORMAT]->pdata[0])->name, ==, "safetensors"); /* the largest first */
  g_assert_cmpuint(part(r, SPACE_STORE, "Hub cache")->bytes, ==, 30);
  g_assert_cmpuint(part(r, SPACE_STORE, "loras/")->bytes, ==, 5);
  g_assert_cmpuint(part(r, SPACE_STORE, "the folder itself")->bytes, ==, 10);
  g_assert_cmpuint(part(r, SPACE_REVISION, "a/b@01234567")->bytes, ==, 30);
  g_assert_cmpuint(part(r, SPACE_AGE, "not known")->bytes, ==, 35);
  g_assert_cmpuint(r->parts[SPACE_AGE]->len, ==, 2); /* and the year of the file that is there */
  for (guint i = 0; i < G_N_ELEMENTS(models); i++) model_unref(models[i]);
  g_remove(file);
  g_rmdir(root);
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/keeping/duplicates", test_duplicates);
  g_test_add_func("/ui/keeping/paths", test_paths_are_copied);
  g_test_add_func("/ui/keeping/nothing", test_no_duplicates);
  g_test_add_func("/ui/keeping/space", test_space);
  g_test_add_func("/ui/keeping/conflicts", test_conflicts);
  g_test_add_func("/ui/keeping/report", test_space_report);
  return g_test_run();
}
