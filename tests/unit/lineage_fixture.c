/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/lineage_fixture.h"

#include <string.h>

#include "core/files.h"
#include "weights/weight_open.h"

/* ---- synthetic networks ---- */

void net_add(Net *net, const char *name, uint64_t rows, uint64_t columns, float sd, Rng *rng) {
  unsigned i = net->n++;
  size_t count = rows * (columns ? columns : 1);
  net->names[i] = g_strdup(name);
  net->data[i] = g_new(float, count);
  rng_fill_normal(rng, net->data[i], count, sd);
  net->t[i] = (TensorOut){.name = net->names[i],
                          .dtype = DTYPE_F32,
                          .rank = columns ? 2 : 1,
                          .shape = {rows, columns},
                          .data = net->data[i]};
}

size_t count_of(const TensorOut *t) { return t->shape[0] * (t->rank > 1 ? t->shape[1] : 1); }

/* Independent start; `outputs` units in the head. */
Net net_fresh(uint64_t seed, unsigned outputs) {
  Net net = {0};
  Rng rng;
  rng_init(&rng, seed, 0);
  net_add(&net, "encoder.0.weight", WIDTH, INPUT, 0.1f, &rng);
  net_add(&net, "encoder.0.bias", WIDTH, 0, 0.02f, &rng);
  net_add(&net, "encoder.1.weight", WIDTH, WIDTH, 0.1f, &rng);
  net_add(&net, "encoder.1.bias", WIDTH, 0, 0.02f, &rng);
  net_add(&net, "encoder.2.weight", WIDTH, WIDTH, 0.1f, &rng);
  net_add(&net, "norm.weight", WIDTH, 0, 0.01f, &rng);
  for (int i = 0; i < WIDTH; i++) net.data[net.n - 1][i] += 1;
  net_add(&net, "head.weight", outputs, WIDTH, 0.05f, &rng);
  return net;
}

void net_clear(Net *net) {
  for (unsigned i = 0; i < net->n; i++) {
    g_free(net->names[i]);
    g_free(net->data[i]);
  }
  *net = (Net){0};
}

/* A fine-tuned copy: every number moves by about `step` times a tenth, in a direction of its own; every other row
 * moves less, since training is no noise. */
Net net_child(const Net *parent, uint64_t seed, float step) {
  Net net = {0};
  Rng rng;
  rng_init(&rng, seed, 1);
  for (unsigned i = 0; i < parent->n; i++) {
    const TensorOut *t = &parent->t[i];
    net_add(&net, t->name, t->shape[0], t->rank > 1 ? t->shape[1] : 0, step * 0.1f, &rng);
    for (size_t k = 0; k < count_of(t); k++)
      net.data[i][k] = parent->data[i][k] + (t->rank < 2 ? 1 : k / t->shape[1] % 2 ? 0.5f : 1.32f) * net.data[i][k];
  }
  return net;
}

/* The same with a new head. */
Net net_retrained(const Net *parent, uint64_t seed, float step, unsigned outputs) {
  Net net = net_child(parent, seed, step);
  Rng rng;
  rng_init(&rng, seed, 2);
  net.n--;
  g_free(net.names[net.n]);
  g_free(net.data[net.n]);
  net_add(&net, "head.weight", outputs, WIDTH, 0.02f, &rng);
  return net;
}

/* An adapter of rank 4 for the two layers of WIDTH x INPUT and WIDTH x WIDTH. */
Net net_adapter(uint64_t seed, const char *const names[4]) {
  Net net = {0};
  Rng rng;
  rng_init(&rng, seed, 3);
  net_add(&net, names[0], 4, INPUT, 0.1f, &rng);
  net_add(&net, names[1], WIDTH, 4, 0.1f, &rng);
  net_add(&net, names[2], 4, WIDTH, 0.1f, &rng);
  net_add(&net, names[3], WIDTH, 4, 0.1f, &rng);
  return net;
}

const char *const peft_names[4] = {
    "base_model.model.encoder.0.lora_A.weight", "base_model.model.encoder.0.lora_B.weight",
    "base_model.model.encoder.1.lora_A.weight", "base_model.model.encoder.1.lora_B.weight"};
const char *const kohya_names[4] = {"lora_unet_encoder_0.lora_down.weight", "lora_unet_encoder_0.lora_up.weight",
                                    "lora_unet_encoder_1.lora_down.weight", "lora_unet_encoder_1.lora_up.weight"};

