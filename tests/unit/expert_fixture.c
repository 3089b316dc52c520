/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/expert_fixture.h"

#include <string.h>

void put_column(const Fixture *f, const char *path, const char *layer, const float x[AXES], const char *concept) {
  float matrix[AXES * 2] = {0};
  for (int i = 0; i < AXES; i++) matrix[2 * i] = x[i];
  g_autofree char *name = g_strconcat(layer, ".weight", NULL);
  const TensorOut tensor = {.name = name, .dtype = DTYPE_F32, .rank = 2, .shape = {AXES, 2}, .data = matrix};
  const char *const metadata[] = {"concept", concept, NULL};
  put_tensors(f, path, &tensor, 1, concept ? metadata : NULL);
}

char *put_texts(const Fixture *f) {
  static const char *const names[AXES] = {"fox", "cat", "owl", "oak"};
  float axes[AXES * AXES] = {0};
  TensorOut texts[AXES];
  for (int i = 0; i < AXES; i++) {
    axes[i * AXES + i] = 1;
    texts[i] = (TensorOut){names[i], DTYPE_F32, 1, {AXES}, axes + (size_t)i * AXES};
  }
  g_autofree char *path = g_build_filename(f->top, "texts.safetensors", NULL);
  g_assert_true(safetensors_write(path, texts, AXES, NULL, NULL));
  return g_strconcat("table:", path, NULL);
}

/* V = 1, U = the first column, M = 1: e is that column. */
static Expert *first_column(const char *layer, const Model *example, size_t d_text, size_t n_classes) {
  const ProbexShape shape = {.d_out = AXES,
                             .d_in = 2,
                             .r_u = 1,
                             .r_v = AXES,
                             .r_t = AXES,
                             .d_text = d_text,
                             .linear = true,
                             .n_classes = n_classes};
  Expert *x = expert_new();
  x->probex = probex_new(&shape, NULL);
  x->probex->u[0] = 1;
  for (int i = 0; i < AXES; i++)
    x->probex->v[i * AXES + i] = x->probex->m[i * AXES + i] = x->probex->head[i * AXES + i] = 1;
  x->layer = g_strdup(layer);
  x->shapes = g_strdup(example->shapes);
  x->label_key = g_strdup("concept");
  static const char *const labels[AXES] = {"fox", "cat", "owl", "oak"};
  for (int i = 0; i < AXES; i++) g_ptr_array_add(x->labels, g_strdup(labels[i]));
  return x;
}

Expert *column_expert(const Fixture *f, const char *layer, const Model *example) {
  g_autofree char *encoder = put_texts(f);
  Expert *x = first_column(layer, example, AXES, 0);
  x->encoder = g_steal_pointer(&encoder);
  x->text_mean = g_new0(float, AXES);
  return x;
}

Expert *class_expert(const char *layer, const Model *example) {
  Expert *x = first_column(layer, example, 0, AXES);
  x->task = EXPERT_CLASSIFY;
  for (int i = 0; i < AXES * AXES; i++) x->probex->head[i] *= 10;
  return x;
}

void keep_expert(const Fixture *f, Expert *x, const char *name) {
  g_autofree char *folder = g_build_filename(f->state, "experts", NULL);
  g_autofree char *file = g_strconcat(name, ".safetensors", NULL);
  g_autoptr(GError) error = NULL;
  g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
  g_free(x->name);
  g_free(x->path);
  x->name = g_strdup(name);
  x->path = g_build_filename(folder, file, NULL);
  g_assert_true(expert_save(x, x->path, &error));
  g_assert_no_error(error);
}
