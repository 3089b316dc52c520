/* SPDX-License-Identifier: Apache-2.0 */
/* What looks at every model goes on in slices: the same is found, and no slice holds up a key. */
#include <string.h>

#include "tests/unit/ui_fixture.h"
#include "ui/app/frame.h"
#include "ui/forest/filter_run.h"

/* What the filter keeps, each node by itself; inside of words when nothing else is. */
static guint keep_plainly(const char *typed, const Snapshot *wood, guint8 *keep) {
  RowFilter *filter = row_filter_parse(typed);
  guint n = wood->forest->nodes->len, kept = 0;
  for (int pass = 0; pass < 2 && !kept; pass++) {
    if (pass) row_filter_widen(filter);
    for (guint i = 0; i < n; i++)
      kept += keep[i] =
          row_filter_match(filter, wood->forest, forest_node(wood->forest, i), wood->haystacks[i], wood->label_key);
  }
  row_filter_free(filter);
  return kept;
}

/* Letter by letter, whether the filter before has come to its end or not. */
static void test_filter(void) {
  static const char *const typed[] = {
      "m",       "mo",        "mod",           "model -0",          "model -07", "model -0",  "odel",     "odel-",
      "odel-00", "odel-00 k", "odel-00 kind:", "odel-00 kind:lora", "fox",       "fox !copy", "fox !cop", "zz"};
  FakeWood fake = {.many = 5000};
  App *app = ready_app(&fake, 80, 24);
  const Snapshot *wood = app->ui.wood;
  guint n = wood->forest->nodes->len;
  g_autofree guint8 *keep = g_new(guint8, n + 1);
  for (guint patience = 0; patience < 60; patience += 7) {
    FilterRun *run = NULL;
    for (guint k = 0; k < G_N_ELEMENTS(typed); k++) {
      FilterRun *next = filter_run_new(row_filter_parse(typed[k]), n, run, false);
      filter_run_free(run);
      run = next;
      bool last = (k + patience) % 3 == 0;
      for (guint i = 0; (last || i < patience) && filter_run_work(run, wood, 101); i++) continue;
      if (!last) continue;
      g_assert_cmpuint(keep_plainly(typed[k], wood, keep), ==, run->kept);
      g_assert_cmpmem(keep, n, run->keep, n);
    }
    filter_run_free(run);
  }
  app_free(app);
}

/* Of so many that one slice is not enough: the count grows while one waits, and is the same in the end. */
static void test_screen(void) {
  FakeWood fake = {.many = 200000};
  App *app = ready_app(&fake, 80, 24);
  press(app, "fmodel-0771");
  settle(app);
  expect(app, "100 kept");
  expect(app, "model-077100");
  press(app, "<Esc>/odel-07719");
  settle(app);
  expect(app, "10 found");
  expect(app, "model-077190");
  press(app, "<Esc>/model-0 77<Enter>n");
  settle(app);
  press(app, "<Esc><C-p>model-199999<Enter>"); /* who types ahead gets what he typed */
  settle(app);
  expect(app, "model-199999");
  app_free(app);
}

int main(int argc, char **argv) {
  ui_test_init(&argc, &argv);
  g_test_add_func("/ui/slices/filter", test_filter);
  g_test_add_func("/ui/slices/screen", test_screen);
  return g_test_run();
}
