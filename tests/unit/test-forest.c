/* SPDX-License-Identifier: Apache-2.0 */
/* Whole forests of small made-up models: what is a copy, and that nothing but the models decides. */
#include <stdio.h>

#include "numerics/rng.h"
#include "lineage/forest/forest.h"
#include "lineage/forest/forest_text.h"
#include "lineage/grow/route.h"
#include "lineage/sketch/sketch_store.h"
#include "tests/unit/collection_fixture.h"

enum { ROWS = 192, COLUMNS = 64, NUMBERS = ROWS * COLUMNS }; /* more than a sketch looks at alone */

typedef struct {
  float embedding[NUMBERS], layer[COLUMNS * COLUMNS];
} Net;

static void net_fill(Net *net, uint64_t seed, float size) {
  Rng rng;
  rng_init(&rng, seed, 0);
  rng_fill_normal(&rng, net->embedding, NUMBERS, size);
  rng_fill_normal(&rng, net->layer, COLUMNS * COLUMNS, size);
}

static void net_move(const Net *from, uint64_t seed, float step, Net *to) {
  g_autofree Net *change = g_new(Net, 1);
  net_fill(change, seed, step);
  for (int i = 0; i < NUMBERS; i++) to->embedding[i] = from->embedding[i] + change->embedding[i];
  for (int i = 0; i < COLUMNS * COLUMNS; i++) to->layer[i] = from->layer[i] + change->layer[i];
}

static void put_net(const Fixture *f, const char *path, const Net *net, Dtype dtype) {
  const TensorOut t[] = {{"embed.weight", dtype, 2, {ROWS, COLUMNS}, net->embedding},
                         {"layer.weight", dtype, 2, {COLUMNS, COLUMNS}, net->layer}};
  put_tensors(f, path, t, 2, NULL);
}

static Forest *grow(Fixture *f, unsigned threads) {
  GError *error = NULL;
  ForestOptions options = {.threads = threads};
  Forest *forest = forest_build(f->collection, f->models, &options, NULL, &error);
  g_assert_no_error(error);
  return forest;
}

static const ForestNode *node_at(const Fixture *f, const Forest *forest, const char *path) {
  return forest_node(forest, (unsigned)forest_find(forest, model_at(f, path)));
}

static int original_of(const Fixture *f, const Forest *forest, const char *path) {
  return node_at(f, forest, path)->duplicate_of;
}

static int number_of(const Fixture *f, const Forest *forest, const char *path) {
  return forest_find(forest, model_at(f, path));
}

/* Two models that differ in the last rows of their embeddings alone, and both in half precision. */
static void test_recasts(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree Net *base = g_new(Net, 1), *tuned = g_new(Net, 1);
  net_fill(base, 1, 0.1f);
  *tuned = *base;
  for (int i = NUMBERS - 4 * COLUMNS; i < NUMBERS; i++) tuned->embedding[i] *= -0.5f;
  put_net(f, "base.safetensors", base, DTYPE_F32);
  put_net(f, "base-half.safetensors", base, DTYPE_F16);
  put_net(f, "tuned.safetensors", tuned, DTYPE_F32);
  put_net(f, "tuned-half.safetensors", tuned, DTYPE_F16);
  put_net(f, "tuned-brain.safetensors", tuned, DTYPE_BF16);
  scan(f);
  g_autoptr(Forest) forest = grow(f, 2);
  int plain = number_of(f, forest, "base.safetensors"), other = number_of(f, forest, "tuned.safetensors");
  g_assert_cmpint(original_of(f, forest, "base.safetensors"), ==, -1);
  g_assert_cmpint(original_of(f, forest, "tuned.safetensors"), ==, -1);
  g_assert_cmpint(original_of(f, forest, "base-half.safetensors"), ==, plain);
  g_assert_cmpint(original_of(f, forest, "tuned-half.safetensors"), ==, other);
  g_assert_cmpint(original_of(f, forest, "tuned-brain.safetensors"), ==, other);
  g_assert_cmpint(forest->trees, ==, 1);
}

/* A rounded child of a model that is not at hand is nobody's copy. */
static void test_no_recast(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree Net *base = g_new(Net, 1), *tuned = g_new(Net, 1);
  net_fill(base, 1, 0.1f);
  *tuned = *base;
  for (int i = NUMBERS - 4 * COLUMNS; i < NUMBERS; i++) tuned->embedding[i] *= -0.5f;
  put_net(f, "base.safetensors", base, DTYPE_F32);
  put_net(f, "tuned-half.safetensors", tuned, DTYPE_F16);
  scan(f);
  g_autoptr(Forest) forest = grow(f, 1);
  g_assert_cmpint(original_of(f, forest, "tuned-half.safetensors"), ==, -1);
}

