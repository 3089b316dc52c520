/* SPDX-License-Identifier: Apache-2.0 */
/* One layer in many files: what a list means is taken over only where nothing differs that the meaning hangs on. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/probex/layer_finder.h"
#include "tests/unit/expert_fixture.h"

static LayerInfo info_of(Fixture *f, LayerFinder *finder, const char *path) {
  LayerInfo info;
  g_autoptr(GError) error = NULL;
  g_autoptr(WeightFile) file = layer_finder_open(finder, model_at(f, path), &info, &error);
  g_assert_no_error(error);
  g_assert_null(info.name);
  return info;
}

static void test_strength(Fixture *f, gconstpointer unused) {
  (void)unused;
  const char *const four[] = {"ss_network_alpha", "4", "other", "x", NULL},
                    *const eight[] = {"ss_network_alpha", "8", "other", "x", NULL},
                    *const told[] = {"ss_network_alpha", "4", "other", "y", NULL};
  put_lora(f, "a.safetensors", down, up, 2, four);
  put_lora(f, "b.safetensors", down, up, 2, told);
  put_lora(f, "c.safetensors", down, up, 2, eight);
  put_lora(f, "d.safetensors", down, up, 3, four);
  put_lora(f, "e.safetensors", down, up, 2, four);
  put_lora(f, "g/adapter_model.safetensors", down, up, 2, four);
  put_text(f, "g/adapter_config.json", "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 32}");
  scan(f);
  g_autoptr(WeightFile) any = collection_open_weights(f->collection, model_at(f, "a.safetensors"), NULL);
  g_autoptr(GArray) layers = layer_list(any, NULL);
  g_autoptr(LayerFinder) finder = layer_finder_new(f->collection, g_array_index(layers, LayerInfo, 0).name);
  static const struct {
    const char *path;
    double alpha;
    uint64_t rank;
  } rows[] = {{"a.safetensors", 4, 2}, {"b.safetensors", 4, 2}, {"c.safetensors", 8, 2},
              {"d.safetensors", 4, 3}, {"e.safetensors", 4, 2}, {"g", 32, 2}};
  for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
    LayerInfo info = info_of(f, finder, rows[i].path);
    g_assert_cmpfloat(info.scale.alpha, ==, rows[i].alpha);
    g_assert_cmpuint(info.rank, ==, rows[i].rank);
  }
}

static void test_order(Fixture *f, gconstpointer unused) {
  (void)unused;
  float x[8] = {0};
  const TensorOut one[] = {{"mid.weight", DTYPE_F32, 2, {4, 2}, x}, {"top.weight", DTYPE_F32, 2, {2, 4}, x}},
                  other[] = {{"all.weight", DTYPE_F32, 2, {2, 4}, x}, {"mid.weight", DTYPE_F32, 2, {4, 2}, x}},
                  none[] = {{"low.weight", DTYPE_F32, 2, {4, 2}, x}, {"top.weight", DTYPE_F32, 2, {2, 4}, x}};
  put_tensors(f, "a.safetensors", one, 2, NULL);
  put_tensors(f, "b.safetensors", other, 2, NULL);
  put_tensors(f, "c.safetensors", none, 2, NULL);
  scan(f);
  g_autoptr(LayerFinder) finder = layer_finder_new(f->collection, "mid");
  g_autoptr(GError) error = NULL;
  LayerInfo info;
  g_assert_cmpint(info_of(f, finder, "a.safetensors").weight, ==, 0);
  g_assert_cmpint(info_of(f, finder, "b.safetensors").weight, ==, 1);
  g_assert_null(layer_finder_open(finder, model_at(f, "c.safetensors"), &info, &error));
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND);
  g_assert_nonnull(strstr(error->message, "c.safetensors has no layer mid"));
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/layer-finder", "strength", test_strength);
  add_test("/layer-finder", "order", test_order);
  return g_test_run();
}
