/* SPDX-License-Identifier: Apache-2.0 */
/* The parts that lineage is made of, each on numbers made for it. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "core/files.h"
#include "numerics/rng.h"
#include "planter/gguf_write.h"
#include "lineage/grow/branching.h"
#include "lineage/grow/lifting.h"
#include "lineage/grow/missing_base.h"
#include "numerics/arborescence.h"
#include "lineage/grow/card_check.h"
#include "weights/convert.h"
#include "weights/half.h"
#include "weights/layers/gguf_names.h"
#include "numerics/quant_levels.h"
#include "lineage/grow/merges.h"
#include "lineage/diff/model_diff.h"
#include "tests/unit/counting_source.h"
#include "weights/formats/safetensors.h"
#include "weights/weight_open.h"

enum { SIDE = 64, NUMBERS = SIDE * SIDE, MATRICES = 3 };

static char *top;

/* A model of three matrices, and its sketch. */
typedef struct {
  float x[MATRICES][NUMBERS];
} Net;

static void net_fill(Net *net, uint64_t seed) {
  Rng rng;
  rng_init(&rng, seed, 0);
  for (int i = 0; i < MATRICES; i++) rng_fill_normal(&rng, net->x[i], NUMBERS, 0.1f);
}

/* from + step x something of its own */
static void net_move(const Net *from, uint64_t seed, float step, Net *to) {
  Net change;
  net_fill(&change, seed);
  for (int i = 0; i < MATRICES; i++)
    for (int k = 0; k < NUMBERS; k++) to->x[i][k] = from->x[i][k] + step * change.x[i][k];
}

static void net_tensors(const Net *net, Dtype dtype, const char *const names[MATRICES], TensorOut out[MATRICES]) {
  for (int i = 0; i < MATRICES; i++)
    out[i] = (TensorOut){.name = names[i], .dtype = dtype, .rank = 2, .shape = {SIDE, SIDE}, .data = net->x[i]};
}

static const char *const plain_names[MATRICES] = {"a.weight", "b.weight", "c.weight"};

static ModelSketch *sketch_file(const char *path) {
  GError *error = NULL;
  g_autoptr(WeightFile) file = weight_file_open(path, &error);
  g_assert_no_error(error);
  ModelSketch *s = model_sketch_read(file, NULL, 0, NULL, &error);
  g_assert_no_error(error);
  return s;
}

static ModelSketch *sketch_as(const Net *net, Dtype dtype, const char *const names[MATRICES]) {
  TensorOut tensors[MATRICES];
  GError *error = NULL;
  g_autofree char *path = g_build_filename(top, "net.safetensors", NULL);
  net_tensors(net, dtype, names, tensors);
  safetensors_write(path, tensors, MATRICES, NULL, &error);
  g_assert_no_error(error);
  return sketch_file(path);
}

static ModelSketch *sketch_of(const Net *net) { return sketch_as(net, DTYPE_F32, plain_names); }

/* ---- arborescence ---- */

static double cost_of(unsigned n, const double *cost, const int *parent) {
  double sum = 0;
  unsigned roots = 0;
  for (unsigned v = 0; v < n; v++) {
    unsigned steps = 0;
    for (int at = (int)v; at >= 0; at = parent[at])
      if (++steps > n) return INFINITY; /* a ring */
    if (parent[v] < 0) roots++;
    else sum += cost[(unsigned)parent[v] * n + v];
  }
  return roots == 1 ? sum : INFINITY;
}

/* Against all (n + 1)^n ways. */
static void test_arborescence(void) {
  Rng rng;
  rng_init(&rng, 3, 0);
  for (int trial = 0; trial < 400; trial++) {
    unsigned n = 1 + (unsigned)rng_below(&rng, 5);
    double cost[25];
    int parent[5], all[5];
    for (unsigned i = 0; i < n * n; i++) cost[i] = (double)(1 + rng_below(&rng, 20));
    arborescence_find(n, cost, parent);
    double best = INFINITY, ways = pow(n + 1, n);
    for (unsigned way = 0; way < ways; way++) {
      bool valid = true;
      for (unsigned v = 0, w = way; v < n; v++, w /= n + 1) {
        all[v] = (int)(w % (n + 1)) - 1;
        valid &= all[v] != (int)v;
      }
      if (valid) best = fmin(best, cost_of(n, cost, all));
    }
    g_assert_cmpfloat(cost_of(n, cost, parent), ==, best);
  }
}

