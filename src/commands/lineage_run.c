/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/lineage_run.h"

#include <string.h>

#include "commands/outside.h"
#include "core/error.h"
#include "core/parallel.h"
#include "lineage/forest/forest_text.h"
#include "lineage/sketch/sketch_store.h"

static unsigned threads_of(const Globals *g) { return g->threads > 0 ? (unsigned)g->threads : parallel_processors(); }

/* The forest of a collection's models, with its progress. */
static Forest *grow(Collection *collection, const GPtrArray *models, const Globals *globals, GError **error) {
  CommandProgress progress;
  ForestOptions options = {.threads = threads_of(globals), .seed = (uint64_t)globals->seed};
  const Progress *p = command_progress_begin(&progress, "Reading the weights", globals);
  Forest *forest = forest_build(collection, models, &options, p, error);
  command_progress_end(&progress);
  return forest;
}

bool lineage_run_open(LineageRun *run, const char *root, const Globals *globals, int *status) {
  GError *error = NULL;
  *run = (LineageRun){.self = -1};
  *status = STATUS_COULD_NOT;
  run->collection = command_open(root, globals, &run->models);
  if (!run->collection) return false;
  command_tell_empty(run->models, globals);
  run->forest = grow(run->collection, run->models, globals, &error);
  if (!run->forest) *status = command_fail(error);
  return run->forest != NULL;
}

bool lineage_trees(Collection *collection, const GPtrArray *models, int tree, const Globals *globals, GError **error) {
  for (guint i = 0; i < models->len; i++)
    if (((const Model *)models->pdata[i])->tree >= 0) return true;
  if (tree < 0) return true;
  g_autoptr(Forest) forest = grow(collection, models, globals, error);
  for (guint i = 0; forest && i < models->len; i++) ((Model *)models->pdata[i])->tree = forest_node(forest, i)->tree;
  return forest != NULL;
}

static void sketch_free(void *sketch) { model_sketch_free(sketch); }

/* The sketch of a model outside the collection; joins the others, at the end. */
static bool add_outsider(LineageRun *run, const char *path, const Globals *globals, GError **error) {
  g_autoptr(WeightFile) file = outside_open(path, NULL, error);
  ModelSketch *s = file ? model_sketch_read(file, NULL, (uint64_t)globals->seed, NULL, error) : NULL;
  if (!s) return false;
  g_ptr_array_set_free_func(run->sketches, sketch_free);
  g_ptr_array_add(run->sketches, s);
  run->sketch = s;
  for (guint i = 0; i < s->tensors->len; i++)
    run->adapter |= g_array_index(s->tensors, TensorSketch, i).part == PART_ADAPTER;
  return true;
}

static bool take_member(LineageRun *run, const Model *m, GError **error) {
  run->self = forest_find(run->forest, m);
  run->sketch = run->self >= 0 ? run->sketches->pdata[run->self] : NULL;
  run->adapter = model_is_adapter(m) || m->kind == MODEL_EMBEDDING;
  if (run->sketch) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: its weights cannot be read", m->shown);
  return false;
}

/* Where below the root a file or folder lies, or NULL when it is elsewhere. The caller frees it. */
static char *path_inside(const LineageRun *run, const char *what) {
  const char *root = collection_root(run->collection);
  g_autofree char *path = g_canonicalize_filename(what, NULL);
  size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
  bool inside = strncmp(path, root, n) == 0 && path[n] == '/' && path[n + 1];
  return inside ? g_strdup(path + n + 1) : NULL;
}

/* A file elsewhere is what it is, whatever its path ends in; a folder may have a model's name by
 * chance. */
static Model *find_member(const LineageRun *run, const char *what, bool *outside, GError **error) {
  bool folder = g_file_test(what, G_FILE_TEST_IS_DIR);
  bool here = folder || g_file_test(what, G_FILE_TEST_IS_REGULAR);
  g_autofree char *inside = here ? path_inside(run, what) : NULL;
  *outside = here && !inside;
  if (*outside && !folder) return NULL;
  Model *m = inside ? collection_find(run->models, inside, NULL) : NULL;
  if (!m) m = collection_find(run->models, what, error);
  if (m) *outside = false;
  return m;
}

bool lineage_run_model(LineageRun *run, const char *what, const Globals *globals, int *status) {
  g_autoptr(GPtrArray) notes = NULL;
  g_autoptr(GError) missing = NULL;
  GError *error = NULL;
  bool outside;
  g_autoptr(Model) m = find_member(run, what, &outside, &missing);
  run->sketches = sketch_store_load(run->collection, run->models, (uint64_t)globals->seed, threads_of(globals), NULL,
                                    &notes, &error);
  bool ok = run->sketches != NULL;
  if (ok && m) ok = take_member(run, m, &error);
  else if (ok && outside) ok = add_outsider(run, what, globals, &error);
  else if (ok) ok = false, error = g_steal_pointer(&missing);
  if (ok) model_sketches_centre(run->sketches, threads_of(globals));
  else *status = command_fail(error);
  return ok;
}

void lineage_run_clear(LineageRun *run) {
  if (run->sketches) g_ptr_array_unref(run->sketches);
  forest_free(run->forest);
  if (run->models) g_ptr_array_unref(run->models);
  collection_free(run->collection);
}

/* A path as it is when JSON can carry it, else made safe. */
char *lineage_label(const Forest *forest, unsigned node) {
  const ForestNode *n = forest_node(forest, node);
  if (!n->model) return g_strconcat("ghost:", n->name, NULL);
  return g_strdup(g_utf8_validate(n->model->path, -1, NULL) ? n->model->path : n->model->shown);
}

cJSON *lineage_edge_json(const Forest *forest, const ForestNode *node, const ParentEdge *edge) {
  cJSON *out = cJSON_CreateObject();
  g_autofree char *label = lineage_label(forest, edge->parent);
  json_add_string(out, "path", label);
  json_add_number(out, "confidence", edge->confidence);
  json_add_string(out, "kind", edge_kind_name(edge->kind));
  json_add_number(out, "weight", edge->weight);
  json_add_string(out, "source", edge_source_name(edge->source));
  json_add_number(out, "distance", edge->distance);
  json_add_string(out, "card", forest_card_word(node, edge));
  return out;
}
