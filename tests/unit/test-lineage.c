/* SPDX-License-Identifier: Apache-2.0 */
/* Lineage on synthetic models whose parents are known. */
#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#include "core/error.h"
#include "core/files.h"
#include "numerics/rng.h"
#include "lineage/grow/base_name.h"
#include "lineage/grow/declared.h"
#include "lineage/forest/forest.h"
#include "lineage/sketch/kinship.h"
#include "lineage/grow/pedigree.h"
#include "numerics/projection.h"
#include "collection/stamp.h"
#include "lineage/sketch/sketch_store.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_open.h"
#include "tests/unit/lineage_fixture.h"

/* ---- projection ---- */

/* ---- sketches ---- */

/* ---- forests ---- */

/* Cards agree, are silent, or lie. */
static void test_full_models(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  g_auto(Net) ant = net_child(&base, 11, 0.2f), bee = net_child(&base, 12, 0.2f);
  g_auto(Net) cat = net_child(&base, 13, 0.2f), dog = net_retrained(&base, 14, 0.2f, 4);
  g_auto(Net) bee2 = net_child(&bee, 15, 0.1f), liar = net_fresh(2, 10), lone = net_fresh(3, 10);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/ant", &ant, "zoo/base");
  wood_write(&w, "zoo/bee", &bee, "https://huggingface.co/zoo/base");
  wood_write(&w, "zoo/cat", &cat, NULL);
  wood_write(&w, "zoo/dog", &dog, NULL);
  wood_write(&w, "zoo/bee2", &bee2, NULL);
  wood_write(&w, "zoo/liar", &liar, "zoo/base");
  wood_write(&w, "zoo/lone", &lone, NULL);
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 3);
  g_assert_null(edge(&w, "zoo/base"));
  assert_parent(&w, "zoo/ant", "zoo/base", EDGE_CONTINUED, EDGE_DECLARED);
  assert_parent(&w, "zoo/bee", "zoo/base", EDGE_CONTINUED, EDGE_DECLARED);
  assert_parent(&w, "zoo/cat", "zoo/base", EDGE_CONTINUED, EDGE_RECOVERED);
  assert_parent(&w, "zoo/dog", "zoo/base", EDGE_FINE_TUNE, EDGE_RECOVERED);
  assert_parent(&w, "zoo/bee2", "zoo/bee", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_cmpfloat_with_epsilon(edge(&w, "zoo/ant")->distance, 0.2, 0.04);
  g_assert_true(node(&w, "zoo/liar")->card_conflict);
  g_assert_null(edge(&w, "zoo/liar"));
  g_assert_null(edge(&w, "zoo/lone"));
  g_assert_false(node(&w, "zoo/ant")->card_conflict);
  g_assert_cmpint(node(&w, "zoo/base")->tree, ==, 0);
}

/* The trees are in the catalog afterwards. */
static void test_trees_are_stored(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), child = net_child(&base, 11, 0.2f), lone = net_fresh(3, 10);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  wood_write(&w, "lone", &lone, NULL);
  wood_grow(&w, NULL);
  GError *error = NULL;
  g_autoptr(GPtrArray) models = collection_models(w.collection, &error);
  g_assert_no_error(error);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    g_assert_cmpint(m->tree, ==, forest_node(w.forest, (unsigned)forest_find(w.forest, m))->tree);
    g_assert_cmpint(m->tree, ==, strcmp(m->path, "lone.safetensors") == 0 ? 1 : 0);
  }
}

