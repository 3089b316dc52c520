/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes of one name are told apart by as much of their paths as it takes. */
#include "lineage/forest/forest_make.h"
#include "lineage/forest/node_names.h"

static void add(Forest *f, const char *name, const char *path) {
  g_autoptr(Model) m = model_new();
  m->name = safe_text(name, -1);
  m->path = g_strdup(path);
  m->shown = safe_text(path, -1);
  forest_add_node(f, m, NULL);
}

static void expect(const Forest *f, const char *const *names) {
  for (unsigned v = 0; v < f->nodes->len; v++) g_assert_cmpstr(forest_node(f, v)->name, ==, names[v]);
}

static void test_apart(void) {
  g_autoptr(Forest) f = forest_new();
  add(f, "mnist", "w/mnist.pt");
  add(f, "mnist", "w/mnist.safetensors");
  add(f, "fox", "a/fox");
  add(f, "run", "x/old/run/last.pt");
  add(f, "run", "x/new/run/last.pt");
  add(f, "run", "last.pt");
  forest_add_node(f, NULL, "fox"); /* not on disk: cards name it so */
  const char *const names[] = {"mnist.pt",        "mnist.safetensors", "fox", "old/run/last.pt",
                               "new/run/last.pt", "last.pt",           "fox"};
  forest_tell_names_apart(f);
  expect(f, names);
  forest_tell_names_apart(f);
  expect(f, names);
}

/* Nothing sets these apart; the search for it ends all the same. */
static void test_same_path(void) {
  g_autoptr(Forest) f = forest_new();
  add(f, "fox", "a/fox.pt");
  add(f, "fox", "a/fox.pt");
  forest_tell_names_apart(f);
  expect(f, (const char *const[]){"a/fox.pt", "a/fox.pt"});
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/node-names/apart", test_apart);
  g_test_add_func("/node-names/same-path", test_same_path);
  return g_test_run();
}
