/* SPDX-License-Identifier: Apache-2.0 */
/* A program of one's own on libcopse: what is in a folder of models, what each is for, and whose child it is.
 *
 *   cc -std=gnu17 example.c $(pkg-config --cflags --libs libcopse) -o example && ./example ~/models */
#include <stdio.h>

#include "collection/collection.h"
#include "collection/purpose.h"
#include "lineage/forest/forest.h"

static void print_model(const Forest *forest, unsigned node, const char *label_key) {
  const ForestNode *n = forest_node(forest, node);
  const ParentEdge *edge = forest_parent_edge(n);
  if (!n->model) return; /* a parent that is not on disk */
  g_autofree char *what = model_purpose(n->model, label_key);
  printf("%s: %s", n->model->shown, what);
  if (edge)
    printf(" (%s of %s, %s, %.2f sure)", edge_kind_name(edge->kind), forest_node(forest, edge->parent)->name,
           edge_source_name(edge->source), edge->confidence);
  putchar('\n');
}

/* The collection is opened read-only: nothing is kept, and nothing written anywhere. */
static int list(const char *folder, GError **error) {
  const CollectionOptions options = {.read_only = true};
  const ForestOptions how = {0};
  g_autoptr(Collection) collection = collection_open(folder, &options, error);
  if (!collection || !collection_scan(collection, NULL, NULL, error)) return -1;
  g_autoptr(GPtrArray) models = collection_models(collection, error);
  g_autoptr(Forest) forest = models ? forest_build(collection, models, &how, NULL, error) : NULL;
  if (!forest) return -1;
  for (unsigned v = 0; v < forest->nodes->len; v++) print_model(forest, v, models_label_key(models));
  printf("%u models in %d trees\n", models->len, forest->trees);
  return 0;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (argc != 2) {
    fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  if (list(argv[1], &error) == 0) return 0;
  fprintf(stderr, "%s\n", error->message);
  return 1;
}