/* Two cards name a base that is not there; a third child says nothing. */
static void test_ghost(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  g_auto(Net) ant = net_child(&base, 11, 0.2f), bee = net_child(&base, 12, 0.2f);
  g_auto(Net) cat = net_child(&base, 13, 0.2f), dog = net_child(&base, 14, 0.2f);
  g_auto(Net) bee2 = net_child(&bee, 15, 0.1f), odd = net_fresh(5, 10);
  wood_write(&w, "ant", &ant, "lost/base");
  wood_write(&w, "bee", &bee, "Lost/Base");
  wood_write(&w, "cat", &cat, NULL);
  wood_write(&w, "dog", &dog, "./models/base"); /* the same by its last part */
  wood_write(&w, "bee2", &bee2, NULL);
  wood_write(&w, "odd", &odd, "None");
  wood_grow(&w, NULL);
  g_assert_cmpuint(w.forest->nodes->len, ==, 7);
  const char *name = "lost/base";
  g_assert_null(node(&w, name)->model);
  assert_parent(&w, "ant", name, EDGE_FINE_TUNE, EDGE_DECLARED);
  assert_parent(&w, "bee", name, EDGE_FINE_TUNE, EDGE_DECLARED);
  assert_parent(&w, "dog", name, EDGE_FINE_TUNE, EDGE_DECLARED);
  assert_parent(&w, "cat", name, EDGE_FINE_TUNE, EDGE_RECOVERED);
  assert_parent(&w, "bee2", "bee", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_null(edge(&w, "odd"));
  g_assert_cmpint(w.forest->trees, ==, 2);
}

/* Children that drift one way, each as far as it was trained: they share a direction and no step, the base that they drift
 * from is there, and none is made up above it. */
static void test_drift(void) {
  enum { CHILDREN = 8 };
  const float drift = 0.45f;
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  wood_write(&w, "base", &base, NULL);
  for (unsigned i = 0; i < CHILDREN; i++) {
    float trained = 0.2f + 0.03f * (float)i;
    g_auto(Net) drifted = net_child(&base, 99, drift * trained), child = net_child(&drifted, 20 + i, trained);
    g_autofree char *name = g_strdup_printf("child%u", i);
    wood_write(&w, name, &child, NULL);
  }
  wood_grow(&w, NULL);
  g_assert_cmpuint(w.forest->nodes->len, ==, CHILDREN + 1);
  g_assert_null(edge(&w, "base"));
  for (unsigned i = 0; i < CHILDREN; i++) {
    g_autofree char *name = g_strdup_printf("child%u", i);
    g_assert_nonnull(edge(&w, name));
    g_assert_cmpuint(edge(&w, name)->parent, ==, find(&w, "base"));
  }
}

static void test_adapters(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), child = net_child(&base, 9, 0.2f), twin = net_fresh(2, 10);
  g_auto(Net) peft = net_adapter(21, peft_names), kohya = net_adapter(22, kohya_names);
  g_auto(Net) lost = net_adapter(23, peft_names);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/child", &child, NULL);
  wood_write(&w, "peft", &peft, "zoo/base");
  wood_write(&w, "kohya", &kohya, NULL);
  wood_write(&w, "lost", &lost, "somebody/else");
  wood_grow(&w, NULL);
  assert_parent(&w, "peft", "zoo/base", EDGE_ADAPTER, EDGE_DECLARED);
  g_assert_cmpint(node(&w, "kohya")->tree, ==, node(&w, "zoo/base")->tree);
  g_assert_cmpstr(edge_kind_name(edge(&w, "kohya")->kind), ==, "adapter");
  g_assert_cmpfloat(edge(&w, "kohya")->confidence, <, edge(&w, "peft")->confidence);
  assert_parent(&w, "lost", "somebody/else", EDGE_ADAPTER, EDGE_DECLARED);
  g_assert_cmpint(w.forest->trees, ==, 2);
  /* A second tree of the same shapes: nobody can tell any more. */
  wood_close(&w);
  wood_write(&w, "zoo/twin", &twin, NULL);
  wood_grow(&w, NULL);
  g_assert_null(edge(&w, "kohya"));
  g_assert_cmpstr(node(&w, "kohya")->note, ==, "2 bases fit");
  assert_parent(&w, "peft", "zoo/base", EDGE_ADAPTER, EDGE_DECLARED);
}

/* A base that knows its own name from its configuration alone is what the adapters' cards mean; two
 * such models could both be fine-tunes of it. */