/* ---- levels ---- */

static void test_grid(void) {
  enum { N = 4096, ROW = 64 };
  g_autofree float *x = g_new(float, N), *q = g_new(float, N);
  Rng rng;
  rng_init(&rng, 5, 0);
  rng_fill_normal(&rng, x, N, 0.1f);
  g_assert_false(quant_levels_fit(x, N, ROW, 0.5f));
  static const struct {
    size_t group;
    float levels;
  } ways[] = {{ROW, 127}, {N, 127}, {32, 127}, {32, 8}, {32, 7}};
  for (size_t w = 0; w < G_N_ELEMENTS(ways); w++) {
    float all = 0;
    for (size_t at = 0; at < N; at += ways[w].group) {
      float most = 0;
      for (size_t i = 0; i < ways[w].group; i++) most = fmaxf(most, fabsf(x[at + i]));
      for (size_t i = 0; i < ways[w].group; i++)
        q[at + i] = rintf(x[at + i] * ways[w].levels / most) * (most / ways[w].levels);
      all = fmaxf(all, most);
    }
    g_assert_true(quant_levels_fit(q, N, ROW, all));
    for (int i = 0; i < N; i++) { /* stored in half precision */
      uint16_t half;
      dtype_from_f32(DTYPE_F16, &q[i], &half, 1);
      q[i] = half_to_f32(half);
    }
    g_assert_true(quant_levels_fit(q, N, ROW, all));
    for (int i = 0; i < N; i++) q[i] += 0.003f * rng_normal(&rng); /* trained on */
    g_assert_false(quant_levels_fit(q, N, ROW, all));
  }
  memset(x, 0, N * sizeof *x);
  g_assert_false(quant_levels_fit(x, N, ROW, 0));
  g_assert_false(quant_levels_fit(x, 10, ROW, 1));
}

/* ---- recasts ---- */

static void test_rounding(void) {
  Net net, other;
  net_fill(&net, 1);
  net_move(&net, 2, 1e-3f, &other);
  g_autoptr(ModelSketch) f32 = sketch_of(&net);
  g_autoptr(ModelSketch) f16 = sketch_as(&net, DTYPE_F16, plain_names);
  g_autoptr(ModelSketch) bf16 = sketch_as(&net, DTYPE_BF16, plain_names);
  g_autoptr(ModelSketch) moved = sketch_as(&other, DTYPE_F16, plain_names);
  g_autoptr(ModelSketch) f64 = sketch_as(&net, DTYPE_F64, plain_names);
  g_assert_true(content_hash_equal(f64->as_single, f32->as_single));
  g_assert_false(content_hash_equal(f32->as_single, f16->as_single));
  g_assert_true(content_hash_equal(f32->as_half, f16->as_half));
  g_assert_true(content_hash_equal(f32->as_brain, bf16->as_brain));
  g_assert_false(content_hash_equal(f32->content, f16->content));
  g_assert_false(content_hash_equal(f32->as_half, moved->as_half));
  for (guint i = 0; i < f32->tensors->len; i++) {
    const TensorSketch *t = &g_array_index(f32->tensors, TensorSketch, i);
    g_assert_true(tensor_sketch_equal(t, &g_array_index(f16->tensors, TensorSketch, i)));
    g_assert_true(tensor_sketch_equal(&g_array_index(bf16->tensors, TensorSketch, i), t));
    g_assert_false(tensor_sketch_equal(t, &g_array_index(moved->tensors, TensorSketch, i)));
  }
  g_assert_cmpfloat(f16->epsilon, >, f32->epsilon);
  g_assert_cmpfloat(bf16->epsilon, >, f16->epsilon);
  g_assert_false(f16->quantised);
}

/* ---- GGUF ---- */

