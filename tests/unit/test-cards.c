/* SPDX-License-Identifier: Apache-2.0 */
/* Cards as claims: what they may move in a tree, and what not. */
#include "tests/unit/lineage_fixture.h"

/* Alone against kin on disk, a card that names what is not here joins and turns nothing. */
static void test_lone_absent_name(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), ant = net_child(&base, 11, 0.2f), bee = net_child(&base, 12, 0.2f);
  g_auto(Net) cat = net_child(&base, 13, 0.2f);
  wood_write(&w, "trunk-v1", &base, NULL);
  wood_write(&w, "ant", &ant, "lost/base");
  wood_write(&w, "bee", &bee, NULL);
  wood_write(&w, "cat", &cat, NULL);
  wood_grow(&w, NULL);
  g_assert_cmpuint(w.forest->nodes->len, ==, 4);
  g_assert_null(edge(&w, "trunk-v1"));
  assert_parent(&w, "ant", "trunk-v1", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_false(node(&w, "ant")->card_conflict);
  g_assert_cmpstr(node(&w, "ant")->note, ==, "its card names lost/base, which is not here");
  /* Two that name it mean the one that lies where their base would. */
  wood_close(&w);
  wood_write(&w, "bee", &bee, "lost/base");
  wood_grow(&w, NULL);
  g_assert_cmpuint(w.forest->nodes->len, ==, 4);
  assert_parent(&w, "bee", "trunk-v1", EDGE_CONTINUED, EDGE_RECOVERED);
}

/* Two families that call their bases by the same folder, or name one repository, stay two. */
static void test_absent_names_join_no_strangers(void) {
  static const char *const names[] = {"/data/final", "./output/base", "C:\\models\\base", "org/base"};
  for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
    g_auto(Wood) w = wood_new();
    for (uint64_t family = 0; family < 2; family++) {
      g_auto(Net) base = net_fresh(1 + family, 10);
      for (uint64_t k = 0; k < 2 + family; k++) {
        g_auto(Net) child = net_child(&base, 20 + k, 0.2f);
        g_autofree char *path = g_strdup_printf("%s/m%d", family ? "dogs" : "cats", (int)k);
        wood_write(&w, path, &child, names[i]);
      }
    }
    wood_grow(&w, NULL);
    g_assert_cmpint(w.forest->trees, ==, 2);
    g_assert_cmpint(node(&w, "cats/m0")->tree, ==, node(&w, "cats/m1")->tree);
    g_assert_cmpint(node(&w, "cats/m0")->tree, !=, node(&w, "dogs/m0")->tree);
    /* Of one repository's children the larger family may be right, the other is not. */
    g_assert_cmpint(node(&w, "cats/m0")->card_conflict, ==, i == 3);
    g_assert_false(node(&w, "dogs/m0")->card_conflict);
  }
}

