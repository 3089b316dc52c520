/* SPDX-License-Identifier: Apache-2.0 */
/* What is set by hand survives renaming, moving, copying and a lost catalog; a damaged file is kept; an import that
 * contradicts changes nothing. */
#include <glib/gstdio.h>
#include <string.h>

#include "collection/hand/by_hand.h"
#include "collection/hand/content_key.h"
#include "core/error.h"
#include "lineage/grow/hand_parents.h"
#include "tests/unit/collection_fixture.h"

static void put_numbers(const Fixture *f, const char *path, float first) {
  float x[12] = {first, 1, 2, 3};
  const TensorOut t = {"fc.weight", DTYPE_F32, 2, {3, 4}, x};
  put_tensors(f, path, &t, 1, NULL);
}

static void set(Fixture *f, const char *path, const char *key, const char *value) {
  GError *error = NULL;
  g_autofree char *warning = NULL;
  g_autoptr(ByHand) hand = by_hand_open(f->collection, &warning, &error);
  g_assert_no_error(error);
  g_assert_null(warning);
  g_assert_true(by_hand_set(hand, f->models, model_at(f, path), key, value, &error));
  g_assert_true(by_hand_save(hand, &error));
  g_assert_no_error(error);
}

/* The value that a model has, after a fresh look at the folder; "" for none. */
static char *value_at(Fixture *f, const char *path, const char *key) {
  scan(f);
  g_autoptr(GPtrArray) models = by_hand_models(f->collection, NULL, NULL);
  g_autoptr(Model) m = collection_find(models, path, NULL);
  g_assert_nonnull(m);
  const Fact *fact = model_fact(m, key);
  if (fact) g_assert_cmpstr(fact->source, ==, "by hand");
  return g_strdup(fact ? fact->value : "");
}

static void expect(Fixture *f, const char *path, const char *key, const char *want) {
  g_autofree char *have = value_at(f, path, key);
  g_assert_cmpstr(have, ==, want);
}

static void test_follows(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_numbers(f, "a/fox.safetensors", 7);
  put_numbers(f, "a/cat.safetensors", 8);
  scan(f);
  set(f, "a/fox.safetensors", "label", "red fox");
  set(f, "a/fox.safetensors", "tags", "animal; red ;");
  set(f, "a/cat.safetensors", "parent", "a/fox.safetensors");
  expect(f, "a/fox.safetensors", "label", "red fox");
  expect(f, "a/cat.safetensors", "label", "");
  expect(f, "a/cat.safetensors", "parent_by_hand", "a/fox.safetensors");
  g_autofree char *from = place(f, "a/fox.safetensors"), *to = place(f, "b/c/renamed.safetensors");
  g_assert_cmpint(g_rename(from, to), ==, 0);
  expect(f, "b/c/renamed.safetensors", "label", "red fox");
  expect(f, "b/c/renamed.safetensors", "tags", "animal");
  expect(f, "a/cat.safetensors", "parent_by_hand", "b/c/renamed.safetensors");
  /* Other numbers under the old name are another model. */
  put_numbers(f, "a/fox.safetensors", 9);
  expect(f, "a/fox.safetensors", "label", "");
  close_collection(f);
  g_autofree char *catalog = g_build_filename(f->state, "catalog.db", NULL);
  g_remove(catalog);
  expect(f, "b/c/renamed.safetensors", "label", "red fox");
}

static void test_refuses(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_numbers(f, "fox.safetensors", 7);
  scan(f);
  g_autofree char *warning = NULL;
  g_autoptr(ByHand) hand = by_hand_open(f->collection, &warning, NULL);
  const struct {
    const char *key, *value;
    int code;
  } rows[] = {{"colour", "red", COPSE_ERROR_USAGE},
              {"parent", "fox.safetensors", COPSE_ERROR_USAGE},
              {"parent", "nobody", COPSE_ERROR_NOT_FOUND}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    g_autoptr(GError) error = NULL;
    g_assert_false(by_hand_set(hand, f->models, model_at(f, "fox.safetensors"), rows[i].key, rows[i].value, &error));
    g_assert_error(error, COPSE_ERROR, rows[i].code);
  }
  g_assert_cmpuint(by_hand_count(hand), ==, 0);
}

/* The last fact taken away takes the model's group away. */
static void test_removes(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_numbers(f, "fox.safetensors", 7);
  scan(f);
  set(f, "fox.safetensors", "licence", "mit");
  expect(f, "fox.safetensors", "license", "mit");
  set(f, "fox.safetensors", "license", "  ");
  expect(f, "fox.safetensors", "license", "");
  g_autofree char *warning = NULL;
  g_autoptr(ByHand) hand = by_hand_open(f->collection, &warning, NULL);
  g_assert_cmpuint(by_hand_count(hand), ==, 0);
}

static void test_damaged(Fixture *f, gconstpointer unused) {
  (void)unused;
  static const char *const bad[] = {"[not a key]\nlabel=x\n", "label without a group\n",
                                    "[00112233445566778899aabbccddeeff\nlabel=x\n", "\xff\xfe\x00garbage"};
  put_numbers(f, "fox.safetensors", 7);
  scan(f);
  g_autofree char *path = g_build_filename(f->state, "by-hand.ini", NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
    g_autofree char *warning = NULL, *kept = NULL, *aside = g_strdup_printf("%s.aside-%u", path, i + 1);
    g_assert_true(g_file_set_contents(path, bad[i], -1, NULL));
    g_autoptr(ByHand) hand = by_hand_open(f->collection, &warning, NULL);
    g_assert_nonnull(hand);
    g_assert_nonnull(warning);
    g_assert_nonnull(strstr(warning, aside));
    g_assert_true(g_file_get_contents(aside, &kept, NULL, NULL));
    g_assert_cmpstr(kept, ==, bad[i]);
  }
}