/* A quantised copy of a language model, under GGUF's names, is known for what it is. */
static void test_gguf_copy(void) {
  static const char *const names[MATRICES] = {"model.embed_tokens.weight", "model.layers.0.self_attn.v_proj.weight",
                                              "model.layers.0.mlp.up_proj.weight"};
  static const char *const packed[MATRICES] = {"token_embd.weight", "blk.0.attn_v.weight", "blk.0.ffn_up.weight"};
  Net net;
  TensorOut tensors[MATRICES];
  GError *error = NULL;
  net_fill(&net, 4);
  g_autoptr(ModelSketch) parent = sketch_as(&net, DTYPE_F32, names);
  g_autofree char *path = g_build_filename(top, "net.gguf", NULL);
  net_tensors(&net, DTYPE_F32, packed, tensors);
  gguf_write(path, "llama", tensors, MATRICES, &error);
  g_assert_no_error(error);
  g_autoptr(ModelSketch) copy = sketch_file(path);
  g_assert_true(copy->quantised);
  g_assert_false(parent->quantised);
  g_autoptr(GPtrArray) both = g_ptr_array_new();
  g_ptr_array_add(both, parent);
  g_ptr_array_add(both, copy);
  model_sketches_centre(both, 1);
  Kinship k;
  kinship_compare(parent, copy, &k);
  g_assert_true(kinship_is_kin(&k));
  g_assert_cmpfloat(k.common, ==, 1);
  /* Of equal matrices each estimate is off by sqrt(2 / 256) = 0.09: of three of a size by 0.05. */
  g_assert_cmpfloat(k.cosine, >, 1 - 4 * 0.05);
  g_assert_cmpfloat(k.distance2, <, 1e-3 * k.norm2_a);
}

static void test_gguf_rows(void) {
  g_assert_true(gguf_layer_is_permuted("blk.0.attn_k", "llama"));
  g_assert_false(gguf_layer_is_permuted("blk.0.attn_k", "qwen2"));
  g_assert_false(gguf_layer_is_permuted("blk.0.attn_v", "llama"));
  g_assert_false(gguf_layer_is_permuted("blk.0.attn_k", NULL));
}

/* ---- merges ---- */

enum { MOST = 10 };

typedef struct {
  Net net[MOST];
  GPtrArray *sketches;
  KinTable *table;
  GArray *members;
} Family;

static void family_settle(Family *f, unsigned n) {
  const ModelSketch *rows[MOST];
  f->sketches = g_ptr_array_new_with_free_func((GDestroyNotify)model_sketch_free);
  f->members = g_array_new(FALSE, FALSE, sizeof(unsigned));
  for (unsigned i = 0; i < n; i++) {
    g_ptr_array_add(f->sketches, sketch_of(&f->net[i]));
    g_array_append_val(f->members, i);
  }
  model_sketches_centre(f->sketches, 1);
  for (unsigned i = 0; i < n; i++) rows[i] = f->sketches->pdata[i];
  f->table = kin_table_new(rows, n, 1, NULL, NULL);
}

static void family_clear(Family *f) {
  g_ptr_array_unref(f->sketches);
  g_array_unref(f->members);
  kin_table_free(f->table);
}

static void mix(Net *to, const Net *a, float wa, const Net *b, float wb, const Net *o, float wo) {
  for (int i = 0; i < MATRICES; i++)
    for (int k = 0; k < NUMBERS; k++) to->x[i][k] = wa * a->x[i][k] + wb * b->x[i][k] + wo * o->x[i][k];
}

static const Merge *merge_of(const GArray *found, unsigned child) {
  for (guint i = 0; i < found->len; i++)
    if (g_array_index(found, Merge, i).child == child) return &g_array_index(found, Merge, i);
  return NULL;
}

static double weight_in(const Merge *m, unsigned parent) {
  for (unsigned k = 0; k < m->n; k++)
    if (m->parent[k] == parent) return m->weight[k];
  return 0;
}

/* A base, three children, a grandchild; an average, a weighted sum of the same two, a sum of task
 * vectors. Five models that are no merges stay none. */
