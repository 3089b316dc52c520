/* SPDX-License-Identifier: Apache-2.0 */
/* The forest as rows of text. Drawings are compared byte for byte with tests/golden/outline-*.txt,
 * which UPDATE_GOLDEN=1 rewrites. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/files.h"
#include "core/text.h"
#include "lineage/forest_make.h"
#include "lineage/forest_text.h"
#include "lineage/outline.h"
#include "lineage/phylogram.h"

static unsigned add(Forest *f, const char *name) {
  g_autoptr(Model) m = model_new();
  m->path = g_strdup(name);
  m->name = safe_text(name, -1);
  m->shown = safe_text(name, -1);
  return forest_add_node(f, m, NULL);
}

static void hang(Forest *f, unsigned child, unsigned parent, EdgeKind kind, EdgeSource source,
                 double confidence) {
  forest_add_parent(f, child, (ParentEdge){.parent = parent, .kind = kind, .source = source,
                                           .confidence = confidence, .weight = 1});
}

/* Four trees: a deep one with wide names, a ghost's, a pair, a stranger. */
static Forest *sample_forest(void) {
  Forest *f = forest_new();
  unsigned base = add(f, "google/vit-base"), fox = add(f, "狐の写真家"), owl = add(f, "owl");
  unsigned owl2 = add(f, "owl-v2"), ant = add(f, "ant"), merge = add(f, "fox-and-owl");
  unsigned lone = add(f, "lone"), a = add(f, "pair-a"), b = add(f, "pair-b");
  unsigned l1 = add(f, "lora-1"), l2 = add(f, "lora-2"), l3 = add(f, "lora-3");
  unsigned ghost = forest_add_node(f, NULL, "runwayml/stable-diffusion-v1-5");
  hang(f, fox, base, EDGE_FINE_TUNE, EDGE_DECLARED, 0.98);
  hang(f, owl, base, EDGE_FINE_TUNE, EDGE_RECOVERED, 0.71);
  hang(f, ant, base, EDGE_LORA_MERGED, EDGE_BY_HAND, 1);
  hang(f, owl2, owl, EDGE_CONTINUED, EDGE_RECOVERED, 0.55);
  hang(f, merge, owl, EDGE_MERGE, EDGE_DECLARED, 0.98);
  hang(f, merge, fox, EDGE_MERGE, EDGE_DECLARED, 0.98);
  hang(f, b, a, EDGE_RELATED, EDGE_RECOVERED, 0.5);
  hang(f, l1, ghost, EDGE_ADAPTER, EDGE_DECLARED, 0.7);
  hang(f, l2, ghost, EDGE_ADAPTER, EDGE_DECLARED, 0.7);
  hang(f, l3, l2, EDGE_RELATED, EDGE_RECOVERED, 0.5);
  forest_edit(f, l3)->duplicate_of = (int)l2;
  forest_edit(f, lone)->card_conflict = true;
  forest_set_note(f, lone, "the card names owl, the weights say no");
  forest_settle(f);
  return f;
}

