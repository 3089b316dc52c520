/* SPDX-License-Identifier: Apache-2.0 */
/* The views that show one model, two, or all as points, and what one does in them. */
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

static void test_model_pages(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "jj|<Enter>");
  expect(app, "the card names another parent than the weights");
  expect(app, "recovered fine-tune, 0.87 sure, moved 0.125");
  walk(app, "l");
  expect(app, "moved 0.0625 from base");
  walk(app, "s");
  expect(app, "encoder.7.attention");
  walk(app, "/0.attention.output<Enter>|<Enter>");
  expect(app, "singular values of the change");
  walk(app, "l");
  expect(app, "Handle with care.");
  app_resize(app, 100, 14);
  app_draw(app);
  walk(app, "/use<Enter>");
  g_assert_false(on_screen(app, "A model of animals"));
  app_resize(app, 100, 30);
  walk(app, "ll");
  expect(app, "No expert speaks for models of this architecture");
  walk(app, "q");
  expect(app, "PARAMS");
}

/* Esc leads back to where one came from, with the cursor where it was. */
static void test_way_back(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  press(app, "2fox");
  settle(app);
  press(app, "<Down><Enter>");
  settle(app);
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  press(app, "<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_QUERY);
  press(app, "<Esc>");
  int row = app->cells->cursor_y;
  press(app, "o");
  settle(app);
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  g_assert_true(on_screen(app, "Esc back"));
  press(app, "f<Enter>j<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_QUERY);
  g_assert_cmpint(app->cells->cursor_y, ==, row);
  press(app, "1<Esc>"); /* chosen by its number, the forest leads nowhere */
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  g_assert_false(app->quit);
}

/* What does not fit into the status line stands above it, and all of it in Messages. */
static void test_messages(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 40, 20);
  press(app, ":model one whose name is so long that no line whatever of any screen holds it<Enter>");
  g_assert_true(on_screen(app, "holds"));
  press(app, "j");
  g_assert_false(on_screen(app, "holds"));
  press(app, "L");
  g_assert_cmpint(app->current, ==, VIEW_MESSAGES);
  g_assert_true(on_screen(app, "holds"));
  g_assert_true(on_screen(app, "10 models"));
  g_assert_true(on_screen(app, "1 message"));
  guint bullets = 0;
  for (int y = 1; y < app->cells->rows; y++) bullets += cells_at(app->cells, 1, y)->c == 0x2022;
  g_assert_cmpuint(bullets, ==, 1); /* the line of the view before is no message */
  press(app, "<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
}

/* Only what there is gets counted. */
static void test_no_message(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  g_ptr_array_set_size(app->ui.told, 0);
  press(app, "L");
  g_assert_true(on_screen(app, "No message yet."));
  g_assert_false(on_screen(app, "0 messages"));
}

/* An answer that was cut says of how many. */
static void test_answers_are_counted(void) {
  FakeWood wood = {.cut = true};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "2fox");
  expect(app, "the first 8 of 1,920 answers");
  wood.cut = false;
  walk(app, "<C-u>owl");
  expect(app, "8 answers");
  g_assert_false(on_screen(app, "first"));
}

/* The reasons of skipped files stand there whole; Enter opens a model from the same folder, or says that there
 * is none. */
static void test_skipped_opens(void) {
  FakeWood wood = {.skips = 3};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  g_assert_true(on_screen(app, "3 skipped (!)"));
  press(app, "!<Enter>");
  g_assert_true(on_screen(app, "No model was read from the same folder"));
  press(app, "<End>");
  g_assert_true(on_screen(app, "opens fine-tuned"));
  press(app, "<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  press(app, "<Esc>");
  g_assert_true(on_screen(app, "opens fine-tuned"));
}

/* From a model to its neighbour and back again, and back to where one came from. */
static void test_model_trail(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "2fox|<Enter>|llll|<Enter>");
  expect(app, "birch/hare-lora");
  walk(app, "<Esc>");
  expect(app, "birch/fox-lora");
  walk(app, "<Esc>");
  expect(app, "ask:");
}

static void test_model_labels(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "j|<Enter>|cmoss, fern ,,bark<Enter>");
  expect(app, "which of: moss, fern, bark");
  expect(app, "90.0 %");
  walk(app, ":labels oak, zzzz, elm<Enter>");
  expect(app, "which of: oak, zzzz, elm");
  expect(app, "None of these fits");
  expect(app, "It sees none of its labels");
  expect(app, "left out: zzzz, an unknown word");
  g_assert_false(on_screen(app, "speaks from")); /* 90 % is above the threshold: that is not why */
  walk(app, "2fox|<Esc>|c");
  expect(app, "which of (a, b, c):");
}

