/* SPDX-License-Identifier: Apache-2.0 */
/* The forest as rows of text. Drawings are compared byte for byte with tests/golden/outline-*.txt,
 * which UPDATE_GOLDEN=1 rewrites. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "core/text.h"
#include "lineage/forest/forest_make.h"
#include "lineage/forest/forest_text.h"
#include "lineage/forest/outline.h"
#include "lineage/forest/phylogram.h"

static unsigned add(Forest *f, const char *name) {
  g_autoptr(Model) m = model_new();
  m->path = g_strdup(name);
  m->name = safe_text(name, -1);
  m->shown = safe_text(name, -1);
  return forest_add_node(f, m, NULL);
}

static void hang(Forest *f, unsigned child, unsigned parent, EdgeKind kind, EdgeSource source, double confidence) {
  forest_add_parent(
      f, child, (ParentEdge){.parent = parent, .kind = kind, .source = source, .confidence = confidence, .weight = 1});
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

static void test_goldens(void) {
  g_autoptr(Forest) f = sample_with_distances();
  g_autofree char *utf8 = outline_print(f, GLYPHS_UTF8), *ascii = outline_print(f, GLYPHS_ASCII);
  check_golden("outline-utf8.txt", utf8);
  check_golden("outline-ascii.txt", ascii);
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
    forest_add_parent(
        f, i, (ParentEdge){.parent = i - 1, .kind = EDGE_CONTINUED, .weight = 1, .distance = i == 1 ? 1 : 0.001});
  }
  forest_settle(f);
  PhylogramOptions options = {.glyphs = GLYPHS_ASCII, .columns = COLUMNS};
  GArray *rows = phylogram_rows(f, &options);
  g_assert_cmpuint(rows->len, ==, CHAIN);
  const PhylogramRow *r = (const PhylogramRow *)(const void *)rows->data;
  g_assert_cmpint(r[1].column - r[0].column, >, r[2].column - r[1].column);
  for (guint i = 0; i < rows->len; i++) g_assert_cmpint(text_width(r[i].branch), <=, 4 * COLUMNS + 1);
  g_array_unref(rows);
  forest_free(f);
}

static void test_other_programs(void) {
  g_autoptr(Forest) f = sample_with_distances();
  g_autofree char *newick = forest_to_newick(f), *dot = forest_to_dot(f);
  check_golden("forest.newick", newick);
  check_golden("forest.dot", dot);
}

/* ---- other programs ---- */

/* Reads 'a''b':0.5 at *at: the name, without its quotes; false when it is no name. */
static bool read_name(const char **at, GString *name) {
  const char *p = *at;
  g_string_truncate(name, 0);
  if (*p++ != '\'') return false;
  for (; *p && (*p != '\'' || p[1] == '\''); p++) {
    if (*p == '\'') p++;
    g_string_append_c(name, *p);
  }
  if (*p++ != '\'') return false;
  if (*p == ':') {
    char *end;
    if (!(g_ascii_strtod(p + 1, &end) >= 0) || end == p + 1) return false;
    p = end;
  }
  *at = p;
  return true;
}

/* Names behind their parents', "child<parent\n" each, of Newick trees a line; NULL when that is no
 * Newick. A closing bracket gives the children since its opening one to the name that follows. */
static char *read_newick(const char *text) {
  g_autoptr(GPtrArray) open = g_ptr_array_new(), waiting = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GString) out = g_string_new(NULL), name = g_string_new(NULL);
  for (const char *p = text; *p;) {
    guint first = waiting->len;
    if (*p == '(') {
      g_ptr_array_add(open, GUINT_TO_POINTER(waiting->len));
      p++;
      continue;
    }
    if (*p == ')') {
      if (open->len == 0) return NULL;
      first = GPOINTER_TO_UINT(g_ptr_array_steal_index(open, open->len - 1));
      p++;
    }
    if (!read_name(&p, name)) return NULL;
    for (guint i = first; i < waiting->len; i++)
      g_string_append_printf(out, "%s<%s\n", (char *)waiting->pdata[i], name->str);
    g_ptr_array_set_size(waiting, (gint)first);
    g_ptr_array_add(waiting, g_strdup(name->str));
    if (*p == ',' && open->len > 0) p++;
    if (*p != ';') continue;
    if (p[1] != '\n' || open->len > 0 || waiting->len != 1) return NULL;
    p += 2;
    g_ptr_array_set_size(waiting, 0);
  }
  return waiting->len ? NULL : g_string_free(g_steal_pointer(&out), FALSE);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static char *sorted_lines(const char *text) {
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  qsort(lines, g_strv_length(lines), sizeof *lines, by_text);
  return g_strjoinv("\n", lines);
}