static void check_golden(const char *name, const char *text) {
  const char *top = g_getenv("COPSE_TEST_SRCDIR");
  g_autofree char *path = g_build_filename(top ? top : ".", "tests", "golden", name, NULL);
  GError *error = NULL;
  if (g_getenv("UPDATE_GOLDEN")) file_write_bytes(path, text, strlen(text), &error);
  g_assert_no_error(error);
  g_autofree char *golden = file_read_small(path, 1 << 20, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpstr(text, ==, golden);
}

static void test_goldens(void) {
  g_autoptr(Forest) f = sample_forest();
  g_autofree char *utf8 = outline_print(f, GLYPHS_UTF8), *ascii = outline_print(f, GLYPHS_ASCII);
  check_golden("outline-utf8.txt", utf8);
  check_golden("outline-ascii.txt", ascii);
}

/* Distances for the sample: some edges stay without. */
static Forest *sample_with_distances(void) {
  static const double distances[] = {0, 0.05, 0.21, 0.4, 0.013, 0.1};
  Forest *f = sample_forest();
  for (unsigned v = 0; v < f->nodes->len; v++) {
    GArray *parents = forest_edit(f, v)->parents;
    for (guint k = 0; k < parents->len; k++) {
      ParentEdge *e = &g_array_index(parents, ParentEdge, k);
      e->distance = v < G_N_ELEMENTS(distances) ? distances[v] : (double)NAN;
      if (parents->len > 1) e->weight = k ? 0.4 : 0.6;
    }
  }
  return f;
}

static void test_phylogram(void) {
  g_autoptr(Forest) f = sample_with_distances();
  PhylogramOptions utf8 = {.glyphs = GLYPHS_UTF8}, ascii = {.glyphs = GLYPHS_ASCII, .columns = 30};
  g_autofree char *a = phylogram_print(f, &utf8), *b = phylogram_print(f, &ascii);
  check_golden("phylogram-utf8.txt", a);
  check_golden("phylogram-ascii.txt", b);
}

/* Longer branches are drawn longer, and a chain of any length stays within bounds. */
static void test_phylogram_bounds(void) {
  enum { CHAIN = 3000, COLUMNS = 20 };
  Forest *f = forest_new();
  for (unsigned i = 0; i < CHAIN; i++) {
    add(f, "link");
    if (i == 0) continue;
    forest_add_parent(f, i, (ParentEdge){.parent = i - 1, .kind = EDGE_CONTINUED, .weight = 1,
                                         .distance = i == 1 ? 1 : 0.001});
  }
  forest_settle(f);
  PhylogramOptions options = {.glyphs = GLYPHS_ASCII, .columns = COLUMNS};
  GArray *rows = phylogram_rows(f, &options);
  g_assert_cmpuint(rows->len, ==, CHAIN);
  const PhylogramRow *r = (const PhylogramRow *)(const void *)rows->data;
  g_assert_cmpint(r[1].column - r[0].column, >, r[2].column - r[1].column);
  for (guint i = 0; i < rows->len; i++)
    g_assert_cmpint(text_width(r[i].branch), <=, 4 * COLUMNS + 1);
  g_array_unref(rows);
  forest_free(f);
}

static void test_other_programs(void) {
  g_autoptr(Forest) f = sample_with_distances();
  g_autofree char *newick = forest_to_newick(f), *dot = forest_to_dot(f);
  check_golden("forest.newick", newick);
  check_golden("forest.dot", dot);
}

static void test_settled(void) {
  g_autoptr(Forest) f = sample_forest();
  g_assert_cmpint(f->trees, ==, 4);
  g_assert_cmpuint(g_array_index(f->roots, unsigned, 0), ==, 0);
  g_assert_cmpstr(forest_node(f, g_array_index(f->roots, unsigned, 1))->name, ==,
                  "runwayml/stable-diffusion-v1-5");
  g_assert_cmpint(forest_node(f, 11)->tree, ==, 1);
  const GArray *children = forest_node(f, 0)->children;
  g_assert_cmpuint(children->len, ==, 3);
  g_assert_cmpstr(forest_node(f, g_array_index(children, unsigned, 0))->name, ==, "ant");
  for (guint i = 0; i < f->nodes->len; i++) {
    const ForestNode *n = forest_node(f, i);
    if (n->model) g_assert_cmpint(forest_find(f, n->model), ==, (int)i);
  }
}

/* A ring of parents does not hang anything, and every node still has a place. */
static void test_ring(void) {
  g_autoptr(Forest) f = forest_new();
  for (int i = 0; i < 5; i++) forest_add_node(f, NULL, "n");
  for (unsigned i = 0; i < 3; i++) hang(f, i, (i + 1) % 3, EDGE_FINE_TUNE, EDGE_DECLARED, 1);
  hang(f, 3, 2, EDGE_FINE_TUNE, EDGE_DECLARED, 1);
  forest_settle(f);
  g_assert_cmpint(f->trees, ==, 2);
  GArray *rows = outline_rows(f, NULL);
  g_assert_cmpuint(rows->len, ==, 5);
  g_array_unref(rows);
}

static const OutlineRow *row_of(const GArray *rows, unsigned node) {
  for (guint i = 0; i < rows->len; i++)
    if (g_array_index(rows, OutlineRow, i).node == node) return &g_array_index(rows, OutlineRow, i);
  return NULL;
}

static void test_fold(void) {
  g_autoptr(Forest) f = sample_forest();
  g_autoptr(GHashTable) folded = g_hash_table_new(NULL, NULL);
  g_hash_table_add(folded, GUINT_TO_POINTER(2)); /* owl */
  g_hash_table_add(folded, GUINT_TO_POINTER(4)); /* ant: has nothing to fold */
  OutlineOptions options = {.folded = folded};
  GArray *rows = outline_rows(f, &options);
  g_assert_cmpuint(rows->len, ==, f->nodes->len - 2);
  g_assert_null(row_of(rows, 3));
  g_assert_true(row_of(rows, 2)->folded);
  g_assert_cmpuint(row_of(rows, 2)->descendants, ==, 2);
  g_assert_false(row_of(rows, 4)->folded);
  g_assert_cmpuint(row_of(rows, 0)->descendants, ==, 5);
  g_assert_cmpstr(row_of(rows, 2)->branch, ==, "├─ ");
  g_assert_cmpint(row_of(rows, 2)->depth, ==, 1);
  g_array_unref(rows);
}

/* Of a forest and a part of a name. */
typedef struct {
  const Forest *forest;
  const char *part;
} Wanted;

static bool keep_named(void *user, unsigned node) {
  const Wanted *wanted = user;
  return strstr(forest_node(wanted->forest, node)->name, wanted->part) != NULL;
}

static void test_filter(void) {
  g_autoptr(Forest) f = sample_forest();
  Wanted wanted = {f, "v2"};
  OutlineOptions options = {.glyphs = GLYPHS_ASCII, .keep = keep_named, .user = &wanted};
  GArray *rows = outline_rows(f, &options);
  g_assert_cmpuint(rows->len, ==, 3);
  g_assert_true(row_of(rows, 0)->dimmed);
  g_assert_true(row_of(rows, 2)->dimmed);
  g_assert_false(row_of(rows, 3)->dimmed);
  /* Hidden siblings draw no lines. */
  g_assert_cmpstr(row_of(rows, 2)->branch, ==, "`- ");
  g_assert_cmpstr(row_of(rows, 3)->branch, ==, "   `- ");
  g_assert_true(row_of(rows, 2)->last);
  g_array_unref(rows);
  wanted.part = "nowhere";
  rows = outline_rows(f, &options);
  g_assert_cmpuint(rows->len, ==, 0);
  g_array_unref(rows);
}

static void test_edge_text(void) {
  g_autoptr(Forest) f = sample_forest();
  static const struct { unsigned node; const char *text; } cases[] = {
      {0, ""}, {1, "declared fine-tune 0.98"}, {4, "by hand lora-merged 1.00"},
      {5, "declared merge 0.98 of 2"}, {8, "recovered related 0.50"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *text = outline_edge_text(forest_node(f, cases[i].node));
    g_assert_cmpstr(text, ==, cases[i].text);
  }
}

enum { MANY = 100000 };

static Forest *big_forest(bool chain) {
  Forest *f = forest_new();
  for (unsigned i = 0; i < MANY; i++) {
    char name[16];
    g_snprintf(name, sizeof name, "n%u", i);
    forest_add_node(f, NULL, name);
    if (i > 0) hang(f, i, chain ? i - 1 : (i - 1) / 10, EDGE_FINE_TUNE, EDGE_DECLARED, 1);
  }
  forest_settle(f);
  return f;
}

static void check_big(bool chain) {
  g_autoptr(Forest) f = big_forest(chain);
  g_assert_cmpint(f->trees, ==, 1);
  gint64 start = g_get_monotonic_time();
  GArray *rows = outline_rows(f, NULL);
  double ms = (double)(g_get_monotonic_time() - start) / 1e3;
  g_test_message("%d nodes in %.1f ms", MANY, ms);
  g_assert_cmpuint(rows->len, ==, MANY);
  const OutlineRow *deepest = &g_array_index(rows, OutlineRow, MANY - 1);
  if (chain) {
    g_assert_cmpint(deepest->depth, ==, MANY - 1);
    g_assert_true(g_str_has_prefix(deepest->branch, "⋯ "));
    g_assert_cmpint(text_width(deepest->branch), ==, 2 + 3 * OUTLINE_MAX_LEVELS);
    g_assert_cmpuint(g_array_index(rows, OutlineRow, 0).descendants, ==, MANY - 1);
  }
  g_array_unref(rows);
}

static void test_deep_chain(void) { check_big(true); }
static void test_bushy(void) { check_big(false); }

static void test_empty(void) {
  g_autoptr(Forest) f = forest_new();
  forest_settle(f);
  g_autofree char *text = outline_print(f, GLYPHS_UTF8);
  g_assert_cmpstr(text, ==, "");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/outline/goldens", test_goldens);
  g_test_add_func("/outline/phylogram", test_phylogram);
  g_test_add_func("/outline/phylogram-bounds", test_phylogram_bounds);
  g_test_add_func("/outline/other-programs", test_other_programs);
  g_test_add_func("/outline/settled", test_settled);
  g_test_add_func("/outline/ring", test_ring);
  g_test_add_func("/outline/fold", test_fold);
  g_test_add_func("/outline/filter", test_filter);
  g_test_add_func("/outline/edge-text", test_edge_text);
  g_test_add_func("/outline/deep-chain", test_deep_chain);
  g_test_add_func("/outline/bushy", test_bushy);
  g_test_add_func("/outline/empty", test_empty);
  return g_test_run();
}