/* The forest changes under an open model: its parent is another now, and the pages follow. */
static void test_model_follows_the_forest(void) {
  FakeWood wood = {0};
  atomic_store(&wood.hold_forest, true);
  g_autoptr(App) app = fake_app(&wood, 100, 30, "dark", false);
  wait_for_text(app, "sketching: Growing");
  press(app, "/moss<Enter><Enter>");
  wait_for_text(app, "it is a root");
  atomic_store(&wood.hold_forest, false);
  settle(app);
  expect(app, "not on this disk");
}

static void test_diff(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "jj|d");
  expect(app, "24 layers");
  expect(app, "birch/base");
  walk(app, "/key<Enter>|q|/hare<Enter>|<Space>/owl<Enter>|<Space>|d");
  expect(app, "birch/hare-lora");
  expect(app, "birch/owl-lora");
  walk(app, "q|U|g|d");
  expect(app, "Tag two models");
  walk(app, ":diff base fine-tuned<Enter>");
  expect(app, "24 layers");
  walk(app, ":diff base<Enter>");
  expect(app, "two models are compared");
}

static void test_map(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "5");
  expect(app, "10 by label");
  walk(app, "c");
  expect(app, "by the label's last word");
  expect(app, "fox");
  walk(app, "cc");
  expect(app, "tree 1");
  walk(app, "gkkkkkkkkkkkkkkkkkkkkkkkkvGjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjv");
  g_assert_true(on_screen(app, "tagged in the forest"));
  walk(app, "1");
  expect(app, "tagged");
  walk(app, "U5an|<Enter>");
  expect(app, "Overview");
  walk(app, "q");
  expect(app, "10 by tree"); /* as it was left */
}

static guint count_on_screen(App *app, gunichar first, gunichar last) {
  guint n = 0;
  for (int y = 1; y < app->cells->rows; y++)
    for (int x = 0; x < app->cells->columns; x++)
      n += cells_at(app->cells, x, y)->c >= first && cells_at(app->cells, x, y)->c <= last;
  return n;
}

/* The legend shows what the points look like: dots in colours, and signs where there are none. */
static void test_map_signs(void) {
  FakeWood wood = {.many = 700};
  g_autoptr(App) colour = fake_app(&wood, 100, 30, "dark", false);
  settle(colour);
  walk(colour, "5");
  g_assert_cmpuint(count_on_screen(colour, 0x2801, 0x28ff), >, 10);
  g_assert_cmpuint(count_on_screen(colour, 0x25b2, 0x25cf), ==, 0); /* from triangle to circle */
  g_clear_pointer(&colour, app_free);
  g_autoptr(App) mono = fake_app(&wood, 100, 30, "mono", false);
  settle(mono);
  walk(mono, "5");
  g_assert_cmpuint(count_on_screen(mono, 0x2801, 0x28ff), ==, 0);
  g_assert_cmpuint(count_on_screen(mono, 0x25b2, 0x25cf), >, 0);
}

/* The step about the map leaves the legend below to be seen. */
static void test_tour_shows_the_legend(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, ":tour<Enter>|nnnnnnn");
  expect(app, "(8 of 9)");
  guint below = 0;
  for (int x = 0; x < 80; x++)
    below += cells_at(app->cells, x, 20)->c == 0x25cf || cells_at(app->cells, x, 20)->c == 0x25b2;
  g_assert_cmpuint(below, ==, 2);
}

/* A list without branches has nothing that could be folded. */
static void test_list_folds_nothing(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "i");
  g_assert_cmpuint(count_on_screen(app, 0x25be, 0x25be), >, 0);
  walk(app, "t");
  guint header = 0;
  for (int x = 0; x < 100; x++) header += cells_at(app->cells, x, 1)->c == 0x25be;
  g_assert_cmpuint(count_on_screen(app, 0x25be, 0x25be), ==, header);
}

