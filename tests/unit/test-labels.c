/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/label_list.h"
#include "experts/task/label_source.h"

static void assert_labels(const char *value, const char *want) {
  g_autoptr(GPtrArray) labels = label_list_parse(value);
  g_ptr_array_add(labels, NULL);
  g_autofree char *got = g_strjoinv("|", (char **)labels->pdata);
  g_assert_cmpstr(got, ==, want);
}

static void test_literals(void) {
  assert_labels("['apple', 'aquarium_fish', \"bear's\"]", "apple|aquarium_fish|bear's");
  assert_labels(" [ 'a' , 'b', ] ", "a|b");
  assert_labels("('x','x')", "x");
  assert_labels("[3, -1, 42]", "3|-1|42");
  assert_labels("['it\\'s', 'two\\nlines']", "it's|two lines");
  assert_labels("[]", "");
}

/* What is no literal is one label, whatever it says: nothing is evaluated. */
static void test_plain_text(void) {
  assert_labels("striped red star", "striped red star");
  assert_labels("__import__('os').system('true')", "__import__('os').system('true')");
  assert_labels("['a', __import__('os')]", "['a', __import__('os')]");
  assert_labels("['open", "['open");
  assert_labels("['a'] + ['b']", "['a'] + ['b']");
  assert_labels("[['a']]", "[['a']]");
  assert_labels("  ", "");
  assert_labels("esc\x1b[2J", "esc\xef\xbf\xbd[2J");
}

static void assert_text(const char *value, const char *want) {
  g_autofree char *got = label_list_text(value);
  g_assert_cmpstr(got, ==, want);
}

static void test_text(void) {
  assert_text("['a', 'b c']", "a, b c");
  assert_text("(1, 2)", "1, 2");
  assert_text("[]", "[]");
  assert_text("[draft] a fox", "[draft] a fox");
  assert_text("a fox", "a fox");
}

/* Class ids are labels under their names, whether facts or words of a list of several. */
static void test_class_ids(void) {
  g_autoptr(GPtrArray) models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  static const char *const ids[] = {"n02119789", "n02084071", "n99999999"}, *const names[] = {"kit fox", "dog",
                                                                                              "n99999999"};
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++) {
    Model *m = model_new();
    m->path = g_strdup_printf("m%zu", i);
    model_add_fact(m, "imagenet_class_id", ids[i], "metadata");
    g_ptr_array_add(models, m);
  }
  LabelRequest wanted = {.source = "imagenet_class_id", .single = true};
  g_autoptr(LabelSource) labels = label_source_new(models, &wanted, NULL);
  g_assert_nonnull(labels);
  for (size_t i = 0; i < G_N_ELEMENTS(ids); i++)
    g_assert_cmpstr(label_source_first(labels, models->pdata[i]), ==, names[i]);
}

static GPtrArray *models_with(const char *key, const char *const *values, size_t n) {
  GPtrArray *models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (size_t i = 0; i < n; i++) {
    Model *m = model_new();
    m->path = g_strdup_printf("m%zu", i);
    if (values[i]) model_add_fact(m, key, values[i], "metadata");
    g_ptr_array_add(models, m);
  }
  return models;
}

/* Classes are lists in most models that have any; tags never are, and one list among texts makes none. */
static void test_lists(void) {
  static const char *const lists[] = {NULL, "['a', 'b']", "['b', 'c']", "d"}, *const texts[] = {"a", "b", "['c', 'd']"};
  g_autoptr(GPtrArray) classes = models_with("dataset_chosen_targets", lists, G_N_ELEMENTS(lists));
  g_autoptr(GPtrArray) concepts = models_with("concept", texts, G_N_ELEMENTS(texts));
  g_autoptr(GPtrArray) tags = models_with("tags", lists, G_N_ELEMENTS(lists));
  g_assert_true(label_source_has_lists(classes, "dataset_chosen_targets"));
  g_assert_true(label_source_has_lists(classes, NULL));
  g_assert_false(label_source_has_lists(classes, "concept"));
  g_assert_false(label_source_has_lists(classes, "folder"));
  g_assert_false(label_source_has_lists(concepts, "concept"));
  g_assert_false(label_source_has_lists(concepts, "@concept"));
  g_assert_false(label_source_has_lists(tags, "tags"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/labels/literals", test_literals);
  g_test_add_func("/labels/plain-text", test_plain_text);
  g_test_add_func("/labels/text", test_text);
  g_test_add_func("/labels/class-ids", test_class_ids);
  g_test_add_func("/labels/lists", test_lists);
  return g_test_run();
}
