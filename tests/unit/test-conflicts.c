/* SPDX-License-Identifier: Apache-2.0 */
/* What models say of themselves against weights, shapes and kin; and what is no conflict. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "collection/licence.h"
#include "lineage/forest/conflicts.h"
#include "lineage/forest/forest_make.h"
#include "lineage/forest/report.h"

/* A model with a licence, or none. */
static unsigned add(Forest *f, const char *name, const char *licence) {
  g_autoptr(Model) m = model_new();
  m->path = g_strdup(name);
  m->name = safe_text(name, -1);
  m->shown = safe_text(name, -1);
  if (licence) model_add_fact(m, "license", licence, "card");
  return forest_add_node(f, m, NULL);
}

static void say(Forest *f, unsigned v, const char *key, const char *value) {
  model_add_fact(forest_edit(f, v)->model, key, value, "card");
}

static void hang(Forest *f, unsigned child, unsigned parent, EdgeKind kind, double confidence) {
  forest_add_parent(f, child,
                    (ParentEdge){.parent = parent,
                                 .kind = kind,
                                 .source = EDGE_RECOVERED,
                                 .confidence = confidence,
                                 .weight = 1,
                                 .distance = NAN});
}

static const Conflict *at(const GPtrArray *list, guint i) {
  g_assert_cmpuint(i, <, list->len);
  return list->pdata[i];
}

static void expect(const GPtrArray *list, guint i, unsigned node, const char *kind, const char *severity) {
  g_assert_cmpuint(at(list, i)->node, ==, node);
  g_assert_cmpstr(conflict_kind_name(at(list, i)->kind), ==, kind);
  g_assert_cmpstr(conflict_severity_name(at(list, i)->severity), ==, severity);
}

static void test_table(void) {
  g_assert_cmpint(licence_find("apache-2.0")->class, ==, LICENCE_PERMISSIVE);
  g_assert_cmpint(licence_find(" CC-BY-NC-4.0 ")->class, ==, LICENCE_NON_COMMERCIAL);
  g_assert_cmpstr(licence_find("GPL-3.0-or-later")->id, ==, "gpl-3.0");
  g_assert_cmpstr(licence_class_name(licence_find("llama3.1")->class), ==, "restricted-use");
  static const char *const unknown[] = {"", "other", "unknown", "cc", "apache-2.0 or so", "-only"};
  for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) g_assert_null(licence_find(unknown[i]));
}