static void test_import(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_numbers(f, "fox.safetensors", 7);
  put_numbers(f, "cat.safetensors", 8);
  scan(f);
  g_autofree char *fox = content_key(f->collection, model_at(f, "fox.safetensors"), NULL);
  g_autofree char *cat = content_key(f->collection, model_at(f, "cat.safetensors"), NULL);
  g_assert_cmpstr(fox, !=, cat);
  g_autofree char *theirs =
      g_strdup_printf("[%s]\npath=x\nlabel=vixen\nnote=seen\n[%s]\npath=y\nlabel=cat\n", fox, cat);
  set(f, "fox.safetensors", "label", "fox");
  for (ByHandPrefer prefer = PREFER_NEITHER; prefer <= PREFER_THEIRS; prefer++) {
    static const unsigned taken_at[] = {0, 2, 3};
    g_autofree char *warning = NULL;
    g_autoptr(ByHand) hand = by_hand_open(f->collection, &warning, NULL);
    g_autoptr(GPtrArray) conflicts = g_ptr_array_new_with_free_func(g_free);
    unsigned taken;
    g_assert_true(by_hand_import(hand, theirs, prefer, conflicts, &taken, NULL));
    g_assert_cmpuint(conflicts->len, ==, 1);
    g_assert_cmpstr(conflicts->pdata[0], ==, "x: label is 'fox' here and 'vixen' there");
    g_assert_cmpuint(taken, ==, taken_at[prefer]);
    g_autofree char *text = by_hand_text(hand);
    g_assert_cmpint(strstr(text, "vixen") != NULL, ==, prefer == PREFER_THEIRS);
  }
}

static unsigned add_node(Forest *f, const char *name, const char *parent) {
  g_autoptr(Model) m = model_new();
  m->path = g_strdup(name);
  m->name = g_strdup(name);
  m->shown = g_strdup(name);
  if (parent) model_add_fact(m, "parent_by_hand", parent, "by hand");
  return forest_add_node(f, m, NULL);
}

static const ParentEdge *parent_of(const Forest *f, unsigned v) {
  const ForestNode *n = forest_node(f, v);
  return n->parents->len ? &g_array_index(n->parents, ParentEdge, 0) : NULL;
}

/* Recovered: base <- mid <- leaf. By hand mid comes from leaf: then leaf takes mid's place below base. */
static void test_parents(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned base = add_node(f, "base", NULL), mid = add_node(f, "mid", "leaf"), leaf = add_node(f, "leaf", NULL);
  unsigned other = add_node(f, "other", "base"), lost = add_node(f, "lost", "nobody");
  const ParentEdge recovered = {.kind = EDGE_CONTINUED, .source = EDGE_RECOVERED, .confidence = 0.6, .weight = 1};
  ParentEdge e = recovered;
  e.parent = base;
  forest_add_parent(f, mid, e);
  forest_add_parent(f, lost, e);
  e.parent = mid;
  forest_add_parent(f, leaf, e);
  forest_edit(f, mid)->card_conflict = true;
  forest_follow_hand(f);
  forest_settle(f);
  g_assert_cmpuint(parent_of(f, mid)->parent, ==, leaf);
  g_assert_cmpint(parent_of(f, mid)->source, ==, EDGE_BY_HAND);
  g_assert_cmpfloat(parent_of(f, mid)->confidence, ==, 1);
  g_assert_false(forest_node(f, mid)->card_conflict);
  g_assert_cmpuint(parent_of(f, leaf)->parent, ==, base);
  g_assert_cmpint(parent_of(f, leaf)->source, ==, EDGE_RECOVERED);
  g_assert_cmpuint(parent_of(f, other)->parent, ==, base);
  g_assert_cmpint(parent_of(f, other)->kind, ==, EDGE_FINE_TUNE);
  g_assert_cmpint(parent_of(f, lost)->source, ==, EDGE_RECOVERED);
  g_assert_null(parent_of(f, base));
  g_assert_cmpint(f->trees, ==, 1);
}

/* Two that are each other's parent by hand end as one tree, not as a ring. */
static void test_ring(void) {
  g_autoptr(Forest) f = forest_new();
  unsigned a = add_node(f, "a", "b"), b = add_node(f, "b", "a");
  forest_follow_hand(f);
  forest_settle(f);
  g_assert_cmpint((parent_of(f, a) != NULL) + (parent_of(f, b) != NULL), ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/by-hand", "follows", test_follows);
  add_test("/by-hand", "refuses", test_refuses);
  add_test("/by-hand", "removes", test_removes);
  add_test("/by-hand", "damaged", test_damaged);
  add_test("/by-hand", "import", test_import);
  g_test_add_func("/by-hand/parents", test_parents);
  g_test_add_func("/by-hand/ring", test_ring);
  return g_test_run();
}
