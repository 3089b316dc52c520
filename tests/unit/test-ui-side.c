/* SPDX-License-Identifier: Apache-2.0 */
/* What stands side by side: many models fact by fact, an expert in every respect, the children of one model in groups. */
#include <math.h>
#include <string.h>

#include "lineage/forest/forest_make.h"
#include "lineage/forest/lineup.h"
#include "numerics/calibration.h"
#include "tests/unit/ui_fixture.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/forest/forest_fans.h"

static Model *model_of(const char *path, const char *family, const char *trainer) {
  Model *m = model_new();
  m->path = g_strdup(path);
  m->shown = safe_text(path, -1);
  m->name = g_path_get_basename(path);
  m->format = g_strdup("safetensors");
  m->params = 1000;
  if (family) model_add_fact(m, "family", family, "test");
  if (trainer) model_add_fact(m, "trainer", trainer, "metadata");
  return m;
}

static const LineupRow *row_of(const Lineup *l, const char *name) {
  for (guint i = 0; i < l->rows->len; i++)
    if (strcmp(((const LineupRow *)l->rows->pdata[i])->name, name) == 0) return l->rows->pdata[i];
  g_error("no row %s", name);
}

/* Odd is what differs from more than half; of two that differ neither is. */
static void test_lineup(void) {
  g_autoptr(Forest) f = forest_new();
  Model *models[] = {model_of("a/x", "sdxl", "kohya"), model_of("a/y", "sdxl", "kohya"), model_of("a/z", "sd15", NULL)};
  g_autoptr(GArray) nodes = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint i = 0; i < 3; i++) {
    guint node = forest_add_node(f, models[i], NULL);
    g_array_append_val(nodes, node);
  }
  models[1]->params = 2000;
  forest_settle(f);
  g_autoptr(Lineup) l = lineup_new(f, nodes, NULL);
  g_assert_cmpuint(l->n, ==, 3);
  g_assert_true(row_of(l, "format")->same);
  g_assert_true(row_of(l, "family")->odd[2]);
  g_assert_false(row_of(l, "family")->odd[0]);
  g_assert_true(row_of(l, "params")->odd[1]);
  g_assert_cmpstr(row_of(l, "trainer")->texts[2], ==, ""); /* saying nothing stands out, too */
  g_assert_true(row_of(l, "trainer")->odd[2]);
  lineup_differences_first(l);
  g_assert_false(((const LineupRow *)l->rows->pdata[0])->same);
  g_assert_true(((const LineupRow *)l->rows->pdata[l->rows->len - 1])->same);
  g_array_set_size(nodes, 2);
  g_autoptr(Lineup) two = lineup_new(f, nodes, NULL);
  g_assert_false(row_of(two, "params")->same);
  g_assert_cmpuint(two->odd, ==, 0);
  g_array_set_size(nodes, 0);
  g_autoptr(Lineup) none = lineup_new(f, nodes, NULL);
  g_assert_cmpuint(none->rows->len, ==, 0);
  for (guint i = 0; i < 3; i++) model_unref(models[i]);
}

/* A base with twelve children, of two families and of none, three of each with a child below. */
static Forest *fan(void) {
  Forest *f = forest_new();
  Model *base = model_of("base", NULL, NULL);
  unsigned root = forest_add_node(f, base, NULL);
  model_unref(base);
  for (guint i = 0; i < 12; i++) {
    g_autofree char *path = g_strdup_printf("folder-%u/m%02u", i % 2, i);
    Model *m = model_of(path, i == 11 ? NULL : i % 3 ? "sdxl" : "sd15", NULL);
    unsigned node = forest_add_node(f, m, NULL);
    model_unref(m);
    forest_add_parent(f, node, (ParentEdge){.parent = i == 5 ? node - 1 : root, .confidence = 1, .weight = 1});
  }
  forest_settle(f);
  return f;
}

