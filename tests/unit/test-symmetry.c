/* SPDX-License-Identifier: Apache-2.0 */
/* Kin that permuted neurons, other places of layers and widening hide. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "lineage/grow/hidden_kin.h"
#include "lineage/sketch/symmetry.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"
#include "tests/unit/lineage_fixture.h"

enum { STREAM = 96, INSIDE = 160, BLOCKS = 3, WIDER = 200 };

/* A network whose blocks add to one stream: up (inside x STREAM), down (STREAM x inside). */
static Net stream_net(uint64_t seed) {
  Net net = {0};
  Rng rng;
  rng_init(&rng, seed, 7);
  for (int i = 0; i < BLOCKS; i++) {
    g_autofree char *up = g_strdup_printf("layers.%d.up.weight", i),
                    *down = g_strdup_printf("layers.%d.down.weight", i);
    net_add(&net, up, INSIDE, STREAM, 0.1f, &rng);
    net_add(&net, down, STREAM, INSIDE, 0.1f, &rng);
  }
  return net;
}

/* The same function: neurons inside each block permuted, blocks from the last to the first. */
static Net permuted(const Net *net, uint64_t seed) {
  Net out = stream_net(seed);
  Rng rng;
  rng_init(&rng, seed, 8);
  for (int block = 0; block < BLOCKS; block++) {
    size_t order[INSIDE];
    const float *up = net->data[2 * block], *down = net->data[2 * block + 1];
    float *to_up = out.data[2 * (BLOCKS - 1 - block)], *to_down = out.data[2 * (BLOCKS - 1 - block) + 1];
    for (size_t i = 0; i < INSIDE; i++) order[i] = i;
    rng_shuffle(&rng, order, INSIDE);
    for (size_t i = 0; i < INSIDE; i++) {
      memcpy(to_up + i * STREAM, up + order[i] * STREAM, STREAM * sizeof(float));
      for (size_t k = 0; k < STREAM; k++) to_down[k * INSIDE + i] = down[k * INSIDE + order[i]];
    }
  }
  return out;
}

/* Neurons twice, with half of what they give. */
static Net widened(const Net *net) {
  Net out = {0};
  Rng rng;
  rng_init(&rng, 1, 9);
  for (int block = 0; block < BLOCKS; block++) {
    const float *up = net->data[2 * block], *down = net->data[2 * block + 1];
    net_add(&out, net->names[2 * block], WIDER, STREAM, 0.1f, &rng);
    net_add(&out, net->names[2 * block + 1], STREAM, WIDER, 0.1f, &rng);
    for (size_t i = 0; i < WIDER; i++) {
      size_t from = i % INSIDE;
      bool twice = from < WIDER - INSIDE;
      memcpy(out.data[2 * block] + i * STREAM, up + from * STREAM, STREAM * sizeof(float));
      for (size_t k = 0; k < STREAM; k++)
        out.data[2 * block + 1][k * WIDER + i] = down[k * INSIDE + from] * (twice ? 0.5f : 1);
    }
  }
  return out;
}

static void test_hidden(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = stream_net(1), stranger = stream_net(2);
  g_auto(Net) child = net_child(&base, 3, 0.1f), moved = permuted(&child, 4), exact = permuted(&base, 5);
  g_auto(Net) wide = widened(&child);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "child", &child, NULL);
  wood_write(&w, "moved", &moved, NULL);
  wood_write(&w, "exact", &exact, NULL);
  wood_write(&w, "wide", &wide, NULL);
  wood_write(&w, "stranger", &stranger, NULL);
  wood_grow(&w, NULL);
  g_assert_cmpint(node(&w, "moved")->tree, !=, node(&w, "base")->tree); /* their coordinates are others */
  g_assert_cmpint(node(&w, "moved")->hidden_kin, >=, 0);
  g_assert_cmpint(node(&w, "wide")->hidden_kin, >=, 0);
  g_assert_cmpint(node(&w, "exact")->hidden_kin, >=, 0);
  g_assert_nonnull(strstr(node(&w, "exact")->note, "the same numbers in another order"));
  g_assert_nonnull(
      strstr(node(&w, "moved")->note, "hidden: only what permuted neurons and layers leave as it is agrees"));
  g_assert_cmpint(node(&w, "stranger")->hidden_kin, ==, -1);
  g_assert_cmpint(node(&w, "base")->hidden_kin, ==, -1);
}

