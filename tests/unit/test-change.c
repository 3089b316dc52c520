/* SPDX-License-Identifier: Apache-2.0 */
/* What a difference is called: low rank, levels, zeros, rows, heads. */
#include "tests/unit/lineage_fixture.h"

#include <math.h>
#include <string.h>

#include "lineage/recipe/change_rank.h"
#include "numerics/quant_levels.h"

/* A product of B and A, of rank 4, added to the matrices; all else is the parent's. */
static Net net_low_rank(const Net *parent, uint64_t seed) {
  enum { RANK = 4 };
  Net net = net_child(parent, seed, 0);
  Rng rng;
  rng_init(&rng, seed, 5);
  for (unsigned i = 0; i + 1 < net.n; i++) {
    if (net.t[i].rank != 2) continue;
    size_t rows = net.t[i].shape[0], columns = net.t[i].shape[1];
    g_autofree float *b = g_new(float, rows *RANK), *a = g_new(float, RANK *columns);
    rng_fill_normal(&rng, b, rows * RANK, 0.1f);
    rng_fill_normal(&rng, a, RANK * columns, 0.1f);
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < columns; c++)
        for (size_t k = 0; k < RANK; k++) net.data[i][r * columns + c] += b[r * RANK + k] * a[k * columns + c];
  }
  return net;
}

/* Matrices move in all directions, vectors not at all. */
static Net net_frozen_vectors(const Net *parent, uint64_t seed) {
  Net net = net_child(parent, seed, 0.2f);
  for (unsigned i = 0; i < net.n; i++)
    if (net.t[i].rank == 1) memcpy(net.data[i], parent->data[i], count_of(&net.t[i]) * sizeof(float));
  return net;
}

static void test_low_rank(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), low = net_low_rank(&base, 2), full = net_frozen_vectors(&base, 3);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "low", &low, NULL);
  wood_write(&w, "full", &full, NULL);
  for (int again = 0; again < 2; again++) { /* the second time from the catalog */
    wood_grow(&w, NULL);
    assert_parent(&w, "low", "base", EDGE_LORA_MERGED, EDGE_RECOVERED);
    g_assert_cmpstr(node(&w, "low")->note, ==, "a merged change of rank 4");
    assert_parent(&w, "full", "base", EDGE_CONTINUED, EDGE_RECOVERED);
    wood_close(&w);
  }
}

/* Rank against the exact one, with noise that is allowed for and noise that drowns it. */
static void test_change_rank(void) {
  enum { M = 40, N = 60, RANK = 5 };
  float d[M * N];
  Rng rng;
  unsigned full;
  rng_init(&rng, 3, 3);
  memset(d, 0, sizeof d);
  for (int k = 0; k < RANK; k++) {
    float u[M], v[N];
    rng_fill_normal(&rng, u, M, 1);
    rng_fill_normal(&rng, v, N, 1);
    for (int i = 0; i < M * N; i++) d[i] += u[i / N] * v[i % N];
  }
  g_assert_cmpuint(change_rank(d, M, N, 0, &full), ==, RANK);
  g_assert_cmpuint(full, ==, M);
  for (int i = 0; i < M * N; i++) d[i] += 0.1f * rng_normal(&rng);
  g_assert_cmpuint(change_rank(d, M, N, 0.01 * M * N, &full), <=, RANK);
  g_assert_cmpuint(change_rank(d, M, N, 1e9, &full), ==, 0);
  rng_fill_normal(&rng, d, M * N, 1);
  g_assert_cmpuint(change_rank(d, M, N, 0, &full), >, M / 2);
}

/* Normal numbers on all matrices are noise; a fine-tune, whose rows move unlike, is none, nor is what was trained as
 * little. */
static void test_noise(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), child = net_child(&base, 3, 0.2f), noisy = net_child(&base, 4, 0);
  Rng rng;
  rng_init(&rng, 5, 5);
  for (unsigned i = 0; i < noisy.n; i++)
    for (size_t k = 0; noisy.t[i].rank == 2 && k < count_of(&noisy.t[i]); k++)
      noisy.data[i][k] += 0.01f * rng_normal(&rng);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, "base");
  wood_write(&w, "noisy", &noisy, "base");
  for (int again = 0; again < 2; again++) { /* the second time from the catalog */
    wood_grow(&w, NULL);
    assert_parent(&w, "noisy", "base", EDGE_NOISED, EDGE_DECLARED);
    g_assert_cmpstr(node(&w, "noisy")->note, ==, "noise was added: no direction of the change stands out");
    assert_parent(&w, "child", "base", EDGE_CONTINUED, EDGE_DECLARED);
    wood_close(&w);
  }
}

