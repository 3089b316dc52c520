/* SPDX-License-Identifier: Apache-2.0 */
/* A merge's recipe, from the forest and the weights. */
#include "tests/unit/lineage_fixture.h"

#include <string.h>

#include "core/error.h"
#include "lineage/grow/merge_recipe.h"

static void mix(Net *to, const Net *a, float u, const Net *b, float v) {
  for (unsigned i = 0; i < to->n; i++)
    for (size_t k = 0; k < count_of(&to->t[i]); k++) to->data[i][k] = u * a->data[i][k] + v * b->data[i][k];
}

static MergeRecipe *recipe_of(const Wood *w, const char *name, GError **error) {
  g_autoptr(GPtrArray) none = g_ptr_array_new();
  return merge_recipe_find(w->collection, w->forest, none, find(w, name), error);
}

/* Every layer's weights are read off the numbers; a plain child has no recipe. */
static void test_linear(void) {
  g_auto(Wood) w = wood_new();
  g_auto(Net) base = net_fresh(1, 10), a = net_child(&base, 2, 0.3f), b = net_child(&base, 3, 0.3f);
  g_auto(Net) merge = net_child(&base, 4, 0);
  mix(&merge, &a, 0.75f, &b, 0.25f);
  wood_write(&w, "base", &base, NULL);
  wood_write(&w, "a", &a, NULL);
  wood_write(&w, "b", &b, NULL);
  wood_write(&w, "merge", &merge, NULL);
  wood_grow(&w, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(MergeRecipe) r = recipe_of(&w, "merge", &error);
  g_assert_no_error(error);
  g_assert_cmpstr(r->method, ==, "linear");
  g_assert_true(r->proven);
  g_assert_cmpuint(r->n, ==, 2);
  g_assert_cmpuint(r->parent[0], ==, find(&w, "a"));
  g_assert_cmpuint(r->layers->len, >=, 3);
  for (guint i = 0; i < r->layers->len; i++) {
    const RecipeLayer *l = &g_array_index(r->layers, RecipeLayer, i);
    g_assert_cmpfloat_with_epsilon(l->weight[0], 0.75, 1e-4);
    g_assert_cmpfloat_with_epsilon(l->weight[1], 0.25, 1e-4);
  }
  g_autofree char *yaml = merge_recipe_yaml(r, w.forest, "float32");
  g_assert_nonnull(strstr(yaml, "merge_method: linear\n"));
  g_assert_nonnull(strstr(yaml, "  - model: \"a.safetensors\"\n    parameters:\n      weight: 0.75\n"));
  g_assert_nonnull(strstr(yaml, "dtype: float32\n"));
  g_assert_null(recipe_of(&w, "a", &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/merge-recipe/linear", test_linear);
  return g_test_run();
}