/* What was rounded from double precision is a copy of it, in whatever shorter format. */
static void test_recasts_of_double(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree Net *net = g_new(Net, 1), *other = g_new(Net, 1);
  net_fill(net, 1, 0.1f);
  *other = *net;
  for (int i = 0; i < COLUMNS; i++) other->embedding[i] *= 1 + 1e-5f; /* equal in half precision */
  put_net(f, "z-double.safetensors", net, DTYPE_F64);
  put_net(f, "single.safetensors", net, DTYPE_F32);
  put_net(f, "half.safetensors", net, DTYPE_F16);
  put_net(f, "near.safetensors", other, DTYPE_F32);
  scan(f);
  g_autoptr(Forest) forest = grow(f, 1);
  int finest = number_of(f, forest, "z-double.safetensors");
  g_assert_cmpint(original_of(f, forest, "z-double.safetensors"), ==, -1);
  g_assert_cmpint(original_of(f, forest, "single.safetensors"), ==, finest);
  g_assert_cmpint(original_of(f, forest, "half.safetensors"), ==, finest);
  g_assert_cmpint(original_of(f, forest, "near.safetensors"), ==, -1);
}

/* ---- which of equal models stands for the others ---- */

static int parent_of(const Fixture *f, const Forest *forest, const char *path) {
  const GArray *parents = node_at(f, forest, path)->parents;
  return parents->len ? (int)g_array_index(parents, ParentEdge, 0).parent : -1;
}

/* A copy takes no step's place in its run, whatever it is called and whoever's card it carries. */
static void test_copied_step(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree Net *step = g_new(Net, 3);
  net_fill(&step[0], 1, 0.1f);
  net_move(&step[0], 2, 0.02f, &step[1]);
  net_move(&step[1], 3, 0.02f, &step[2]);
  for (int i = 0; i < 3; i++) {
    g_autofree char *path = g_strdup_printf("run/checkpoint-%d/model.safetensors", 100 * (i + 1));
    put_net(f, path, &step[i], DTYPE_F32);
  }
  put_net(f, "a-net/model.safetensors", &step[1], DTYPE_F32);
  put_net(f, "carded/model.safetensors", &step[1], DTYPE_F32);
  put_text(f, "carded/README.md", "---\nbase_model: run/checkpoint-100\n---\n");
  put_net(f, "run/checkpoint-1000/model.safetensors", &step[2], DTYPE_F32); /* the training had ended */
  scan(f);
  g_autoptr(Forest) forest = grow(f, 1);
  int first = number_of(f, forest, "run/checkpoint-100/model.safetensors");
  int second = number_of(f, forest, "run/checkpoint-200/model.safetensors");
  int third = number_of(f, forest, "run/checkpoint-300/model.safetensors");
  g_assert_cmpint(original_of(f, forest, "run/checkpoint-200/model.safetensors"), ==, -1);
  g_assert_cmpint(original_of(f, forest, "a-net/model.safetensors"), ==, second);
  g_assert_cmpint(original_of(f, forest, "carded/model.safetensors"), ==, second);
  g_assert_cmpint(original_of(f, forest, "run/checkpoint-1000/model.safetensors"), ==, third);
  g_assert_cmpint(parent_of(f, forest, "run/checkpoint-200/model.safetensors"), ==, first);
  g_assert_cmpint(parent_of(f, forest, "run/checkpoint-300/model.safetensors"), ==, second);
  g_assert_cmpint(parent_of(f, forest, "a-net/model.safetensors"), ==, second);
}

/* Then whom a card names, and whose path is plain. */
static void test_original_by_name(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree Net *net = g_new(Net, 3);
  for (unsigned i = 0; i < 2; i++) net_fill(&net[i], 1 + i, 0.1f);
  net_move(&net[0], 3, 0.02f, &net[2]);
  put_net(f, "a-mirror/model.safetensors", &net[0], DTYPE_F32);
  put_net(f, "named/model.safetensors", &net[0], DTYPE_F32);
  put_net(f, "child/model.safetensors", &net[2], DTYPE_F32);
  put_text(f, "child/README.md", "---\nbase_model: org/named\n---\n");
  put_net(f, "fox (copy).safetensors", &net[1], DTYPE_F32);
  put_net(f, "deep/er/fox.safetensors", &net[1], DTYPE_F32);
  put_net(f, "zebra/fox.safetensors", &net[1], DTYPE_F32);
  scan(f);
  g_autoptr(Forest) forest = grow(f, 1);
  int named = number_of(f, forest, "named/model.safetensors");
  int plain = number_of(f, forest, "zebra/fox.safetensors");
  g_assert_cmpint(original_of(f, forest, "a-mirror/model.safetensors"), ==, named);
  g_assert_cmpint(original_of(f, forest, "named/model.safetensors"), ==, -1);
  g_assert_cmpint(parent_of(f, forest, "child/model.safetensors"), ==, named);
  g_assert_cmpint(original_of(f, forest, "fox (copy).safetensors"), ==, plain);
  g_assert_cmpint(original_of(f, forest, "deep/er/fox.safetensors"), ==, plain);
}