/* No direction of independent numbers stands out; one that is added does. */
static void test_white(void) {
  enum { M = 40, N = 60 };
  float d[M * N];
  Rng rng;
  rng_init(&rng, 4, 4);
  rng_fill_normal(&rng, d, M * N, 0.3f);
  g_assert_true(change_is_white(d, M, N));
  for (int i = 0; i < M * N; i++) d[i] += i / N % 2 ? 0.15f : -0.15f;
  g_assert_false(change_is_white(d, M, N));
  memset(d, 0, sizeof d);
  g_assert_false(change_is_white(d, M, N));
}

static void test_pruned(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), pruned = net_child(&base, 2, 0), child = net_child(&base, 3, 0.2f);
  for (unsigned i = 0; i < pruned.n; i++)
    for (size_t k = 0; pruned.t[i].rank == 2 && k < count_of(&pruned.t[i]); k++)
      if (fabsf(pruned.data[i][k]) < 0.05f) pruned.data[i][k] = 0;
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  wood_write(&w, "pruned", &pruned, NULL);
  wood_grow(&w, NULL);
  assert_parent(&w, "pruned", "base", EDGE_PRUNED, EDGE_RECOVERED);
  assert_parent(&w, "child", "base", EDGE_CONTINUED, EDGE_RECOVERED);
  g_assert_null(edge(&w, "base"));
}

/* The same trunk under another head; a table with rows appended. */
static void test_head_and_rows(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), child = net_child(&base, 3, 0.2f);
  Rng rng;
  rng_init(&rng, 9, 9);
  net_add(&base, "embed.weight", 30, 40, 0.1f, &rng);
  g_auto(Net) headed = net_child(&base, 4, 0), longer = net_child(&base, 5, 0);
  for (size_t k = 0; k < count_of(&headed.t[6]); k++) headed.data[6][k] = 0.02f * rng_normal(&rng);
  g_assert_cmpstr(headed.names[6], ==, "head.weight");
  unsigned last = longer.n - 1;
  longer.data[last] = g_renew(float, longer.data[last], 34 * 40);
  rng_fill_normal(&rng, longer.data[last] + 30 * 40, 4 * 40, 0.1f);
  longer.t[last].shape[0] = 34;
  longer.t[last].data = longer.data[last];
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  wood_write(&w, "headed", &headed, "base");
  wood_write(&w, "longer", &longer, "base");
  wood_grow(&w, NULL);
  assert_parent(&w, "headed", "base", EDGE_NEW_HEAD, EDGE_DECLARED);
  assert_parent(&w, "longer", "base", EDGE_RESIZED, EDGE_DECLARED);
}

/* n blocks, taken from `from[i]`'s block at[i], under names of their own. */
static Net net_of_blocks(const Net *const *from, const unsigned *at, unsigned n) {
  Net net = {0};
  Rng rng;
  rng_init(&rng, 1, 1);
  for (unsigned i = 0; i < n; i++) {
    g_autofree char *name = g_strdup_printf("layers.%u.weight", i);
    net_add(&net, name, WIDTH, WIDTH, 0.1f, &rng);
    if (from[i]) memcpy(net.data[i], from[i]->data[at[i]], WIDTH * WIDTH * sizeof(float));
  }
  return net;
}

static Net net_stack(const Net *a, const Net *b, const unsigned *at, unsigned n, unsigned of_a) {
  const Net *from[MOST];
  for (unsigned i = 0; i < n; i++) from[i] = i < of_a ? a : b;
  return net_of_blocks(from, at, n);
}

/* Blocks repeated, left out, and taken from two models; a fine-tune of the stack hangs below it, one of the base does
 * not. */