static void test_self_named(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), other = net_child(&base, 2, 0.2f);
  g_auto(Net) a = net_adapter(21, peft_names), b = net_adapter(22, peft_names);
  const char *config = "{\"_name_or_path\": \"org/pictures\", \"model_type\": \"mlp\"}";
  GError *error = NULL;
  wood_write(&w, "here/model", &base, NULL);
  wood_write(&w, "a", &a, "org/pictures");
  wood_write(&w, "b", &b, "org/pictures");
  g_autofree char *path = g_build_filename(w.root, "here", "config.json", NULL);
  g_assert_true(file_write_bytes(path, config, strlen(config), &error));
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 1);
  g_assert_cmpuint(w.forest->nodes->len, ==, 3);
  const ForestNode *top = forest_node(w.forest, g_array_index(w.forest->roots, unsigned, 0));
  g_assert_cmpstr(top->model->path, ==, "here");
  assert_parent(&w, "a", "here", EDGE_ADAPTER, EDGE_DECLARED);
  wood_close(&w);
  wood_write(&w, "there/model", &other, NULL);
  g_autofree char *second = g_build_filename(w.root, "there", "config.json", NULL);
  g_assert_true(file_write_bytes(second, config, strlen(config), &error));
  wood_grow(&w, NULL);
  assert_parent(&w, "a", "org/pictures", EDGE_ADAPTER, EDGE_DECLARED);
  assert_parent(&w, "here", "org/pictures", EDGE_FINE_TUNE, EDGE_DECLARED);
  g_assert_cmpint(w.forest->trees, ==, 1);
}

/* Without any base, adapters of one signature stay together. */
static void test_adapters_alone(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) a = net_adapter(21, peft_names), b = net_adapter(22, kohya_names);
  g_auto(Net) c = net_adapter(23, peft_names);
  wood_write(&w, "a", &a, NULL);
  wood_write(&w, "b", &b, NULL);
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 1);
  g_assert_cmpuint(w.forest->nodes->len, ==, 3);
  wood_close(&w);
  wood_write(&w, "c", &c, "org/known");
  wood_grow(&w, NULL);
  assert_parent(&w, "a", "org/known", EDGE_ADAPTER, EDGE_RECOVERED);
  assert_parent(&w, "c", "org/known", EDGE_ADAPTER, EDGE_DECLARED);
}

/* The tensors of `net` in reverse order, every name behind "module.". */
static void write_reversed(const Wood *w, const char *name, const Net *net) {
  g_autoptr(GString) header = g_string_new("{");
  g_autoptr(GByteArray) body = g_byte_array_new();
  for (unsigned i = net->n; i-- > 0;) {
    const TensorOut *t = &net->t[i];
    guint begin = body->len, bytes = (guint)(count_of(t) * sizeof(float));
    g_autofree char *shape = t->rank > 1 ? g_strdup_printf("%d,%d", (int)t->shape[0], (int)t->shape[1])
                                         : g_strdup_printf("%d", (int)t->shape[0]);
    g_byte_array_append(body, (const guint8 *)t->data, bytes);
    g_string_append_printf(header, "%s\"module.%s\":{\"dtype\":\"F32\",\"shape\":[%s],\"data_offsets\":[%u,%u]}",
                           begin ? "," : "", t->name, shape, begin, begin + bytes);
  }
  g_string_append_c(header, '}');
  uint64_t length = header->len;
  g_autoptr(GByteArray) all = g_byte_array_new();
  g_byte_array_append(all, (const guint8 *)&length, sizeof length);
  g_byte_array_append(all, (const guint8 *)header->str, (guint)header->len);
  g_byte_array_append(all, body->data, body->len);
  g_autofree char *file = g_strdup_printf("%s/%s.safetensors", w->root, name);
  GError *error = NULL;
  g_assert_true(file_write_bytes(file, all->data, all->len, &error));
}