/* The same of the forest itself. */
static char *first_parents(const Forest *f) {
  GString *out = g_string_new(NULL);
  for (guint v = 0; v < f->nodes->len; v++) {
    const GArray *parents = forest_node(f, v)->parents;
    if (parents->len == 0) continue;
    unsigned p = g_array_index(parents, ParentEdge, 0).parent;
    g_string_append_printf(out, "%s<%s\n", forest_node(f, v)->name, forest_node(f, p)->name);
  }
  return g_string_free(out, FALSE);
}

static void check_newick(const Forest *f) {
  g_autofree char *newick = forest_to_newick(f), *read = read_newick(newick);
  g_autofree char *expected = first_parents(f);
  g_assert_nonnull(read);
  g_autofree char *a = sorted_lines(read), *b = sorted_lines(expected);
  g_assert_cmpstr(a, ==, b);
}

static void test_newick(void) {
  static const char *const bad[] = {"('a';", "'a',;", "('a')b;\n", "('a')'b'", "'a';'b'", "('a'))'b';\n"};
  for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) g_assert_null(read_newick(bad[i]));
  g_autoptr(Forest) sample = sample_with_distances();
  check_newick(sample);
  g_autoptr(Forest) odd = forest_new();
  add(odd, "it's (a, b):1;");
  add(odd, "''");
  add(odd, "\"quoted\\\"");
  hang(odd, 1, 0, EDGE_FINE_TUNE, EDGE_DECLARED, 1);
  hang(odd, 2, 1, EDGE_FINE_TUNE, EDGE_DECLARED, 1);
  forest_settle(odd);
  check_newick(odd);
  g_autofree char *dot = forest_to_dot(odd);
  g_assert_nonnull(strstr(dot, "n2 [label=\"\\\"quoted\\\\\\\"\"];"));
}

/* ---- large trees ---- */

enum { CHILDREN = 2000, DEPTH = 500, LONG = 300 };

/* A base with 2,000 children and a chain of 500 below the last; every fourth name is long, every fifth
 * of wide letters. */
static Forest *large_forest(void) {
  Forest *f = forest_new();
  g_autofree char *tail = g_strnfill(LONG, 'x');
  add(f, "base");
  for (unsigned i = 1; i <= CHILDREN + DEPTH; i++) {
    g_autofree char *name = i % 4 == 0   ? g_strdup_printf("%s-%04u", tail, i)
                            : i % 5 == 0 ? g_strdup_printf("狐の写真家-%04u", i)
                                         : g_strdup_printf("model-%04u", i);
    add(f, name);
    hang(f, i, i <= CHILDREN ? 0 : i - 1, EDGE_FINE_TUNE, EDGE_RECOVERED, 0.7);
    g_array_index(forest_edit(f, i)->parents, ParentEdge, 0).distance = 0.001 * (i % 7);
  }
  forest_settle(f);
  return f;
}

/* A line a node, none wider than `widest`, all of them UTF-8. */
static void check_lines(char **lines, guint n, int widest) {
  g_assert_cmpuint(g_strv_length(lines), ==, n + 1);
  for (guint i = 0; i < n; i++) {
    g_assert_true(g_utf8_validate(lines[i], -1, NULL));
    g_assert_cmpint(text_width(lines[i]), <=, widest);
  }
}