/* On a wide screen the room goes to what is declared, too, and short names do not hold it far off. */
static void test_wide_answers(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 200, 60);
  walk(app, "2fox");
  int name = -1, declared = -1;
  for (int x = 0; x < 196; x++) {
    if (cells_at(app->cells, x, 3)->c == 'N' && name < 0) name = x;
    if (cells_at(app->cells, x, 3)->c == 'D' && declared < 0) declared = x;
  }
  g_assert_cmpint(name, >, 0);
  g_assert_cmpint(declared - name, ==, 15 + 24 + 1); /* embedding-style, and some air */
  expect(app, "probex-mid.0-words");
  expect(app, "weights");
}

static void test_query_history(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "2owl|<Esc>");
  walk(app, "e<C-u>fox|<C-s>");
  expect(app, "Saved: fox");
  walk(app, "<C-u>|<C-r>");
  expect(app, "Earlier questions");
  expect(app, "saved");
  walk(app, "j<Enter>");
  expect(app, "ask: owl");
  g_assert_nonnull(wood.memory);
  /* Another session remembers. */
  g_clear_pointer(&app, app_free);
  app = ready_app(&wood, 100, 30);
  walk(app, "2|<C-r>");
  expect(app, "saved");
}

static void test_sweep_and_apply(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "3s");
  expect(app, "layers to sweep");
  walk(app, "mid*<Enter>");
  expect(app, "4 of 4 layers");
  walk(app, "a");
  expect(app, "It has spoken of 10 models");
  walk(app, "1");
  expect(app, "EXPERT SAYS");
  expect(app, "a red fox 0.93");
}

static void test_training_form_knows_the_layers(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "3t");
  expect(app, "10 train, 2 choose, 3 + 1 unseen test");
  walk(app, "<S-Tab><S-Tab><S-Tab>1"); /* the tree, from the end */
  expect(app, "10 train");
  walk(app, "<C-u>2");
  expect(app, "8 are needed"); /* what is missing is said before the start */
  walk(app, "<C-u>one<Enter>");
  expect(app, "tree: its number in the forest");
  walk(app, "<C-u><S-Tab><S-Tab><C-u><Enter>");
  expect(app, "seed: a whole number");
  walk(app, "1<Tab>k");
  expect(app, "kernel: in closed form");
  walk(app, "<Tab><Tab><Tab><Tab>");
  walk(app, "<Down>nonsense");
  expect(app, "has no such layer"); /* another model may have it */
  walk(app, "<C-u><PgDn>");
  expect(app, "encoder.0.attention.output");
  walk(app, "<Down>nonsense<Enter>");
  expect(app, "no two labels come from there");
  walk(app, "<C-u><PgDn>");
  g_assert_false(on_screen(app, "nonsense"));
  expect(app, "concept: 8 models, 7 labels"); /* all have one licence: nothing to tell them by */
  walk(app, "<PgDn>");
  expect(app, "label source    base");
  walk(app, "<Esc>|t"); /* another form begins with the defaults and the first field */
  g_assert_false(on_screen(app, "label source    base"));
  expect(app, "align: answers any words");
}

static void test_skipped(void) {
  FakeWood wood = {.skips = 3};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "!");
  expect(app, "birch/fine-tuned/state.safetensors");
  expect(app, "3 files skipped");
  walk(app, "q");
  expect(app, "PARAMS");
}

/* What an adapter without its base changes by itself. */
static void test_adapter_alone(void) {
  FakeWood wood = {.alone = true};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, ":model embedding-style<Enter>|l");
  expect(app, "SCALE FROM");
  expect(app, "alpha of the tensor");
  walk(app, "s");
  g_assert_cmpint(app->cells->cursor_y, >, 5); /* the layer at hand stays at hand */
  walk(app, "g");
  expect(app, "23.5"); /* the largest change first */
}