static void test_duplicates(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), ant = net_child(&base, 11, 0.2f);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/ant", &ant, "zoo/base");
  write_reversed(&w, "aa-copy", &ant);
  wood_write(&w, "zoo/reupload", &base, "zoo/base"); /* its card names what it copies */
  wood_grow(&w, NULL);
  g_assert_cmpint(node(&w, "aa-copy")->duplicate_of, ==, (int)find(&w, "zoo/ant"));
  assert_parent(&w, "aa-copy", "zoo/ant", EDGE_RELATED, EDGE_RECOVERED);
  g_assert_cmpint(node(&w, "zoo/ant")->duplicate_of, ==, -1);
  assert_parent(&w, "zoo/ant", "zoo/base", EDGE_CONTINUED, EDGE_DECLARED);
  g_assert_cmpint(node(&w, "zoo/reupload")->duplicate_of, ==, (int)find(&w, "zoo/base"));
  assert_parent(&w, "zoo/reupload", "zoo/base", EDGE_FINE_TUNE, EDGE_DECLARED);
  g_assert_cmpint(w.forest->trees, ==, 1);
  g_assert_null(edge(&w, "zoo/base"));
}

static void test_checkpoints(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), s1 = net_child(&base, 11, 0.2f), s2 = net_child(&s1, 12, 0.1f);
  g_auto(Net) s10 = net_child(&s2, 13, 0.1f);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "run/checkpoint-1", &s1, "zoo/base");
  wood_write(&w, "run/checkpoint-2", &s2, "zoo/base");
  wood_write(&w, "run/checkpoint-10", &s10, "zoo/base");
  wood_grow(&w, NULL);
  assert_parent(&w, "run/checkpoint-1", "zoo/base", EDGE_CONTINUED, EDGE_DECLARED);
  assert_parent(&w, "run/checkpoint-2", "run/checkpoint-1", EDGE_CHECKPOINT, EDGE_RECOVERED);
  assert_parent(&w, "run/checkpoint-10", "run/checkpoint-2", EDGE_CHECKPOINT, EDGE_RECOVERED);
}

/* Without weights the cards alone speak, liars included. */
static void test_declared_only(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), liar = net_fresh(2, 10), child = net_child(&base, 3, 0.1f);
  wood_write(&w, "zoo/base", &base, NULL);
  wood_write(&w, "zoo/liar", &liar, "base");
  wood_write(&w, "zoo/child", &child, NULL);
  ForestOptions options = {.declared_only = true};
  wood_grow(&w, &options);
  assert_parent(&w, "zoo/liar", "zoo/base", EDGE_FINE_TUNE, EDGE_DECLARED);
  g_assert_null(edge(&w, "zoo/child"));
  g_assert_cmpint(w.forest->trees, ==, 2);
}

static void test_cancel(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10);
  wood_write(&w, "base", &base, NULL);
  wood_open(&w);
  CancelToken token;
  cancel_token_init(&token);
  cancel_token_set(&token);
  Progress progress = {.cancel = &token};
  GError *error = NULL;
  g_assert_null(forest_build(w.collection, w.models, NULL, &progress, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
  g_error_free(error);
}

static void test_empty(void) {
  g_auto(Wood) w = wood_new();
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 0);
}

/* Whatever is claimed, a pedigree is a tree: one root, no ring, known parents kept. */
static void test_pedigree_is_a_tree(void) {
  enum { N = 12 };
  g_auto(Wood) w = wood_new();
  g_autoptr(GPtrArray) sketches = g_ptr_array_new_with_free_func((GDestroyNotify)model_sketch_free);
  g_auto(Net) base = net_fresh(1, 10);
  for (uint64_t i = 0; i < N; i++) {
    g_auto(Net) net = net_child(&base, i, 0.2f);
    wood_write(&w, "m", &net, NULL);
    g_ptr_array_add(sketches, wood_sketch(&w, "m"));
  }
  model_sketches_centre(sketches, 2);
  Rng rng;
  rng_init(&rng, 6, 6);
  for (int trial = 0; trial < 300; trial++) {
    PedigreeMember members[N];
    const ModelSketch *rows[N];
    PedigreeEdge edges[N];
    for (int i = 0; i < N; i++) {
      int known = (int)rng_below(&rng, 2 * N);
      bool ghost = rng_below(&rng, 6) == 0;
      members[i] =
          (PedigreeMember){ghost ? NULL : sketches->pdata[i], (unsigned)i, known < N && known != i ? known : -1, 0};
      rows[i] = members[i].sketch;
    }
    g_autoptr(KinTable) table = kin_table_new(rows, N, 2, NULL, NULL);
    g_assert_true(pedigree_build(members, N, table, 2, edges, NULL, NULL, NULL));
    int roots = 0;
    for (int i = 0; i < N; i++) {
      int v = i, steps = 0;
      for (; edges[v].parent >= 0 && steps <= N; steps++) v = edges[v].parent;
      g_assert_cmpint(steps, <=, N);
      roots += edges[i].parent < 0;
      /* Known parents stay, unless they form a ring, of which a link must go. */
      for (v = i, steps = 0; v >= 0 && steps <= N; steps++) v = members[v].known;
      if (v < 0 && members[i].known >= 0) g_assert_true(edges[i].known);
      if (edges[i].known) g_assert_cmpint(edges[i].parent, ==, members[i].known);
    }
    g_assert_cmpint(roots, ==, 1);
  }
}