/* Column of `what` in the line, or -1. */
static int column_of(const char *line, const char *what) {
  const char *at = strstr(line, what);
  g_autofree char *before = at ? g_strndup(line, (gsize)(at - line)) : NULL;
  return at ? text_width(before) : -1;
}

static void test_large_outline(void) {
  g_autoptr(Forest) f = large_forest();
  for (int glyphs = GLYPHS_UTF8; glyphs <= GLYPHS_ASCII; glyphs++) {
    g_autofree char *text = outline_print(f, (Glyphs)glyphs);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    int branch = 3 * OUTLINE_MAX_LEVELS + 3, remark = (int)strlen("  recovered fine-tune 0.70");
    check_lines(lines, f->nodes->len, branch + OUTLINE_NAME_COLUMNS + remark);
    int column = column_of(lines[1], "recovered"); /* remarks stand in one column where names allow it */
    for (guint i = 1; lines[i][0]; i++)
      if (!strstr(lines[i], "xx") && text_width(lines[i]) <= column + remark)
        g_assert_cmpint(column_of(lines[i], "recovered"), ==, column);
    if (glyphs == GLYPHS_ASCII) g_assert_true(g_str_has_prefix(lines[1], "|- "));
  }
}

static void test_large_phylogram(void) {
  g_autoptr(Forest) f = large_forest();
  PhylogramOptions options = {.glyphs = GLYPHS_UTF8, .columns = 40};
  g_autofree char *text = phylogram_print(f, &options);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  int remark = (int)strlen("  fine-tune 0.006");
  check_lines(lines, f->nodes->len + 1, 4 * 40 + 1 + OUTLINE_NAME_COLUMNS + remark);
}

/* Of a long name both ends are seen, in as many columns as there are, wide letters or not. */
static void test_long_names(void) {
  g_autoptr(Forest) f = forest_new();
  g_autoptr(GString) wide = g_string_new("a");
  for (int i = 0; i < LONG; i++) g_string_append(wide, "狐");
  g_autofree char *narrow = g_strnfill(LONG, 'x'), *named = g_strconcat("head-", narrow, "-tail", NULL);
  add(f, named);
  add(f, wide->str);
  add(f, "short");
  forest_settle(f);
  g_autofree char *a = outline_name(forest_node(f, 0), GLYPHS_ASCII);
  g_autofree char *b = outline_name(forest_node(f, 1), GLYPHS_UTF8);
  g_autofree char *c = outline_name(forest_node(f, 2), GLYPHS_UTF8);
  g_assert_cmpint(text_width(a), ==, OUTLINE_NAME_COLUMNS);
  g_assert_true(g_str_has_prefix(a, "head-x") && g_str_has_suffix(a, "x-tail") && strchr(a, '~'));
  g_assert_cmpint(text_width(b), <=, OUTLINE_NAME_COLUMNS);
  g_assert_cmpint(text_width(b), >=, OUTLINE_NAME_COLUMNS - 2);
  g_assert_true(g_utf8_validate(b, -1, NULL) && strstr(b, "…"));
  g_assert_cmpstr(c, ==, "short");
}

static void test_settled(void) {
  g_autoptr(Forest) f = sample_forest();
  g_assert_cmpint(f->trees, ==, 4);
  g_assert_cmpuint(g_array_index(f->roots, unsigned, 0), ==, 0);
  g_assert_cmpstr(forest_node(f, g_array_index(f->roots, unsigned, 1))->name, ==, "runwayml/stable-diffusion-v1-5");
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
  static const struct {
    unsigned node;
    const char *text;
  } cases[] = {{0, ""},
               {1, "declared fine-tune 0.98"},
               {4, "by hand lora-merged 1.00"},
               {5, "declared merge 0.98 of 2"},
               {8, "recovered related 0.50"}};
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
  g_test_add_func("/outline/newick", test_newick);
  g_test_add_func("/outline/large", test_large_outline);
  g_test_add_func("/outline/large-phylogram", test_large_phylogram);
  g_test_add_func("/outline/long-names", test_long_names);
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