static void test_fans(void) {
  g_autoptr(Forest) f = fan();
  Fans *fans = fans_new(f, FAN_FAMILY, NULL, NULL);
  g_assert_cmpuint(fans->parents, ==, 1);
  g_assert_cmpuint(fans->groups->len, ==, 3);
  g_assert_cmpstr(((FanGroup *)fans->groups->pdata[0])->name, ==, "sdxl"); /* the largest first */
  g_assert_cmpstr(((FanGroup *)fans->groups->pdata[2])->name, ==, "no family");
  OutlineOptions options = {.rank = fans->rank, .bare = true};
  g_autoptr(GHashTable) open = g_hash_table_new(g_str_hash, g_str_equal);
  GArray *rows = fans_lay_out(fans, f, outline_rows(f, &options), open);
  g_assert_cmpuint(rows->len, ==, 4); /* the base and three heads */
  g_assert_cmpuint(g_array_index(rows, OutlineRow, 1).group, ==, 1);
  g_assert_cmpuint(g_array_index(rows, OutlineRow, 1).descendants, ==, ((FanGroup *)fans->groups->pdata[0])->members);
  g_assert_true(g_array_index(rows, OutlineRow, 3).last);
  g_array_unref(rows);
  g_hash_table_add(open, ((FanGroup *)fans->groups->pdata[1])->identity);
  rows = fans_lay_out(fans, f, outline_rows(f, &options), open);
  g_assert_cmpuint(rows->len, ==, 4 + ((FanGroup *)fans->groups->pdata[1])->members);
  g_assert_cmpint(g_array_index(rows, OutlineRow, 3).depth, ==, 2);
  g_array_unref(rows);
  rows = fans_lay_out(fans, f, outline_rows(f, &options), NULL); /* all open: every node once, and the heads */
  g_assert_cmpuint(rows->len, ==, f->nodes->len + 3);
  g_array_unref(rows);
  fans_free(fans);
  fans = fans_new(f, FAN_LABEL, NULL, NULL); /* nobody has one */
  g_assert_cmpuint(fans->groups->len, ==, 0);
  fans_free(fans);
}

/* On the screen: heads with counts, one opens, a search opens what hides its find, Esc takes all back. */
static void test_groups_on_screen(void) {
  FakeWood wood = {.many = 20};
  g_autoptr(App) app = ready_app(&wood, 100, 40);
  walk(app, "bf");
  expect(app, "groups by family below");
  expect(app, "sdxl (");
  g_assert_false(on_screen(app, "model-000002"));
  walk(app, "/model-000002<Enter>");
  expect(app, "model-000002");
  g_assert_false(on_screen(app, "Not found"));
  walk(app, "<Esc>h"); /* to the head it stands under */
  walk(app, "<Enter>");
  g_assert_false(on_screen(app, "model-000002"));
  walk(app, "<Space>");
  expect(app, "tagged");
  walk(app, "<Esc>");
  expect(app, "model-000002");
}

/* A filter is cleared by the next, and says how many it keeps. */
static void keeps(App *app, const char *filter, const char *what) {
  g_autofree char *keys = g_strdup_printf("f<C-u>%s<Enter>", filter);
  walk(app, keys);
  expect(app, what);
}

static void test_filters(void) {
  FakeWood wood = {.many = 20};
  g_autoptr(App) app = ready_app(&wood, 100, 40);
  keeps(app, "duplicate:*", "1 match");
  keeps(app, "conflict:card", "1 match");
  keeps(app, "edge:adapter", "22 matches");
  keeps(app, "confidence>=0.99", "23 matches");
  keeps(app, "family:sd15", "7 matches");
  keeps(app, "-duplicate:* edge:adapter concept:fox", "1 match");
  walk(app, "<Esc>");
  expect(app, "/31 "); /* all models, and a parent that is not here */
}

static void test_group_says_why_not(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "bf");
  expect(app, "No model has 8 children or more");
}