/* Of the stream all is left, inside the layers nothing. */
static void test_compare(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = stream_net(1), other = stream_net(2), same = permuted(&base, 3);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "other", &other, NULL);
  wood_write(&w, "same", &same, NULL);
  g_autoptr(ModelSketch) a = wood_sketch(&w, "base"), b = wood_sketch(&w, "other"), c = wood_sketch(&w, "same");
  g_assert_cmpfloat(symmetry_compare(a->sides, c->sides), >, 0.999);
  g_assert_cmpuint(a->sides->len, ==, 4); /* of what reads from the stream and writes to it, and of what lies inside */
  g_assert_cmpfloat(fabs(symmetry_compare(a->sides, b->sides)), <, 0.2);
  g_assert_true(hidden_kin_is_permuted(a, c));
  g_assert_false(hidden_kin_is_permuted(a, b));
}

/* As packed and unpacked. */
static void test_packed(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = stream_net(1);
  wood_write(&w, "base", &base, NULL);
  g_autoptr(ModelSketch) a = wood_sketch(&w, "base");
  g_autoptr(GBytes) bytes = model_sketch_pack(a, 0);
  g_autoptr(ModelSketch) b = model_sketch_unpack(bytes, 0);
  g_assert_nonnull(b);
  g_assert_cmpuint(b->sides->len, ==, 4);
  g_assert_cmpfloat(symmetry_compare(a->sides, b->sides), >, 0.9999);
}

/* The products of random matrices, each pair of them. */
static void test_strangers(void) {
  enum { SIDE = 64, MATRICES = 3 };
  const size_t n = g_test_slow() ? 10000 : 600, width = SYMMETRY_NUMBERS;
  g_autofree float *all = g_new(float, n *width), *x = g_new(float, SIDE *SIDE), *row = g_new(float, n);
  Rng rng;
  rng_init(&rng, 5, 0);
  for (size_t i = 0; i < n; i++) {
    g_autoptr(GArray) sides = g_array_new(FALSE, FALSE, sizeof(SymmetrySide));
    for (int k = 0; k < MATRICES; k++) {
      g_autoptr(SymmetryPass) pass = symmetry_pass_new(0, SIDE, SIDE);
      rng_fill_normal(&rng, x, SIDE * SIDE, 1);
      symmetry_pass_take(pass, x, SIDE * SIDE);
      symmetry_pass_end(pass, sides);
    }
    symmetry_settle(sides);
    memcpy(all + i * width, g_array_index(sides, SymmetrySide, 0).product, width * sizeof(float));
  }
  float most = 0;
  for (size_t i = 1; i < n; i++) {
    gemm(false, true, 1, i, width, 1, all + i * width, width, all, width, 0, row, i);
    for (size_t k = 0; k < i; k++) most = fmaxf(most, fabsf(row[k]));
  }
  g_test_message("%zu strangers pairwise: at most %.3f alike", n, (double)most);
  g_assert_cmpfloat((double)most, <, SYMMETRY_THRESHOLD);
}

/* Whatever the pieces; nothing of a matrix that ended early or is too small. */
static void test_pieces(void) {
  enum { ROWS = 80, COLUMNS = 70 };
  float x[ROWS * COLUMNS];
  Rng rng;
  rng_init(&rng, 6, 0);
  rng_fill_normal(&rng, x, ROWS * COLUMNS, 1);
  g_autoptr(GArray) whole = g_array_new(FALSE, FALSE, sizeof(SymmetrySide));
  g_autoptr(GArray) pieces = g_array_new(FALSE, FALSE, sizeof(SymmetrySide));
  g_autoptr(GArray) none = g_array_new(FALSE, FALSE, sizeof(SymmetrySide));
  for (int k = 0; k < SYMMETRY_MATRICES; k++) {
    g_autoptr(SymmetryPass) a = symmetry_pass_new(0, ROWS, COLUMNS), b = symmetry_pass_new(0, ROWS, COLUMNS);
    g_autoptr(SymmetryPass) c = symmetry_pass_new(0, ROWS, COLUMNS);
    symmetry_pass_take(a, x, ROWS * COLUMNS);
    for (size_t at = 0; at < ROWS * COLUMNS; at += 33) symmetry_pass_take(b, x + at, MIN(33, ROWS * COLUMNS - at));
    symmetry_pass_take(c, x, ROWS * COLUMNS - 1);
    symmetry_pass_end(a, whole), symmetry_pass_end(b, pieces), symmetry_pass_end(c, none);
  }
  symmetry_settle(whole), symmetry_settle(pieces);
  g_assert_cmpuint(none->len, ==, 0);
  g_assert_cmpuint(whole->len, ==, 2);
  g_assert_cmpfloat(symmetry_compare(whole, pieces), >, 0.99999);
  g_assert_null(symmetry_pass_new(0, 16, COLUMNS));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/symmetry/hidden", test_hidden);
  g_test_add_func("/symmetry/compare", test_compare);
  g_test_add_func("/symmetry/packed", test_packed);
  g_test_add_func("/symmetry/strangers", test_strangers);
  g_test_add_func("/symmetry/pieces", test_pieces);
  return g_test_run();
}