/* The base lies in a folder whose name holds its owner's, or went through a quantiser by name. */
static void test_spelled_otherwise(void) {
  static const struct {
    const char *folder, *card;
  } cases[] = {{"org--base", "org/base"},           {"org_base", "Org/Base"},
               {"org__base", "org/base@main"},      {"org/base", "https://huggingface.co/org/base/tree/main"},
               {"org/base", "org--base"},           {"org/base", "./downloads/org__base"},
               {"org/base", "org/base-bnb-4bit"},   {"org/base", "quantiser/base-GPTQ"},
               {"models/base", "D:\\models\\base"}, {"base", "/home/me/models/base-Q4_K_M"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(Wood) w = wood_new();
    g_auto(Net) base = net_fresh(1, 10), child = net_child(&base, 11, 0.2f);
    wood_write(&w, cases[i].folder, &base, NULL);
    wood_write(&w, "me/child", &child, cases[i].card);
    wood_grow(&w, NULL);
    g_test_message("%s for %s", cases[i].card, cases[i].folder);
    g_assert_cmpuint(w.forest->nodes->len, ==, 2);
    assert_parent(&w, "me/child", cases[i].folder, EDGE_CONTINUED, EDGE_DECLARED);
  }
}

/* Names that tools give to any model name nobody's base. */
static void test_spelled_alike(void) {
  static const struct {
    const char *folder, *card;
  } cases[] = {
      {"a/final", "/home/me/final"}, {"b/checkpoint-20", "./runs/checkpoint-20"}, {"c/model", "somebody/model"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_auto(Wood) w = wood_new();
    g_auto(Net) base = net_fresh(1, 10), stranger = net_fresh(2, 10);
    wood_write(&w, cases[i].folder, &base, NULL);
    wood_write(&w, "me/child", &stranger, cases[i].card);
    wood_grow(&w, NULL);
    g_test_message("%s for %s", cases[i].card, cases[i].folder);
    g_assert_cmpint(node(&w, cases[i].folder)->tree, !=, node(&w, "me/child")->tree);
    g_assert_false(node(&w, "me/child")->card_conflict);
  }
}

/* A card that names the grandparent loosely is neither believed nor accused; one that names a cousin is. */
static void test_ancestor_named(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), child = net_child(&base, 11, 0.3f), grandchild = net_child(&child, 12, 0.1f);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/child", &child, "zoo/base");
  wood_write(&w, "zoo/grandchild", &grandchild, "zoo/base");
  for (uint64_t i = 0; i < 3; i++) {
    g_auto(Net) sibling = net_child(&base, 20 + i, 0.3f);
    g_autofree char *path = g_strdup_printf("zoo/s%d", (int)i);
    wood_write(&w, path, &sibling, NULL);
  }
  wood_grow(&w, NULL);
  assert_parent(&w, "zoo/grandchild", "zoo/child", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_true(node(&w, "zoo/grandchild")->card_ancestor);
  g_assert_false(node(&w, "zoo/grandchild")->card_conflict);
  wood_close(&w);
  wood_write(&w, "zoo/grandchild", &grandchild, "zoo/s1");
  wood_grow(&w, NULL);
  assert_parent(&w, "zoo/grandchild", "zoo/child", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_false(node(&w, "zoo/grandchild")->card_ancestor);
  g_assert_true(node(&w, "zoo/grandchild")->card_conflict);
}

/* x = u a + v b + o, tensor by tensor. */
static Net net_mix(const Net *a, float u, const Net *b, float v, const Net *base, float o) {
  Net net = net_child(a, 1, 0);
  for (unsigned i = 0; i < net.n; i++)
    for (size_t k = 0; k < count_of(&net.t[i]); k++)
      net.data[i][k] = u * a->data[i][k] + v * b->data[i][k] + o * base->data[i][k];
  return net;
}

/* Children whose cards name a merge hang there, and the merge's parents keep theirs. */
static void test_children_of_a_merge(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), a = net_child(&base, 11, 0.3f), b = net_child(&base, 12, 0.3f);
  g_auto(Net) merge = net_mix(&a, 0.5f, &b, 0.5f, &base, 0), first = net_child(&merge, 13, 0.2f);
  g_auto(Net) second = net_child(&merge, 14, 0.2f), third = net_child(&first, 15, 0.05f);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/a", &a, "zoo/base");
  wood_write(&w, "zoo/b", &b, "zoo/base");
  wood_write(&w, "zoo/merge", &merge, NULL);
  wood_write(&w, "zoo/first", &first, "zoo/merge");
  wood_write(&w, "zoo/second", &second, "zoo/merge");
  wood_write(&w, "zoo/third", &third, NULL);
  wood_grow(&w, NULL);
  assert_parent(&w, "zoo/first", "zoo/merge", EDGE_CONTINUED, EDGE_DECLARED);
  assert_parent(&w, "zoo/second", "zoo/merge", EDGE_CONTINUED, EDGE_DECLARED);
  assert_parent(&w, "zoo/third", "zoo/first", EDGE_CONTINUED, EDGE_RECOVERED);
  assert_parent(&w, "zoo/a", "zoo/base", EDGE_CONTINUED, EDGE_DECLARED);
  assert_parent(&w, "zoo/b", "zoo/base", EDGE_CONTINUED, EDGE_DECLARED);
  g_assert_cmpuint(node(&w, "zoo/merge")->parents->len, ==, 2);
  for (guint i = 0; i < w.forest->nodes->len; i++) g_assert_false(forest_node(w.forest, i)->card_conflict);
}

/* Of a + b - base each of the four fits the other three: the silent one is the sum, else the one across from the
 * middle of the tree. */
static void test_corner(void) {
  for (int cards = 0; cards < 2; cards++) {
    g_auto(Wood) w = wood_new();
    g_auto(Net) base = net_fresh(1, 10), a = net_child(&base, 11, 0.3f), b = net_child(&base, 12, 0.06f);
    g_auto(Net) sum = net_mix(&a, 1, &b, 1, &base, -1);
    wood_write(&w, "zoo/base", &base, NULL);
    wood_write(&w, "zoo/a", &a, cards ? "zoo/base" : NULL);
    wood_write(&w, "zoo/b", &b, cards ? "zoo/base" : NULL);
    wood_write(&w, "zoo/sum", &sum, NULL);
    for (uint64_t i = 0; !cards && i < 4; i++) {
      g_auto(Net) sibling = net_child(&base, 20 + i, 0.2f);
      g_autofree char *path = g_strdup_printf("zoo/s%d", (int)i);
      wood_write(&w, path, &sibling, NULL);
    }
    wood_grow(&w, NULL);
    const GArray *parents = node(&w, "zoo/sum")->parents;
    g_assert_cmpuint(parents->len, ==, 2);
    for (guint k = 0; k < 2; k++) {
      unsigned p = g_array_index(parents, ParentEdge, k).parent;
      g_assert_true(p == find(&w, "zoo/a") || p == find(&w, "zoo/b"));
    }
    g_assert_cmpuint(edge(&w, "zoo/a")->parent, ==, find(&w, "zoo/base"));
    g_assert_null(edge(&w, "zoo/base"));
  }
}

/* A card that names another network, which cannot be compared, does not draw a model away from its kin. */
static void test_kin_beats_a_card(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), other = {0};
  Rng rng;
  rng_init(&rng, 5, 5);
  net_add(&other, "vision.0.query.weight", WIDTH, WIDTH, 0.1f, &rng);
  net_add(&other, "vision.0.key.weight", WIDTH, INPUT, 0.1f, &rng);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/other", &other, NULL);
  for (uint64_t i = 0; i < 4; i++) {
    g_auto(Net) child = net_child(&base, 20 + i, 0.2f);
    g_autofree char *path = g_strdup_printf("zoo/c%d", (int)i);
    wood_write(&w, path, &child, i ? NULL : "zoo/other");
  }
  wood_grow(&w, NULL);
  assert_parent(&w, "zoo/c0", "zoo/base", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_true(node(&w, "zoo/c0")->card_conflict);
  g_assert_null(edge(&w, "zoo/base"));
  g_assert_cmpint(node(&w, "zoo/other")->tree, !=, node(&w, "zoo/base")->tree);
}

/* A copy stays with its original though its card names what is not here, or another tree. */
static void test_copies_stay(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), ant = net_child(&base, 11, 0.2f), other = net_fresh(2, 10);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "run/checkpoint-3", &ant, NULL);
  wood_write(&w, "org/copy", &ant, "someone/gone");
  wood_write(&w, "org/copy2", &ant, "zoo/other");
  wood_write(&w, "zoo/other", &other, NULL);
  wood_grow(&w, NULL);
  assert_parent(&w, "org/copy", "run/checkpoint-3", EDGE_RELATED, EDGE_RECOVERED);
  assert_parent(&w, "org/copy2", "run/checkpoint-3", EDGE_RELATED, EDGE_RECOVERED);
  g_assert_cmpint(w.forest->trees, ==, 2);
}