/* Any number of models; one that stands out says so; Enter opens it and leads back. */
static void test_compare(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 120, 40);
  walk(app, "=");
  expect(app, "Tag two models or more");
  walk(app, "<Space><Space><Space><Space>=");
  g_assert_cmpint(app->current, ==, VIEW_COMPARE);
  expect(app, "4 models");
  expect(app, "stand");
  walk(app, "lll|ll|<Enter>");
  g_assert_cmpint(app->current, ==, VIEW_MODEL);
  walk(app, "<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_COMPARE);
  walk(app, "s|GgS|<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_FOREST);
  walk(app, "d"); /* more than two: fact by fact, for layers there is no room */
  g_assert_cmpint(app->current, ==, VIEW_COMPARE);
}

static void test_report(void) {
  FakeWood wood = {.runs = true};
  g_autoptr(App) app = ready_app(&wood, 80, 24);
  walk(app, "3i");
  g_assert_cmpint(app->current, ==, VIEW_REPORT);
  expect(app, "unseen: 41 % 33–50, chance 2.0 %");
  expect(app, "off by 4.0 % in the mean");
  walk(app, "l");
  expect(app, "IT WAS TAKEN FOR");
  expect(app, "a brown hare");
  expect(app, "chance 2.0 %");
  walk(app, "l");
  expect(app, "TRAINED ON");
  walk(app, "l");
  expect(app, "dotted: chance 2 %");
  expect(app, "probex-other");
  walk(app, "l|<Esc>");
  g_assert_cmpint(app->current, ==, VIEW_EXPERTS);
  walk(app, "ji|l"); /* it judges labels one by one */
  expect(app, "none is taken for another");
}

static void test_reliability(void) {
  const Answer answers[] = {{0.95, true}, {0.99, false}, {1, true}, {0.15, false}, {NAN, false}};
  ReliabilityBin bins[RELIABILITY_BINS];
  reliability_bins(answers, G_N_ELEMENTS(answers), bins);
  g_assert_cmpuint(bins[9].n, ==, 3);
  g_assert_cmpfloat_with_epsilon(bins[9].right, 2.0 / 3, 1e-9);
  g_assert_cmpfloat_with_epsilon(bins[9].confidence, 2.94 / 3, 1e-9);
  g_assert_cmpuint(bins[1].n, ==, 1);
  g_assert_cmpuint(bins[0].n, ==, 1);
  g_assert_true(isnan(bins[5].right));
}

/* Beside the forest a wide terminal has the parts of the model view. Nothing is read while the cursor moves, nor of what
 * is large. */
static void test_pane(void) {
  FakeWood wood = {0};
  g_autoptr(App) app = ready_app(&wood, 200, 60);
  settle(app);
  expect(app, "Enter reads its 494 MB.");
  press(app, "/owl<Enter>");
  app_draw(app);
  expect(app, "path to root");
  expect(app, "Layers");
  g_assert_false(on_screen(app, "moved 0.0625 from fine-tuned"));
  settle(app);
  expect(app, "moved 0.0625 from fine-tuned");
  expect(app, "as probex-mid.0-words sees them");
  press(app, "j");
  app_draw(app);
  g_assert_false(on_screen(app, "moved 0.0625 from fine-tuned"));
  walk(app, "/base-v1<Enter>");
  expect(app, "a parent that is not on this disk");
  walk(app, "i");
  g_assert_false(on_screen(app, "a parent that is not on this disk"));
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/side/lineup", test_lineup);
  g_test_add_func("/ui/side/fans", test_fans);
  g_test_add_func("/ui/side/groups", test_groups_on_screen);
  g_test_add_func("/ui/side/filters", test_filters);
  g_test_add_func("/ui/side/no-groups", test_group_says_why_not);
  g_test_add_func("/ui/side/compare", test_compare);
  g_test_add_func("/ui/side/report", test_report);
  g_test_add_func("/ui/side/reliability", test_reliability);
  g_test_add_func("/ui/side/pane", test_pane);
  return g_test_run();
}