/* ---- a collection in a folder of its own ---- */

Wood wood_new(void) {
  Wood w = {0};
  GError *error = NULL;
  w.top = g_dir_make_tmp("copse-lineage-XXXXXX", &error);
  g_assert_no_error(error);
  w.root = g_build_filename(w.top, "models", NULL);
  w.state = g_build_filename(w.top, "state", NULL);
  g_assert_true(dir_make(w.root, &error));
  return w;
}

void wood_close(Wood *w) {
  g_clear_pointer(&w->forest, forest_free);
  g_clear_pointer(&w->models, g_ptr_array_unref);
  g_clear_pointer(&w->collection, collection_free);
}

void wood_clear(Wood *w) {
  GError *error = NULL;
  wood_close(w);
  g_assert_true(dir_remove(w->top, &error));
  g_free(w->top);
  g_free(w->root);
  g_free(w->state);
}

/* Writes root/`path`.safetensors, with a declared base when there is one. */
void wood_write(const Wood *w, const char *path, const Net *net, const char *base) {
  GError *error = NULL;
  g_autofree char *file = g_strdup_printf("%s/%s.safetensors", w->root, path);
  g_autofree char *folder = g_path_get_dirname(file);
  const char *metadata[] = {"base_model", base, NULL};
  g_assert_true(dir_make(folder, &error));
  safetensors_write(file, net->t, net->n, base ? metadata : NULL, &error);
  g_assert_no_error(error);
}

ModelSketch *wood_sketch(const Wood *w, const char *name) {
  GError *error = NULL;
  g_autofree char *path = g_strdup_printf("%s/%s.safetensors", w->root, name);
  g_autoptr(WeightFile) file = weight_file_open(path, &error);
  g_assert_no_error(error);
  ModelSketch *s = model_sketch_read(file, NULL, 0, NULL, &error);
  g_assert_no_error(error);
  return s;
}

void wood_open(Wood *w) {
  GError *error = NULL;
  CollectionOptions options = {.state = w->state, .threads = 2};
  w->collection = collection_open(w->root, &options, &error);
  g_assert_no_error(error);
  ScanSummary summary;
  collection_scan(w->collection, NULL, &summary, &error);
  g_assert_no_error(error);
  w->models = collection_models(w->collection, &error);
  g_assert_no_error(error);
}

void wood_grow(Wood *w, const ForestOptions *options) {
  GError *error = NULL;
  if (!w->collection) wood_open(w);
  g_clear_pointer(&w->forest, forest_free);
  w->forest = forest_build(w->collection, w->models, options, NULL, &error);
  g_assert_no_error(error);
}

/* A node by its path, with or without the ending; a ghost by its name. */
unsigned find(const Wood *w, const char *name) {
  g_autofree char *path = g_strconcat(name, ".safetensors", NULL);
  for (guint i = 0; i < w->forest->nodes->len; i++) {
    const ForestNode *n = forest_node(w->forest, i);
    const char *what = n->model ? n->model->path : n->name;
    if (strcmp(what, name) == 0 || (n->model && strcmp(what, path) == 0)) return i;
  }
  g_error("no node %s", name);
}

const ForestNode *node(const Wood *w, const char *name) { return forest_node(w->forest, find(w, name)); }

const ParentEdge *edge(const Wood *w, const char *name) {
  const GArray *parents = node(w, name)->parents;
  return parents->len ? &g_array_index(parents, ParentEdge, 0) : NULL;
}

void assert_parent(const Wood *w, const char *child, const char *parent, EdgeKind kind, EdgeSource source) {
  const ParentEdge *e = edge(w, child);
  if (!e) g_error("%s has no parent", child);
  if (e->parent != find(w, parent))
    g_error("%s hangs below %s, not %s", child, forest_node(w->forest, e->parent)->name, parent);
  g_test_message("%s below %s", child, parent);
  g_assert_cmpstr(edge_kind_name(e->kind), ==, edge_kind_name(kind));
  g_assert_cmpstr(edge_source_name(e->source), ==, edge_source_name(source));
  g_assert_cmpfloat(e->confidence, >, 0);
  g_assert_cmpfloat(e->confidence, <=, 1);
}