/* What the user says of a model is kept by hand; a read-only session keeps nothing. */
static void test_by_hand(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "j<Enter>|e");
  expect(app, "Set by hand");
  walk(app, "n");
  expect(app, "by hand: note:");
  walk(app, "keep this<Enter>");
  g_assert_cmpstr(wood.by_hand, ==, "birch/copy-of-fox: note=keep this");
  walk(app, "ep");
  walk(app, "nobody<Enter>");
  expect(app, "there is no model nobody");
  walk(app, "F");
  g_assert_cmpstr(wood.by_hand, ==, "birch/copy-of-fox: favourite=yes");
  walk(app, "<Esc>jF");
  g_assert_cmpstr(wood.by_hand, ==, "birch/fine-tuned: favourite=yes");
  wood.by_hand[0] = '\0';
  app->ui.read_only = true;
  walk(app, "F");
  expect(app, "nothing may be set by hand");
  g_assert_cmpstr(wood.by_hand, ==, "");
}

/* Nothing is deleted before the question with its name has been answered. */
static void test_experts_change(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "3jD");
  expect(app, "Delete probex-classes?");
  walk(app, "k");
  g_assert_null(wood.changed);
  walk(app, "Dd");
  g_assert_cmpstr(wood.changed, ==, "removed probex-classes");
  walk(app, "gR<C-u>a/b<Enter>");
  expect(app, "is no name for a file");
  walk(app, "R<C-u>foxes<Enter>");
  g_assert_cmpstr(wood.changed, ==, "probex-mid.0-words is now foxes");
  g_free(wood.changed);
}

/* How many layers a sweep has and about how long it takes is told before it starts. */
static void test_sweep_is_told_before(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 100, 30);
  walk(app, "3s");
  expect(app, "24 layers, about");
  walk(app, "*query");
  expect(app, "8 layers, about");
  walk(app, "zzz");
  expect(app, "0 layers, about");
}

/* The map in two layouts, by any field, one group alone, and who is near the model under the cursor. */
static void test_map_layouts(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 40);
  walk(app, "5");
  expect(app, "neighbours kept 31 %");
  walk(app, "n");
  expect(app, "near: ");
  walk(app, "t");
  expect(app, "neighbours kept 78 %, by the axes 31 %");
  walk(app, "t|C");
  expect(app, "duplicate_of"); /* every field is in the menu */
  walk(app, "jj<Enter>");
  expect(app, " by kind");
  walk(app, "f");
  expect(app, "Shown: full");
  guint signs = 0;
  for (int y = 2; y < 36; y++)
    for (int x = 0; x < 88; x++) signs += cells_at(app->cells, x, y)->c == 0x25b2; /* the second group's */
  g_assert_cmpuint(signs, ==, 0);
  walk(app, "fff");
  expect(app, "Shown: all");
  walk(app, "c");
  expect(app, " by label");
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/model/pages", test_model_pages);
  g_test_add_func("/ui/model/trail", test_model_trail);
  g_test_add_func("/ui/messages", test_messages);
  g_test_add_func("/ui/messages/none", test_no_message);
  g_test_add_func("/ui/query/counted", test_answers_are_counted);
  g_test_add_func("/ui/skipped/opens", test_skipped_opens);
  g_test_add_func("/ui/way-back", test_way_back);
  g_test_add_func("/ui/model/labels", test_model_labels);
  g_test_add_func("/ui/model/follows", test_model_follows_the_forest);
  g_test_add_func("/ui/diff", test_diff);
  g_test_add_func("/ui/map", test_map);
  g_test_add_func("/ui/map/signs", test_map_signs);
  g_test_add_func("/ui/tour/legend", test_tour_shows_the_legend);
  g_test_add_func("/ui/forest/list", test_list_folds_nothing);
  g_test_add_func("/ui/query/history", test_query_history);
  g_test_add_func("/ui/query/wide", test_wide_answers);
  g_test_add_func("/ui/experts/sweep-apply", test_sweep_and_apply);
  g_test_add_func("/ui/experts/form", test_training_form_knows_the_layers);
  g_test_add_func("/ui/skipped", test_skipped);
  g_test_add_func("/ui/model/adapter-alone", test_adapter_alone);
  g_test_add_func("/ui/model/by-hand", test_by_hand);
  g_test_add_func("/ui/experts/change", test_experts_change);
  g_test_add_func("/ui/experts/sweep-told", test_sweep_is_told_before);
  g_test_add_func("/ui/map/layouts", test_map_layouts);
  return g_test_run();
}