static void test_merges(void) {
  Family *f = g_new0(Family, 1);
  net_fill(&f->net[0], 1);
  for (unsigned i = 1; i <= 3; i++) net_move(&f->net[0], 10 + i, 0.05f * (float)i, &f->net[i]);
  net_move(&f->net[1], 20, 0.1f, &f->net[4]);
  mix(&f->net[5], &f->net[1], 0.5f, &f->net[2], 0.5f, &f->net[0], 0);
  mix(&f->net[6], &f->net[1], 0.3f, &f->net[2], 0.7f, &f->net[0], 0);
  mix(&f->net[7], &f->net[3], 0.7f, &f->net[4], 0.7f, &f->net[0], -0.4f);
  family_settle(f, 8);
  g_autoptr(GArray) found = merges_find(f->table, f->members, NULL, 1, NULL, NULL);
  g_assert_cmpuint(found->len, ==, 3);
  const Merge *average = merge_of(found, 5), *sum = merge_of(found, 6), *task = merge_of(found, 7);
  g_assert_true(average && sum && task);
  g_assert_cmpuint(average->n, ==, 2);
  g_assert_cmpfloat_with_epsilon(weight_in(average, 1), 0.5, 1e-3);
  g_assert_cmpfloat_with_epsilon(weight_in(average, 2), 0.5, 1e-3);
  g_assert_cmpfloat_with_epsilon(weight_in(sum, 1), 0.3, 1e-3);
  g_assert_cmpfloat_with_epsilon(weight_in(sum, 2), 0.7, 1e-3);
  g_assert_cmpuint(task->n, ==, 3);
  g_assert_cmpfloat_with_epsilon(weight_in(task, 3), 0.7, 1e-3);
  g_assert_cmpfloat_with_epsilon(weight_in(task, 0), -0.4, 1e-3);
  family_clear(f);
  g_free(f);
}

/* ---- missing bases ---- */

/* Children of one base, seen with the base on disk and without. */
static void test_missing_base(void) {
  for (int missing = 0; missing < 2; missing++) {
    Family *f = g_new0(Family, 1);
    Net base;
    net_fill(&base, 1);
    unsigned n = 0;
    if (!missing) f->net[n++] = base;
    for (unsigned i = 0; i < 7; i++) net_move(&base, 30 + i, 0.05f + 0.02f * (float)i, &f->net[n++]);
    family_settle(f, n);
    PedigreeMember members[MOST];
    for (unsigned i = 0; i < n; i++) members[i] = (PedigreeMember){f->sketches->pdata[i], i, -1, 0};
    Spanning span, euclid;
    g_assert_true(spanning_build(members, n, f->table, SPANNING_TAIL, 1, &span, NULL, NULL));
    g_assert_true(spanning_build(members, n, f->table, SPANNING_EUCLID, 1, &euclid, NULL, NULL));
    Absent absent;
    bool found = missing_base_find(members, n, f->table, &span, &euclid, NULL, &absent);
    g_assert_cmpint(found, ==, missing);
    g_free(absent.doubt);
    if (found) {
      g_assert_cmpuint(absent.siblings->len, >=, 6);
      g_assert_cmpuint(g_array_index(absent.siblings, unsigned, 0), ==, 0); /* moved least */
      g_array_unref(absent.siblings);
    }
    spanning_clear(&span);
    spanning_clear(&euclid);
    family_clear(f);
    g_free(f);
  }
}

/* ---- lifting ---- */

/* A sibling that went most of another's way lies nearer to it than to their base, and is lifted; a child stays, and so
 * does one whose parent is known. */
static void test_lifting(void) {
  enum { BASE, PARENT, SIBLING, CHILD, N };
  static const unsigned order[N] = {BASE, PARENT, SIBLING, CHILD};
  Family *f = g_new0(Family, 1);
  Net own;
  net_fill(&f->net[BASE], 1);
  net_move(&f->net[BASE], 60, 0.1f, &f->net[PARENT]);
  net_move(&f->net[BASE], 61, 0.1f, &own);
  mix(&f->net[SIBLING], &own, 1, &f->net[PARENT], 0.6f, &f->net[BASE], -0.6f);
  net_move(&f->net[PARENT], 62, 0.03f, &f->net[CHILD]);
  family_settle(f, N);
  PedigreeMember members[N];
  for (unsigned i = 0; i < N; i++) members[i] = (PedigreeMember){f->sketches->pdata[i], i, -1, 0};
  g_assert_cmpfloat(kin_table_get(f->table, SIBLING, PARENT).distance2, <,
                    kin_table_get(f->table, SIBLING, BASE).distance2);
  g_assert_cmpfloat(lifting_share(members, f->table, BASE, PARENT, SIBLING), <, 0.7);
  g_assert_cmpfloat(lifting_share(members, f->table, BASE, PARENT, CHILD), >, 0.9);
  int parent[N] = {-1, BASE, PARENT, PARENT};
  g_assert_cmpuint(lifting_apply(members, N, f->table, order, parent), ==, 1);
  g_assert_cmpint(parent[SIBLING], ==, BASE);
  g_assert_cmpint(parent[CHILD], ==, PARENT);
  parent[SIBLING] = members[SIBLING].known = PARENT;
  g_assert_cmpuint(lifting_apply(members, N, f->table, order, parent), ==, 0);
  family_clear(f);
  g_free(f);
}