static void test_depth(void) {
  static const unsigned twice[] = {0, 1, 2, 1, 2, 3}, three[] = {0, 1, 2};
  const Net *nothing[MOST] = {0};
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_of_blocks(nothing, NULL, 4), tuned = net_child(&base, 2, 0.1f);
  g_auto(Net) stack = net_stack(&base, &base, twice, 6, 6), two = net_stack(&base, &tuned, twice, 6, 3);
  g_auto(Net) pruned = net_stack(&base, &base, three, 3, 3), later = net_child(&stack, 7, 0.1f);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "tuned", &tuned, NULL);
  wood_write(&w, "stack", &stack, NULL);
  wood_write(&w, "two", &two, NULL);
  wood_write(&w, "pruned", &pruned, "base");
  wood_write(&w, "later", &later, NULL);
  wood_grow(&w, NULL);
  g_assert_cmpint(w.forest->trees, ==, 1);
  assert_parent(&w, "stack", "base", EDGE_STACKED, EDGE_RECOVERED);
  assert_parent(&w, "pruned", "base", EDGE_DEPTH_PRUNED, EDGE_DECLARED);
  assert_parent(&w, "two", "base", EDGE_MERGE, EDGE_RECOVERED);
  g_assert_cmpuint(node(&w, "two")->parents->len, ==, 2);
  g_assert_cmpfloat_with_epsilon(edge(&w, "two")->weight, 0.5, 1e-6);
  assert_parent(&w, "later", "stack", EDGE_FINE_TUNE, EDGE_RECOVERED);
  const ParentEdge *e = edge(&w, "base") ? edge(&w, "base") : edge(&w, "tuned");
  g_assert_true(e->parent == find(&w, "base") || e->parent == find(&w, "tuned"));
}

/* Every kind of levels is seen, in float32 and, but for bytes a row, in bfloat16; nothing else is. */
static void test_levels(void) {
  enum { ROWS = 32, COLUMNS = 256, N = ROWS * COLUMNS };
  static float x[N], y[N];
  Rng rng;
  rng_init(&rng, 8, 8);
  rng_fill_normal(&rng, x, N, 0.05f);
  float most = 0;
  for (int i = 0; i < N; i++) most = fmaxf(most, fabsf(x[i]));
  g_assert_false(quant_levels_fit(x, N, COLUMNS, most));
  for (int i = 0; i < N; i++) y[i] = fabsf(x[i]) < 0.05f ? 0 : x[i];
  g_assert_false(quant_levels_fit(y, N, COLUMNS, most)); /* pruned */
  for (int i = 0; i < N; i++) {
    uint32_t bits;
    memcpy(&bits, &x[i], 4);
    bits &= 0xffff0000u;
    memcpy(&y[i], &bits, 4);
  }
  g_assert_false(quant_levels_fit(y, N, COLUMNS, most)); /* bfloat16 */
  static const struct {
    int group, levels;
    bool span;
  } kinds[] = {{32, 7, false},  {64, 15, true},   {128, 15, true},   {256, 15, true}, {64, 127, false},
               {128, 63, true}, {256, 255, true}, {256, 127, false}, {32, 15, true}};
  for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
    int group = kinds[k].group;
    for (int at = 0; at < N; at += group) {
      float low = x[at], high = x[at];
      for (int i = 1; i < group; i++) low = fminf(low, x[at + i]), high = fmaxf(high, x[at + i]);
      float top = fmaxf(fabsf(low), fabsf(high));
      float step = kinds[k].span ? (high - low) / (float)kinds[k].levels : top / (float)kinds[k].levels;
      float origin = kinds[k].span ? low : 0;
      for (int i = 0; i < group; i++) y[at + i] = origin + step * rintf((x[at + i] - origin) / step);
    }
    g_test_message("groups of %d, %d levels", group, kinds[k].levels);
    g_assert_true(quant_levels_fit(y, N, COLUMNS, most));
  }
  for (int i = 0; i < N; i++) { /* three bits of mantissa, as FP8 has */
    int exponent;
    float m = frexpf(x[i], &exponent);
    y[i] = ldexpf(rintf(m * 16) / 16, exponent);
  }
  g_assert_true(quant_levels_fit(y, N, COLUMNS, most));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/change/low-rank", test_low_rank);
  g_test_add_func("/change/rank", test_change_rank);
  g_test_add_func("/change/noise", test_noise);
  g_test_add_func("/change/white", test_white);
  g_test_add_func("/change/pruned", test_pruned);
  g_test_add_func("/change/head-and-rows", test_head_and_rows);
  g_test_add_func("/change/depth", test_depth);
  g_test_add_func("/change/levels", test_levels);
  return g_test_run();
}