/* ---- nothing but the models decides ---- */

enum { MANY = 24 };

/* Two trees: model i > 1 comes from one of those before it in its tree. */
static void put_many(const Fixture *f, bool backwards) {
  g_autofree Net *nets = g_new(Net, MANY);
  Rng rng;
  rng_init(&rng, 7, 0);
  for (unsigned i = 0; i < MANY; i++) {
    unsigned parent = i % 2 + 2 * (unsigned)rng_below(&rng, MAX(i / 2, 1));
    if (i < 2) net_fill(&nets[i], 100 + i, 0.1f);
    else net_move(&nets[parent], 100 + i, rng_range(&rng, 0.005f, 0.03f), &nets[i]);
  }
  for (unsigned k = 0; k < MANY; k++) {
    unsigned i = backwards ? MANY - 1 - k : k;
    g_autofree char *path = g_strdup_printf("m%02u.safetensors", i);
    put_net(f, path, &nets[i], i % 5 == 4 ? DTYPE_BF16 : DTYPE_F32);
  }
}

static char *all_said(const Forest *forest) {
  g_autofree char *dot = forest_to_dot(forest), *newick = forest_to_newick(forest);
  return g_strconcat(dot, newick, NULL);
}

/* What the forest says when the files were written in that order and are read on so many threads. */
static char *said_with(Fixture *f, bool backwards, unsigned threads) {
  if (f->collection) close_collection(f);
  for (unsigned i = 0; i < MANY; i++) {
    g_autofree char *path = g_strdup_printf("m%02u.safetensors", i), *full = place(f, path);
    remove(full);
  }
  put_many(f, backwards);
  scan(f);
  g_autoptr(Forest) forest = grow(f, threads);
  g_assert_cmpint(forest->trees, ==, 2);
  return all_said(forest);
}

static void test_order_and_threads(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree char *expected = said_with(f, false, 1);
  for (unsigned threads = 1; threads <= 4; threads++) {
    g_autofree char *forwards = said_with(f, false, threads);
    g_autofree char *backwards = said_with(f, true, threads);
    g_assert_cmpstr(forwards, ==, expected);
    g_assert_cmpstr(backwards, ==, expected);
  }
}

/* ---- bases ---- */

/* What came from a model by the steps of its run is no base of it. */
static void test_bases_come_before(Fixture *f, gconstpointer unused) {
  (void)unused;
  g_autofree Net *step = g_new(Net, 3);
  net_fill(&step[0], 1, 0.1f);
  net_move(&step[0], 2, 0.02f, &step[1]);
  net_move(&step[1], 3, 0.02f, &step[2]);
  for (int i = 0; i < 3; i++) {
    g_autofree char *path = g_strdup_printf("run/checkpoint-%d.safetensors", i + 1);
    put_net(f, path, &step[i], DTYPE_F32);
  }
  scan(f);
  g_autoptr(Forest) forest = grow(f, 1);
  g_autoptr(GPtrArray) notes = NULL;
  g_autoptr(GPtrArray) sketches = sketch_store_load(f->collection, f->models, 0, 1, NULL, &notes, NULL);
  model_sketches_centre(sketches, 1);
  for (unsigned i = 0; i < 3; i++) {
    g_autofree char *path = g_strdup_printf("run/checkpoint-%u.safetensors", i + 1);
    int self = number_of(f, forest, path);
    g_autoptr(GArray) bases = route_bases(forest, sketches, sketches->pdata[self], false, NULL, self, -1, 9);
    g_assert_cmpuint(bases->len, ==, i);
    if (i) g_assert_true(g_array_index(bases, BaseFit, 0).parent);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/forest", "recasts", test_recasts);
  add_test("/forest", "no-recast", test_no_recast);
  add_test("/forest", "recasts-of-double", test_recasts_of_double);
  add_test("/forest", "copied-step", test_copied_step);
  add_test("/forest", "original-by-name", test_original_by_name);
  add_test("/forest", "order-and-threads", test_order_and_threads);
  add_test("/forest", "bases", test_bases_come_before);
  return g_test_run();
}