/* child's licence, parent's, edge, confidence -> severity or NULL */
static void test_licence_pairs(void) {
  static const struct {
    const char *child, *parent;
    EdgeKind kind;
    double confidence;
    const char *severity, *clause;
  } rows[] = {
      {"apache-2.0", "cc-by-nc-4.0", EDGE_FINE_TUNE, 0.95, "high", "cc-by-nc-4.0, non-commercial: section 2(a)(1)"},
      {"mit", "llama2", EDGE_QUANTISED, 0.9, "medium", "llama2, restricted-use: sections 1(b) and 2"},
      {"mit", "agpl-3.0", EDGE_CONTINUED, 0.95, "medium", "agpl-3.0, copyleft: sections 5(c) and 13"},
      {"mit", "agpl-3.0", EDGE_CONTINUED, 0.8, "low", "80 % sure"},
      {"mit", "cc-by-nc-4.0", EDGE_FINE_TUNE, 0.75, "medium", "75 % sure"},
      {"mit", "cc-by-nc-4.0", EDGE_ADAPTER, 0.98, "medium", "cc-by-nc-4.0"},
      {"mit", "cc-by-nc-4.0", EDGE_FINE_TUNE, 0.74, NULL, NULL},
      {"mit", "cc-by-nc-4.0", EDGE_FINE_TUNE, NAN, NULL, NULL},
      {"mit", "cc-by-nc-4.0", EDGE_RELATED, 0.95, NULL, NULL},
      {"mit", "apache-2.0", EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {"cc-by-nc-4.0", "cc-by-nc-4.0", EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {"cc-by-nc-4.0", "llama2", EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {NULL, "cc-by-nc-4.0", EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {"mit", NULL, EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {"my-own-terms", "cc-by-nc-4.0", EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {"mit", "my-own-terms", EDGE_FINE_TUNE, 0.95, NULL, NULL},
      {"mit", "other", EDGE_FINE_TUNE, 0.95, NULL, NULL},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Forest) f = forest_new();
    unsigned parent = add(f, "parent", rows[i].parent), child = add(f, "child", rows[i].child);
    hang(f, child, parent, rows[i].kind, rows[i].confidence);
    forest_settle(f);
    g_autoptr(GPtrArray) list = conflicts_list(f);
    g_test_message("%s of %s", rows[i].child, rows[i].parent);
    g_assert_cmpuint(list->len, ==, rows[i].severity ? 1 : 0);
    if (!rows[i].severity) continue;
    expect(list, 0, child, "licence", rows[i].severity);
    g_assert_nonnull(strstr(at(list, 0)->sentence, rows[i].clause));
  }
}

/* root (non-commercial) <- middle (says nothing) <- leaf (permissive); a merge's second parent is heard too. */
static void test_licence_chain(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned root = add(f, "root", "cc-by-nc-sa-4.0"), middle = add(f, "middle", NULL), leaf = add(f, "leaf", "mit");
  unsigned free_one = add(f, "free", "mit"), merge = add(f, "merge", "apache-2.0");
  hang(f, middle, root, EDGE_FINE_TUNE, 0.95);
  hang(f, leaf, middle, EDGE_FINE_TUNE, 0.96);
  hang(f, merge, free_one, EDGE_MERGE, 0.95);
  hang(f, merge, root, EDGE_MERGE, 0.95);
  forest_settle(f);
  g_autoptr(GPtrArray) list = conflicts_list(f);
  g_assert_cmpuint(list->len, ==, 2);
  expect(list, 0, leaf, "licence", "high");
  expect(list, 1, merge, "licence", "high");
  g_assert_nonnull(strstr(at(list, 0)->sentence, "comes from root by way of middle (95 % sure)"));
  g_array_index(forest_edit(f, middle)->parents, ParentEdge, 0).confidence = 0.5;
  g_autoptr(GPtrArray) cut = conflicts_list(f);
  g_assert_cmpuint(cut->len, ==, 1);
  expect(cut, 0, merge, "licence", "high");
}

static void test_several_licences(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned choice = add(f, "choice", "mit"), flux = add(f, "flux", "other"), child = add(f, "child", "mit");
  unsigned other = add(f, "second", "apache-2.0");
  say(f, choice, "license", "gpl-3.0");
  say(f, flux, "license_name", "flux-1-dev-non-commercial-license");
  hang(f, child, choice, EDGE_FINE_TUNE, 0.95);
  hang(f, other, flux, EDGE_FINE_TUNE, 0.95);
  forest_settle(f);
  g_autoptr(GPtrArray) list = conflicts_list(f);
  g_assert_cmpuint(list->len, ==, 1);
  expect(list, 0, other, "licence", "high");
}

static void test_base_and_family(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned base = add(f, "base", NULL), liar = add(f, "liar", NULL), alone = add(f, "alone", NULL);
  unsigned honest = add(f, "honest", NULL), odd = add(f, "odd", NULL);
  say(f, liar, "base", "org/elsewhere");
  say(f, alone, "base", "org/elsewhere");
  say(f, honest, "base", "org/base");
  say(f, odd, "family_conflict", "base names Flux; the shapes of the layers are those of SDXL");
  hang(f, liar, base, EDGE_FINE_TUNE, 0.93);
  hang(f, honest, base, EDGE_FINE_TUNE, 0.98);
  forest_edit(f, liar)->card_conflict = forest_edit(f, alone)->card_conflict = true;
  forest_settle(f);
  g_autoptr(GPtrArray) list = conflicts_list(f);
  g_assert_cmpuint(list->len, ==, 3);
  expect(list, 0, liar, "base", "high");
  expect(list, 1, odd, "family", "high");
  expect(list, 2, alone, "base", "medium");
  g_assert_cmpstr(at(list, 0)->sentence, ==,
                  "its card names org/elsewhere, its weights come from base (fine-tune, 93 % sure)");
}

static void test_copies(void) {
  static const struct {
    const char *original, *copy;
    bool conflict;
  } rows[] = {{"org/one", "org/two", true},
              {"org/one", "other/ONE", false},
              {"org/one", NULL, false},
              {NULL, "org/two", false},
              {"org/one", "me/first", false}, /* it names what it copies */
              {"org/one", "/home/x/models/two", false}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(Forest) f = forest_new();
    unsigned first = add(f, "first", NULL), copy = add(f, "copy", NULL);
    if (rows[i].original) say(f, first, "base", rows[i].original);
    if (rows[i].copy) say(f, copy, "base", rows[i].copy);
    hang(f, copy, first, EDGE_RELATED, 0.5);
    forest_edit(f, copy)->duplicate_of = (int)first;
    forest_settle(f);
    g_autoptr(GPtrArray) list = conflicts_list(f);
    g_assert_cmpuint(list->len, ==, rows[i].conflict);
    if (rows[i].conflict) expect(list, 0, copy, "card-of-another", "low");
  }
}

/* The same tensors under another licence: told, though who came first is an even chance. */
static void test_copy_licence(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned first = add(f, "first", "cc-by-nc-4.0"), copy = add(f, "copy", "mit");
  hang(f, copy, first, EDGE_RELATED, 0.5);
  forest_edit(f, copy)->duplicate_of = (int)first;
  forest_settle(f);
  g_autoptr(GPtrArray) list = conflicts_list(f);
  g_assert_cmpuint(list->len, ==, 1);
  expect(list, 0, copy, "licence", "medium");
}

/* The page lists them, and what files say stays text. */
static void test_report(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned parent = add(f, "<b>parent", "cc-by-nc-4.0"), child = add(f, "child", "mit");
  g_autofree char *none = report_html(f, "t", NULL, NULL, NULL);
  g_assert_null(strstr(none, "<h2 id=\"conflicts\""));
  hang(f, child, parent, EDGE_FINE_TUNE, 0.95);
  forest_settle(f);
  g_autofree char *page = report_html(f, "t", NULL, NULL, NULL);
  const char *list = strstr(page, "<h2 id=\"conflicts\"");
  g_assert_nonnull(list);
  g_assert_nonnull(strstr(list, "child<td class=w>high"));
  g_assert_nonnull(strstr(list, "section 2(a)(1)"));
  g_assert_null(strstr(page, "<b>parent"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/conflicts/table", test_table);
  g_test_add_func("/conflicts/licence-pairs", test_licence_pairs);
  g_test_add_func("/conflicts/licence-chain", test_licence_chain);
  g_test_add_func("/conflicts/several-licences", test_several_licences);
  g_test_add_func("/conflicts/base-and-family", test_base_and_family);
  g_test_add_func("/conflicts/copies", test_copies);
  g_test_add_func("/conflicts/copy-licence", test_copy_licence);
  g_test_add_func("/conflicts/report", test_report);
  return g_test_run();
}