/* Branches that share a direction turn together at their base, and one that goes on away from it. */
static void test_turns(void) {
  enum { BASE, ONE, OTHER, LATER, N };
  static const int neighbour[N] = {-1, BASE, BASE, ONE};
  Family *f = g_new0(Family, 1);
  Net way, a, b;
  net_fill(&f->net[BASE], 1);
  net_move(&f->net[BASE], 70, 0.1f, &way);
  net_move(&f->net[BASE], 71, 0.1f, &a);
  net_move(&f->net[BASE], 72, 0.1f, &b);
  mix(&f->net[ONE], &a, 1, &way, 1, &f->net[BASE], -1);
  mix(&f->net[OTHER], &b, 1, &way, 1, &f->net[BASE], -1);
  mix(&f->net[LATER], &f->net[ONE], 1, &way, 0.8f, &f->net[BASE], -0.8f);
  family_settle(f, N);
  PedigreeMember members[N];
  for (unsigned i = 0; i < N; i++) members[i] = (PedigreeMember){f->sketches->pdata[i], i, -1, 0};
  Branching tree;
  branching_init(&tree, members, N, f->table, neighbour);
  g_assert_cmpuint(branching_count(&tree, BASE), ==, 2);
  g_assert_cmpuint(branching_count(&tree, LATER), ==, 1);
  g_assert_cmpfloat(branching_turn(&tree, BASE, ONE), >, 0.3);
  g_assert_cmpfloat(branching_turn(&tree, ONE, LATER), <, -0.3);
  g_assert_cmpfloat(branching_turn(&tree, LATER, ONE), ==, 0);
  branching_clear(&tree);
  family_clear(f);
  g_free(f);
}

/* ---- cards ---- */

/* True when the card of net 2 that names net 1 is believed, `step`^2 of net 2's way away from net 0,
 * from which net 1 also comes. The clocks are those of the two. */
static bool is_believed(float step, double parent_clock, double child_clock) {
  Family *f = g_new0(Family, 1);
  PedigreeMember members[3];
  Spanning span;
  net_fill(&f->net[0], 1);
  net_move(&f->net[0], 50, 0.1f * step, &f->net[1]);
  net_move(&f->net[0], 51, 0.1f, &f->net[2]);
  family_settle(f, 3);
  for (unsigned i = 0; i < 3; i++) members[i] = (PedigreeMember){f->sketches->pdata[i], i, -1, 0};
  ((ModelSketch *)f->sketches->pdata[1])->clock = parent_clock;
  ((ModelSketch *)f->sketches->pdata[2])->clock = child_clock;
  g_assert_true(spanning_build(members, 3, f->table, SPANNING_TAIL, 1, &span, NULL, NULL));
  g_assert_true(card_is_believed(members, 3, f->table, &span, 2, 0));
  bool believed = card_is_believed(members, 3, f->table, &span, 2, 1);
  spanning_clear(&span);
  family_clear(f);
  g_free(f);
  return believed;
}

/* A sibling is no parent; one that hardly moved may be, unless its clock is ahead of the child's. */
static void test_cards(void) {
  g_assert_false(is_believed(0.9f, 100, 200));
  g_assert_true(is_believed(0.45f, 100, 200));
  g_assert_false(is_believed(0.45f, 200, 100));
  g_assert_true(is_believed(0.01f, 200, 100));
}

/* ---- reading ---- */

