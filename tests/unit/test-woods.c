/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage on planted woods: really trained networks whose descent is known. The figures are floors;
 * `make lineage-report` prints what is reached on larger woods. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "core/files.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "lineage/sketch/sketch_store.h"
#include "tests/bench/lineage_score.h"

typedef struct {
  char *top, *root, *truth;
} Wood;

static Wood wood; /* planted once: the tests only read it */

static void plant_wood(void) {
  GError *error = NULL;
  PlantSummary planted;
  wood.top = g_dir_make_tmp("copse-woods-XXXXXX", &error);
  g_assert_no_error(error);
  wood.root = g_build_filename(wood.top, "wood", NULL);
  PlantOptions options = {.kind = PLANT_WOODS, .seed = 9, .trees = 4, .threads = 2};
  linalg_set_threads(1);
  plant(wood.root, &options, NULL, &planted, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(planted.models, >, 100);
  wood.truth = planted.truth;
}

/* The wood with a state of its own, in the folder `state`. */
static Collection *open_wood(const char *state, GPtrArray **models) {
  GError *error = NULL;
  ScanSummary summary;
  g_autofree char *folder = g_build_filename(wood.top, state, NULL);
  CollectionOptions options = {.state = folder, .threads = 2};
  Collection *c = collection_open(wood.root, &options, &error);
  g_assert_no_error(error);
  collection_scan(c, NULL, &summary, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(summary.skipped, ==, 0);
  *models = collection_models(c, &error);
  g_assert_no_error(error);
  return c;
}

static Forest *grow(Collection *c, const GPtrArray *models, const ForestOptions *options) {
  GError *error = NULL;
  Forest *f = forest_build(c, models, options, NULL, &error);
  g_assert_no_error(error);
  return f;
}

static LineageScore score_with(const ForestOptions *options) {
  GError *error = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = open_wood("state", &models);
  g_autoptr(Forest) f = grow(c, models, options);
  LineageScore s;
  lineage_score(f, wood.truth, &s, &error);
  g_assert_no_error(error);
  return s;
}

static void test_with_cards(void) {
  LineageScore s = score_with(NULL);
  g_assert_cmpfloat(s.rand_index, ==, 1);
  g_assert_cmpuint(s.strangers, ==, 0);
  g_assert_cmpfloat(tally_f1(&s.undirected), >=, 0.92);
  g_assert_cmpfloat(tally_f1(&s.directed), >=, 0.90);
  g_assert_cmpfloat(s.calibration, <=, 0.08);
  g_assert_cmpfloat(tally_f1(&s.copies), ==, 1);
  g_assert_cmpfloat(tally_f1(&s.quantised), >=, 0.95);
  g_assert_cmpfloat(tally_f1(&s.merges), >=, 0.95);
  g_assert_cmpfloat(tally_recall(&s.arithmetic), >=, 0.8);
  g_assert_cmpfloat(tally_recall(&s.adapters), >=, 0.95);
  g_assert_cmpfloat(tally_f1(&s.wrong_cards), >=, 0.95);
  g_assert_cmpuint(s.missing.there, >, 0);
  g_assert_cmpuint(s.missing.claimed, ==, s.missing.right); /* none is made up; how many are found, larger woods say */
}

/* Copies, merges and quantised copies need no card, and no card is accused that was not read. */
static void test_weights_alone(void) {
  LineageScore s = score_with(&(ForestOptions){.ignore_cards = true});
  g_assert_cmpfloat(s.rand_index, ==, 1);
  g_assert_cmpfloat(tally_f1(&s.undirected), >=, 0.88);
  g_assert_cmpfloat(tally_f1(&s.directed), >=, 0.84);
  g_assert_cmpfloat(tally_f1(&s.copies), ==, 1);
  g_assert_cmpfloat(tally_f1(&s.quantised), >=, 0.95);
  g_assert_cmpfloat(tally_f1(&s.merges), >=, 0.95);
  g_assert_cmpuint(s.wrong_cards.claimed, ==, 0);
}

/* The rule to compare with builds trees too, and worse ones. */
static void test_mother_rule(void) {
  LineageScore ours = score_with(&(ForestOptions){.ignore_cards = true});
  for (int rule = FOREST_RULE_MOTHER; rule <= FOREST_RULE_MOTHER_REVERSED; rule++) {
    LineageScore s = score_with(&(ForestOptions){.ignore_cards = true, .rule = (ForestRule)rule});
    g_assert_cmpfloat(s.rand_index, ==, 1);
    g_assert_cmpuint(s.undirected.right, >, 0);
    g_assert_cmpfloat(tally_f1(&s.directed), <, tally_f1(&ours.directed));
  }
}

/* All that a forest says, as text. */
static char *print_forest(const Forest *f) {
  GString *out = g_string_new(NULL);
  for (guint v = 0; v < f->nodes->len; v++) {
    const ForestNode *n = forest_node(f, v);
    g_string_append_printf(out, "%s tree %d copy of %d%s %s:", n->name, n->tree, n->duplicate_of,
                           n->card_conflict ? " conflict" : "", n->note ? n->note : "");
    for (guint k = 0; k < n->parents->len; k++) {
      const ParentEdge *e = &g_array_index(n->parents, ParentEdge, k);
      g_string_append_printf(out, " %u %s %s %.17g %.17g %.17g", e->parent, edge_kind_name(e->kind),
                             edge_source_name(e->source), e->confidence, e->weight, e->distance);
    }
    g_string_append_c(out, '\n');
  }
  return g_string_free(out, FALSE);
}

typedef struct {
  CancelToken *token;
  uint64_t at, steps;
} Stop;

static void stop_in_time(void *user, const ProgressNote *note) {
  (void)note;
  Stop *s = user;
  if (++s->steps == s->at) cancel_token_set(s->token);
}

/* Stopped after any number of steps and started again, it ends with the same forest, whatever
 * the threads. */
static void test_resumes(void) {
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = open_wood("whole", &models);
  g_autoptr(Forest) whole = grow(c, models, NULL);
  g_autofree char *expected = print_forest(whole);
  for (uint64_t at = 1; at <= 100; at *= 7) {
    g_autofree char *state = g_strdup_printf("stopped-%u", (unsigned)at);
    g_autoptr(GPtrArray) again = NULL;
    g_autoptr(Collection) d = open_wood(state, &again);
    CancelToken token;
    cancel_token_init(&token);
    Stop stop = {.token = &token, .at = at};
    Progress progress = {.cancel = &token, .notify = stop_in_time, .user = &stop};
    g_autoptr(GError) error = NULL;
    g_autoptr(Forest) half = forest_build(d, again, NULL, &progress, &error);
    g_assert_true(half || error);
    ForestOptions options = {.threads = at % 2 ? 1 : 3};
    g_autoptr(Forest) f = grow(d, again, &options);
    g_autofree char *text = print_forest(f);
    g_assert_true(strcmp(text, expected) == 0); /* too long to be printed */
  }
}

/* The same seed plants the same files, whatever the threads. */
static void test_planted_alike(void) {
  GError *error = NULL;
  g_autofree char *other = g_build_filename(wood.top, "other", NULL);
  PlantOptions options = {.kind = PLANT_WOODS, .seed = 9, .trees = 4, .threads = 1};
  PlantSummary planted;
  plant(other, &options, NULL, &planted, &error);
  g_assert_no_error(error);
  g_autofree char *a = NULL, *b = NULL;
  g_assert_true(g_file_get_contents(wood.truth, &a, NULL, NULL));
  g_assert_true(g_file_get_contents(planted.truth, &b, NULL, NULL));
  g_assert_cmpstr(a, ==, b);
  const char *file = "net-0007/README.md";
  g_autofree char *one = g_build_filename(wood.root, file, NULL);
  g_autofree char *two = g_build_filename(other, file, NULL);
  g_autofree char *x = NULL, *y = NULL;
  if (g_file_get_contents(one, &x, NULL, NULL)) {
    g_assert_true(g_file_get_contents(two, &y, NULL, NULL));
    g_assert_cmpstr(x, ==, y);
  }
  g_free(planted.truth);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  plant_wood();
  g_test_add_func("/woods/with-cards", test_with_cards);
  g_test_add_func("/woods/weights-alone", test_weights_alone);
  g_test_add_func("/woods/mother", test_mother_rule);
  g_test_add_func("/woods/resumes", test_resumes);
  g_test_add_func("/woods/planted-alike", test_planted_alike);
  int status = g_test_run();
  dir_remove(wood.top, NULL);
  g_free(wood.top);
  g_free(wood.root);
  g_free(wood.truth);
  return status;
}
