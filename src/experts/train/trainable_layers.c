/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/trainable_layers.h"

#include "core/error.h"
#include "experts/train/preset.h"
#include "weights/layers/learnable.h"

enum { MIN_NUMBERS = 64 };

bool trainable_layer(const char *name, uint64_t d_out, uint64_t d_in, const char *pattern) {
  return pattern ? g_pattern_match_simple(pattern, name) : d_out * d_in >= MIN_NUMBERS;
}

GPtrArray *trainable_layers(const Collection *collection, const Model *model, const char *pattern, GError **error) {
  g_autoptr(WeightFile) file = collection_open_weights(collection, model, error);
  if (!file) return NULL;
  g_autoptr(GArray) layers = learnable_list(file, NULL);
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  char *numbered = pattern && pattern[0] == '#' ? preset_layer_numbered(file, layers, pattern) : NULL;
  if (numbered) g_ptr_array_add(names, numbered);
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    if (trainable_layer(l->name, l->d_out, l->d_in, pattern)) g_ptr_array_add(names, g_strdup(l->name));
  }
  if (names->len) return names;
  g_ptr_array_unref(names);
  const char *form = model->kind == MODEL_ADAPTER ? model_value(model, "form") : NULL;
  if (form && layers->len == 0)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "no layer of %s can be trained on: what %s adds is not computed from its file alone", model->shown,
                form);
  else if (pattern)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "no layer of %s matches '%s': copse show lists them",
                model->shown, pattern);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND,
                "no layer of %s has numbers enough to train on: name one with --layer", model->shown);
  return NULL;
}
