/* SPDX-License-Identifier: Apache-2.0 */
/* Merges of many kinds in a wood of their base and five of its children: found with all their parents and the method,
 * from the weights alone; and nothing is found where nothing was merged. */
#include "tests/unit/lineage_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lineage/grow/merge_recipe.h"
#include "lineage/sketch/sketch_store.h"

enum { CHILDREN = 5 };

typedef struct {
  Net base, child[CHILDREN], merge;
} Family;

static const char *const names[CHILDREN] = {"a", "b", "c", "d", "e"};

static void family_init(Family *f, uint64_t seed) {
  f->base = net_fresh(seed, 10);
  for (unsigned k = 0; k < CHILDREN; k++) f->child[k] = net_child(&f->base, 100 * seed + k, 0.3f);
  f->merge = net_child(&f->base, seed, 0);
}

static void family_clear(Family *f) {
  net_clear(&f->base);
  net_clear(&f->merge);
  for (unsigned k = 0; k < CHILDREN; k++) net_clear(&f->child[k]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Family, family_clear)

static void grow(Wood *w, const Family *f, bool merged) {
  wood_write(w, "base", &f->base, NULL);
  for (unsigned k = 0; k < CHILDREN; k++) wood_write(w, names[k], &f->child[k], NULL);
  if (merged) wood_write(w, "merge", &f->merge, NULL);
  wood_grow(w, NULL);
}

static unsigned count_merges(const Wood *w) {
  unsigned n = 0;
  for (guint v = 0; v < w->forest->nodes->len; v++) {
    const ParentEdge *e = forest_parent_edge(forest_node(w->forest, v));
    n += e && e->kind == EDGE_MERGE;
  }
  return n;
}

/* "merge" has the first `n` children for its parents, and its recipe is that one. */
static void assert_merge(const Wood *w, unsigned n, const char *method) {
  const ForestNode *m = node(w, "merge");
  g_assert_cmpuint(count_merges(w), ==, 1);
  g_assert_cmpuint(m->parents->len, ==, n);
  for (unsigned k = 0; k < n; k++) {
    const ParentEdge *e = &g_array_index(m->parents, ParentEdge, k);
    g_assert_cmpint(e->kind, ==, EDGE_MERGE);
    bool is = false;
    for (unsigned i = 0; i < n; i++) is |= e->parent == find(w, names[i]);
    g_assert_true(is);
  }
  g_autoptr(GPtrArray) notes = NULL;
  g_autoptr(GPtrArray) sketches = sketch_store_load(w->collection, w->models, 0, 1, NULL, &notes, NULL);
  GError *error = NULL;
  g_autoptr(MergeRecipe) r = merge_recipe_find(w->collection, w->forest, sketches, find(w, "merge"), &error);
  g_assert_no_error(error);
  g_assert_true(r->proven);
  g_assert_cmpstr(r->method, ==, method);
  g_assert_cmpuint(r->n, ==, n);
}

/* ---- sums ---- */

/* Number k of tensor i of the base, and what a child moved there. */
static float of_base(const Family *f, unsigned i, size_t k) { return f->base.data[i][k]; }
static float moved(const Family *f, unsigned child, unsigned i, size_t k) {
  return f->child[child].data[i][k] - f->base.data[i][k];
}

static void merge_linear(Family *f, const float *weight, unsigned n) {
  for (unsigned i = 0; i < f->merge.n; i++)
    for (size_t k = 0; k < count_of(&f->merge.t[i]); k++) {
      float sum = 0;
      for (unsigned c = 0; c < n; c++) sum += weight[c] * f->child[c].data[i][k];
      f->merge.data[i][k] = sum;
    }
}

static void test_linear_of_five(void) {
  static const float weight[] = {0.3f, 0.25f, 0.2f, 0.15f, 0.1f};
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  family_init(&f, 1);
  merge_linear(&f, weight, 5);
  grow(&w, &f, true);
  assert_merge(&w, 5, "linear");
}

static void test_arithmetic_of_three(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  family_init(&f, 2);
  for (unsigned i = 0; i < f.merge.n; i++)
    for (size_t k = 0; k < count_of(&f.merge.t[i]); k++)
      f.merge.data[i][k] =
          of_base(&f, i, k) + 0.7f * moved(&f, 0, i, k) + 0.6f * moved(&f, 1, i, k) + 0.5f * moved(&f, 2, i, k);
  grow(&w, &f, true);
  assert_merge(&w, 3, "task_arithmetic");
}

/* Tensor by tensor: t = n cos / (1 + (n - 1) cos) of the mean, the rest of the base; children that drift alike. */
static void test_model_stock(void) {
  enum { OF = 3 };
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  family_init(&f, 3);
  g_auto(Net) drift = net_child(&f.base, 999, 0.3f);
  for (unsigned c = 0; c < CHILDREN; c++)
    for (unsigned i = 0; i < f.base.n; i++)
      for (size_t k = 0; k < count_of(&f.base.t[i]); k++)
        f.child[c].data[i][k] += (0.4f + 0.3f * (float)i / (float)f.base.n) * (drift.data[i][k] - f.base.data[i][k]);
  for (unsigned i = 0; i < f.merge.n; i++) {
    double product[OF][OF] = {{0}}, cosine = 0;
    size_t n = count_of(&f.merge.t[i]);
    for (size_t k = 0; k < n; k++)
      for (unsigned a = 0; a < OF; a++)
        for (unsigned b = 0; b < OF; b++) product[a][b] += (double)moved(&f, a, i, k) * (double)moved(&f, b, i, k);
    for (unsigned a = 0; a < OF; a++)
      for (unsigned b = 0; b < a; b++) cosine += product[a][b] / sqrt(product[a][a] * product[b][b]) / OF;
    float t = (float)(OF * cosine / (1 + (OF - 1) * cosine));
    for (size_t k = 0; k < n; k++) {
      float mean = (moved(&f, 0, i, k) + moved(&f, 1, i, k) + moved(&f, 2, i, k)) / OF;
      f.merge.data[i][k] = of_base(&f, i, k) + t * mean;
    }
  }
  grow(&w, &f, true);
  assert_merge(&w, OF, "model_stock");
}

/* t from layer to layer. */
static void test_slerp_ramp(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  family_init(&f, 4);
  for (unsigned i = 0; i < f.merge.n; i++) {
    double aa = 0, bb = 0, ab = 0, t = 0.2 + 0.1 * i;
    size_t n = count_of(&f.merge.t[i]);
    const float *a = f.child[0].data[i], *b = f.child[1].data[i];
    for (size_t k = 0; k < n; k++) aa += (double)a[k] * a[k], bb += (double)b[k] * b[k], ab += (double)a[k] * b[k];
    double angle = acos(ab / sqrt(aa * bb));
    for (size_t k = 0; k < n; k++)
      f.merge.data[i][k] = (float)((sin((1 - t) * angle) * a[k] + sin(t * angle) * b[k]) / sin(angle));
  }
  grow(&w, &f, true);
  assert_merge(&w, 2, "slerp");
}

/* ---- parts of changes ---- */

static int by_size(const void *x, const void *y) {
  float a = *(const float *)x, b = *(const float *)y;
  return (a > b) - (a < b);
}

/* The size that a share of a child's changes in tensor i do not reach. */
static float trim_size(const Family *f, unsigned child, unsigned i, double share) {
  size_t n = count_of(&f->base.t[i]);
  g_autofree float *sizes = g_new(float, n);
  for (size_t k = 0; k < n; k++) sizes[k] = fabsf(moved(f, child, i, k));
  qsort(sizes, n, sizeof *sizes, by_size);
  return sizes[(size_t)(share * (double)n)];
}

static void merge_ties(Family *f, unsigned n) {
  for (unsigned i = 0; i < f->merge.n; i++) {
    float least[CHILDREN];
    for (unsigned c = 0; c < n; c++) least[c] = trim_size(f, c, i, 0.4);
    for (size_t k = 0; k < count_of(&f->merge.t[i]); k++) {
      float d[CHILDREN], sum = 0, mean = 0, kept = 0;
      for (unsigned c = 0; c < n; c++) d[c] = moved(f, c, i, k), d[c] = fabsf(d[c]) < least[c] ? 0 : d[c], sum += d[c];
      for (unsigned c = 0; c < n; c++)
        if (d[c] * sum > 0) mean += d[c], kept++;
      f->merge.data[i][k] = of_base(f, i, k) + (kept > 0 ? mean / kept : 0);
    }
  }
}

static void merge_dare(Family *f, unsigned n, float p) {
  Rng rng;
  rng_init(&rng, 77, 0);
  for (unsigned i = 0; i < f->merge.n; i++)
    for (size_t k = 0; k < count_of(&f->merge.t[i]); k++) {
      float sum = 0;
      for (unsigned c = 0; c < n; c++) sum += rng_range(&rng, 0, 1) < p ? moved(f, c, i, k) / p / (float)n : 0;
      f->merge.data[i][k] = of_base(f, i, k) + sum;
    }
}

static void test_ties(void) {
  for (unsigned n = 2; n <= 4; n++) {
    g_auto(Wood) w = wood_new();
    g_auto(Family) f = {0};
    family_init(&f, 4 + n);
    merge_ties(&f, n);
    grow(&w, &f, true);
    assert_merge(&w, n, "ties");
  }
}

static void test_dare(void) {
  for (unsigned n = 2; n <= 4; n++) {
    g_auto(Wood) w = wood_new();
    g_auto(Family) f = {0};
    family_init(&f, 14 + n);
    merge_dare(&f, n, 0.5f);
    grow(&w, &f, true);
    assert_merge(&w, n, "dare_linear");
  }
}

/* A chance to be kept that grows with the change, and the scale with it. */
static void test_unknown(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  Rng rng;
  rng_init(&rng, 78, 0);
  family_init(&f, 21);
  for (unsigned i = 0; i < f.merge.n; i++)
    for (size_t k = 0; k < count_of(&f.merge.t[i]); k++) {
      float sum = 0;
      for (unsigned c = 0; c < 2; c++) {
        float p = 0.2f + fminf(0.6f, 8 * fabsf(moved(&f, c, i, k)));
        sum += rng_range(&rng, 0, 1) < p ? moved(&f, c, i, k) / p / 2 : 0;
      }
      f.merge.data[i][k] = of_base(&f, i, k) + sum;
    }
  grow(&w, &f, true);
  assert_merge(&w, 2, "unknown");
  g_assert_nonnull(strstr(node(&w, "merge")->note, "method unknown"));
}

/* ---- known through a quantised copy ---- */

static void quantise(Net *net) {
  for (unsigned i = 0; i < net->n; i++)
    for (size_t r = 0; net->t[i].rank == 2 && r < net->t[i].shape[0]; r++) {
      size_t n = net->t[i].shape[1];
      float *x = net->data[i] + r * n, most = 0;
      for (size_t k = 0; k < n; k++) most = fmaxf(most, fabsf(x[k]));
      for (size_t k = 0; k < n; k++) x[k] = rintf(x[k] * 127 / most) * most / 127;
    }
}

static void test_quantised(void) {
  static const float weight[] = {0.6f, 0.4f};
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  family_init(&f, 22);
  merge_linear(&f, weight, 2);
  quantise(&f.merge);
  grow(&w, &f, true);
  assert_merge(&w, 2, "linear");
  g_assert_nonnull(strstr(node(&w, "merge")->note, "quantised copy of a merge by linear"));
}

/* A quantised child is a copy of one model, no merge of it and another. */
static void test_quantised_child(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  static const float weight[] = {1};
  family_init(&f, 23);
  merge_linear(&f, weight, 1);
  quantise(&f.merge);
  grow(&w, &f, true);
  g_assert_cmpuint(count_merges(&w), ==, 0);
  assert_parent(&w, "merge", "a", EDGE_QUANTISED, EDGE_RECOVERED);
}

/* Nor is that of a step which lies between two others, where the step is here. */
static void test_quantised_step(void) {
  static const float weight[] = {0.5f, 0.5f};
  g_auto(Wood) w = wood_new();
  g_auto(Family) f = {0};
  Rng rng;
  family_init(&f, 24);
  merge_linear(&f, weight, 2);
  rng_init(&rng, 24, 9);
  for (unsigned i = 0; i < f.merge.n; i++)
    for (size_t k = 0; k < count_of(&f.merge.t[i]); k++) f.merge.data[i][k] += 0.0003f * rng_normal(&rng);
  wood_write(&w, "step", &f.merge, NULL);
  quantise(&f.merge);
  grow(&w, &f, true);
  g_assert_cmpint(edge(&w, "merge")->kind, ==, EDGE_QUANTISED);
  assert_parent(&w, "merge", "step", EDGE_QUANTISED, EDGE_RECOVERED);
}

/* ---- nothing merged ---- */

static void test_none(void) {
  for (uint64_t seed = 30; seed < 36; seed++) {
    g_auto(Wood) w = wood_new();
    g_auto(Family) f = {0};
    family_init(&f, seed);
    g_auto(Net) drift = net_child(&f.base, 999, 0.3f);
    /* Half of the woods drift alike. */
    for (unsigned c = 0; seed % 2 && c < CHILDREN; c++)
      for (unsigned i = 0; i < f.base.n; i++)
        for (size_t k = 0; k < count_of(&f.base.t[i]); k++)
          f.child[c].data[i][k] += 2 * (drift.data[i][k] - f.base.data[i][k]);
    grow(&w, &f, false);
    g_assert_cmpuint(count_merges(&w), ==, 0);
  }
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/merge-kinds/linear-of-five", test_linear_of_five);
  g_test_add_func("/merge-kinds/arithmetic-of-three", test_arithmetic_of_three);
  g_test_add_func("/merge-kinds/model-stock", test_model_stock);
  g_test_add_func("/merge-kinds/slerp-ramp", test_slerp_ramp);
  g_test_add_func("/merge-kinds/ties", test_ties);
  g_test_add_func("/merge-kinds/dare", test_dare);
  g_test_add_func("/merge-kinds/unknown", test_unknown);
  g_test_add_func("/merge-kinds/quantised", test_quantised);
  g_test_add_func("/merge-kinds/quantised-child", test_quantised_child);
  g_test_add_func("/merge-kinds/quantised-step", test_quantised_step);
  g_test_add_func("/merge-kinds/none", test_none);
  return g_test_run();
}