/* Children that moved each its own way, a few of them: what they seem to share is the noise of sketches. */
static void test_own_ways(void) {
  enum { WOODS = 8 };
  for (uint64_t seed = 1; seed <= WOODS; seed++) {
    g_auto(Wood) w = wood_new();
    g_auto(Net) base = net_fresh(100 * seed, 5);
    wood_write(&w, "base", &base, NULL);
    for (uint64_t i = 0; i < 4 + seed % 5; i++) {
      g_autofree char *name = g_strdup_printf("child%u", (unsigned)i);
      g_auto(Net) child = net_child(&base, 100 * seed + i + 1, seed % 2 ? 0.3f : 0.05f);
      wood_write(&w, name, &child, NULL);
    }
    wood_grow(&w, NULL);
    g_assert_cmpuint(w.forest->nodes->len, ==, w.models->len);
  }
}

static void test_names(void) {
  static const struct {
    const char *base, *name;
  } cases[] = {{"google/vit", "google/vit"},
               {" https://huggingface.co/google/vit/ ", "google/vit"},
               {"./models/vit/", "./models/vit"},
               {"gpt2", "gpt2"},
               {"None", NULL},
               {"", NULL},
               {"///", NULL},
               {"a model I found", NULL},
               {"<b>x</b>", NULL}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = base_name_clean(cases[i].base);
    g_assert_cmpstr(name, ==, cases[i].name);
  }
  static const struct {
    const char *path, *run;
    guint64 step;
  } steps[] = {{"r/checkpoint-200/model.safetensors", "r/checkpoint-#/model.safetensors", 200},
               {"r/epoch=03.pt", "r/epoch=#.pt", 3},
               {"net_iter_5000", "net_iter_#", 5000},
               {"r/model-2.pt", NULL, 0},
               {"footstep9x", NULL, 0},
               {"", NULL, 0}};
  for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
    g_autofree char *run = NULL;
    guint64 step = 0;
    bool found = declared_step(steps[i].path, &run, &step);
    g_assert_cmpint(found, ==, steps[i].run != NULL);
    g_assert_cmpstr(run, ==, steps[i].run);
    g_assert_cmpuint(step, ==, steps[i].step);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/lineage/full-models", test_full_models);
  g_test_add_func("/lineage/trees-are-stored", test_trees_are_stored);
  g_test_add_func("/lineage/ghost", test_ghost);
  g_test_add_func("/lineage/drift", test_drift);
  g_test_add_func("/lineage/adapters", test_adapters);
  g_test_add_func("/lineage/self-named", test_self_named);
  g_test_add_func("/lineage/adapters-alone", test_adapters_alone);
  g_test_add_func("/lineage/duplicates", test_duplicates);
  g_test_add_func("/lineage/checkpoints", test_checkpoints);
  g_test_add_func("/lineage/declared-only", test_declared_only);
  g_test_add_func("/lineage/cancel", test_cancel);
  g_test_add_func("/lineage/empty", test_empty);
  g_test_add_func("/lineage/pedigree-is-a-tree", test_pedigree_is_a_tree);
  g_test_add_func("/lineage/own-ways", test_own_ways);
  g_test_add_func("/lineage/names", test_names);
  return g_test_run();
}