/* Adapters that call their base by a folder go where they fit; where nothing does, one folder is one base a shape. */
static void test_adapters_of_a_folder(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), a = net_adapter(21, peft_names), b = net_adapter(22, peft_names);
  wood_write(&w, "a", &a, "/home/me/models/start");
  wood_write(&w, "b", &b, "/home/me/models/start");
  wood_grow(&w, NULL);
  assert_parent(&w, "a", "start", EDGE_ADAPTER, EDGE_RECOVERED);
  g_assert_cmpint(w.forest->trees, ==, 1);
  wood_close(&w);
  wood_write(&w, "org/base", &base, NULL);
  wood_grow(&w, NULL);
  assert_parent(&w, "a", "org/base", EDGE_ADAPTER, EDGE_RECOVERED);
  assert_parent(&w, "b", "org/base", EDGE_ADAPTER, EDGE_RECOVERED);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/cards/lone-absent-name", test_lone_absent_name);
  g_test_add_func("/cards/absent-names-join-no-strangers", test_absent_names_join_no_strangers);
  g_test_add_func("/cards/spelled-otherwise", test_spelled_otherwise);
  g_test_add_func("/cards/spelled-alike", test_spelled_alike);
  g_test_add_func("/cards/ancestor-named", test_ancestor_named);
  g_test_add_func("/cards/children-of-a-merge", test_children_of_a_merge);
  g_test_add_func("/cards/corner", test_corner);
  g_test_add_func("/cards/kin-beats-a-card", test_kin_beats_a_card);
  g_test_add_func("/cards/copies-stay", test_copies_stay);
  g_test_add_func("/cards/adapters-of-a-folder", test_adapters_of_a_folder);
  return g_test_run();
}