/* A sketch takes one pass: each byte of every tensor is read once, and no other. */
static void test_reads_once(void) {
  static const char *const names[MATRICES] = {"a.weight", "classifier.weight", "steps.num_batches_tracked"};
  Net net;
  TensorOut tensors[MATRICES];
  GError *error = NULL;
  CountingSource *counts;
  g_autofree char *path = g_build_filename(top, "read-once.safetensors", NULL);
  net_fill(&net, 1);
  net_tensors(&net, DTYPE_F32, names, tensors);
  tensors[1].dtype = DTYPE_F16; /* of which the same bytes are twice as many numbers */
  tensors[1].shape[1] *= 2;
  tensors[2].dtype = DTYPE_I64;
  tensors[2].rank = 1, tensors[2].shape[0] = NUMBERS / 2;
  g_assert_true(safetensors_write(path, tensors, MATRICES, NULL, &error));
  g_autoptr(ByteSource) source = counting_source_open(path, &counts);
  g_autoptr(WeightFile) file = weight_file_open_source(source, &error);
  g_assert_no_error(error);
  counting_source_reset(counts);
  g_autoptr(ModelSketch) sketch = model_sketch_read(file, NULL, 0, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(sketch->tensors->len, ==, MATRICES);
  g_assert_cmpuint(counting_source_more(counts), ==, 0);
  g_assert_cmpuint(counting_source_once(counts), ==, MATRICES * NUMBERS * sizeof(float));
}

/* ---- differences ---- */

static void test_difference(void) {
  static const char *const wrapped[MATRICES] = {"module.a.weight", "module.b.weight", "d.weight"};
  Net a, b;
  TensorOut tensors[MATRICES];
  GError *error = NULL;
  net_fill(&a, 1);
  b = a;
  for (int i = 0; i < NUMBERS; i++) b.x[1][i] = -2 * b.x[1][i];
  g_autofree char *one = g_build_filename(top, "one.safetensors", NULL);
  g_autofree char *two = g_build_filename(top, "two.safetensors", NULL);
  net_tensors(&a, DTYPE_F32, plain_names, tensors);
  g_assert_true(safetensors_write(one, tensors, MATRICES, NULL, &error));
  net_tensors(&b, DTYPE_F32, wrapped, tensors);
  g_assert_true(safetensors_write(two, tensors, MATRICES, NULL, &error));
  g_autoptr(WeightFile) x = weight_file_open(one, &error);
  g_autoptr(WeightFile) y = weight_file_open(two, &error);
  g_autoptr(ModelDiff) diff = model_diff_files(x, NULL, y, NULL, NULL, &error);
  g_assert_no_error(error);
  g_assert_cmpuint(diff->rows->len, ==, 4);
  const DiffRow *d = &g_array_index(diff->rows, DiffRow, 0); /* in y's order */
  g_assert_cmpstr(d[0].name, ==, "d");
  g_assert_cmpint(d[0].state, ==, LAYER_ONLY_X);
  g_assert_cmpstr(d[1].name, ==, "a");
  g_assert_cmpint(d[1].state, ==, LAYER_SAME);
  g_assert_cmpint(d[2].state, ==, LAYER_MOVED);
  g_assert_cmpfloat_with_epsilon(d[2].relative, 3, 1e-6);
  g_assert_cmpint(d[3].state, ==, LAYER_ONLY_P);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  top = g_dir_make_tmp("copse-kin-XXXXXX", NULL);
  g_test_add_func("/kin/arborescence", test_arborescence);
  g_test_add_func("/kin/grid", test_grid);
  g_test_add_func("/kin/rounding", test_rounding);
  g_test_add_func("/kin/gguf-copy", test_gguf_copy);
  g_test_add_func("/kin/gguf-rows", test_gguf_rows);
  g_test_add_func("/kin/merges", test_merges);
  g_test_add_func("/kin/absent", test_missing_base);
  g_test_add_func("/kin/lifting", test_lifting);
  g_test_add_func("/kin/turns", test_turns);
  g_test_add_func("/kin/cards", test_cards);
  g_test_add_func("/kin/reads-once", test_reads_once);
  g_test_add_func("/kin/difference", test_difference);
  int status = g_test_run();
  dir_remove(top, NULL);
  g_free(top);
  return status;
}
