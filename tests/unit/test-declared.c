/* SPDX-License-Identifier: Apache-2.0 */
/* What the name of a base says: a quantised twin is made of the model whose name it has, and a folder's role on
 * another machine names nothing. */
#include "lineage/grow/base_name.h"
#include "lineage/grow/declared.h"

static void assert_twin(const char *name, const char *want) {
  g_autofree char *twin = base_name_unquantised(name);
  g_assert_cmpstr(twin, ==, want);
}

static void test_twin(void) {
  assert_twin("fable-7b-unsloth-bnb-4bit", "fable-7b");
  assert_twin("Saga-7B-bnb-4bit", "Saga-7B");
  assert_twin("saga-7b-GPTQ-Int4", "saga-7b");
  assert_twin("saga-7b-AWQ", "saga-7b");
  assert_twin("saga-7b", NULL);
  assert_twin("-4bit", NULL);
}

static void test_role(void) {
  g_assert_true(base_name_is_generic("final"));
  g_assert_true(base_name_is_generic("Output"));
  g_assert_true(base_name_is_generic("checkpoint-500"));
  g_assert_false(base_name_is_generic("llama-3-8b"));
  g_assert_false(base_name_is_generic("finalist"));
}

static void test_clean(void) {
  static const struct {
    const char *base, *name, *last;
  } cases[] = {{"D:\\nets\\art\\final", "/nets/art/final", "final"},
               {"art\\final", "./art/final", "final"},
               {"google/vit@main", "google/vit", "vit"},
               {"https://huggingface.co/google/vit/tree/main", "google/vit", "vit"},
               {"vit", "vit", "vit"}};
  for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
    g_autofree char *name = base_name_clean(cases[i].base);
    g_assert_cmpstr(name, ==, cases[i].name);
    g_assert_cmpstr(base_name_last(name), ==, cases[i].last);
  }
}

static Model *model_named(const char *path, const char *name) {
  Model *m = model_new();
  m->path = g_strdup(path);
  m->name = g_strdup(name);
  return m;
}

static unsigned count_meant(DeclaredIndex *index, const char *name) {
  g_autoptr(GArray) found = declared_resolve(index, 0, name);
  return found->len;
}

static void test_resolve(void) {
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  g_ptr_array_add(models, model_named("asks", "asks"));
  g_ptr_array_add(models, model_named("models--acme--fable-7b/snapshots/a", "acme/fable-7b"));
  g_ptr_array_add(models, model_named("mine/final", "final"));
  g_autoptr(DeclaredIndex) index = declared_index_new(models);
  g_assert_cmpuint(count_meant(index, "unsloth/fable-7b-bnb-4bit"), ==, 1);
  g_assert_cmpuint(count_meant(index, "/mnt/store/unsloth/fable-7b-unsloth-bnb-4bit"), ==, 1);
  g_assert_cmpuint(count_meant(index, "other/fable-7b"), ==, 0); /* another organisation's, of one name */
  g_assert_cmpuint(count_meant(index, "/home/one/runs/law/final"), ==, 0);
  g_assert_cmpuint(count_meant(index, "./mine/final"), ==, 1);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/declared/twin", test_twin);
  g_test_add_func("/declared/role", test_role);
  g_test_add_func("/declared/clean", test_clean);
  g_test_add_func("/declared/resolve", test_resolve);
  return g_test_run();
}
