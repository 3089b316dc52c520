/* SPDX-License-Identifier: Apache-2.0 */
/* MoTHer's rule on a chain of three, each with a larger outlier than the one before: kurtosis rises along it, and so the
 * rule points one way and, reversed, the other. */
#include <string.h>

#include "lineage/grow/mother_rule.h"
#include "numerics/rng.h"
#include "tests/unit/raw_tensors.h"

enum { SIDE = 32, MODELS = 3 };

static float numbers[MODELS][SIDE * SIDE];

static WeightFile *open_member(void *user, unsigned member) {
  (void)user;
  RawTensors t = raw_tensors_new();
  raw_tensors_add(&t, "fc.weight", "F32", (int[]){SIDE, SIDE, -1}, numbers[member], sizeof numbers[member]);
  return raw_tensors_open(&t);
}

static ModelSketch *sketch(unsigned member) {
  g_autoptr(WeightFile) f = open_member(NULL, member);
  ModelSketch *s = model_sketch_read(f, NULL, 1, NULL, NULL);
  g_assert_nonnull(s);
  return s;
}

static void test_direction(void) {
  static const int forward[MODELS] = {1, 2, -1}, back[MODELS] = {-1, 0, 1};
  float x[SIDE * SIDE];
  ModelSketch *sketches[MODELS];
  Rng rng;
  rng_init(&rng, 7, 0);
  rng_fill_normal(&rng, x, SIDE * SIDE, 0.1f);
  for (int k = 0; k < MODELS; k++) {
    x[5] = -(float)(k + 1); /* the distance is the largest a - b of an earlier a and a later b */
    for (int i = 0; i < SIDE * SIDE; i++) x[i] *= 1.0001f; /* every number moves a little */
    memcpy(numbers[k], x, sizeof x);
    sketches[k] = sketch((unsigned)k);
    if (k > 0) g_assert_cmpfloat(sketches[k]->kurtosis, >, sketches[k - 1]->kurtosis);
  }
  g_autoptr(KinTable) table = kin_table_new((const ModelSketch *const *)sketches, MODELS, 1, NULL, NULL);
  int parent[MODELS];
  g_assert_true(mother_rule_tree(table, MODELS, open_member, NULL, false, parent, NULL, NULL));
  for (int k = 0; k < MODELS; k++) g_assert_cmpint(parent[k], ==, forward[k]);
  g_assert_true(mother_rule_tree(table, MODELS, open_member, NULL, true, parent, NULL, NULL));
  for (int k = 0; k < MODELS; k++) g_assert_cmpint(parent[k], ==, back[k]);
  for (int k = 0; k < MODELS; k++) model_sketch_free(sketches[k]);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/mother-rule/direction", test_direction);
  return g_test_run();
}
