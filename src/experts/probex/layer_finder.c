/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/layer_finder.h"

#include <string.h>

#include "collection/adapter_facts.h"
#include "core/error.h"
#include "weights/layers/learnable.h"

/* A file whose list is understood. */
typedef struct {
  WeightFile *file;
  char *strength; /* model_adapter_text() */
  LayerInfo info;
} Understood;

struct LayerFinder {
  const Collection *collection;
  const char *layer;
  GMutex lock; /* of what follows, which is set once */
  Understood *first;
};

LayerFinder *layer_finder_new(const Collection *collection, const char *layer) {
  LayerFinder *f = g_new0(LayerFinder, 1);
  f->collection = collection;
  f->layer = layer;
  g_mutex_init(&f->lock);
  return f;
}

void layer_finder_free(LayerFinder *f) {
  if (!f) return;
  if (f->first) {
    weight_file_free(f->first->file);
    g_free(f->first->strength);
    g_free(f->first);
  }
  g_mutex_clear(&f->lock);
  g_free(f);
}

static bool same_tensor(const TensorInfo *a, const TensorInfo *b) {
  return a->dtype == b->dtype && a->rank == b->rank && strcmp(a->name, b->name) == 0 &&
         memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape) == 0;
}

/* True when nothing that layers are made out by differs. GGUF says more of them in its metadata. */
static bool same_list(const WeightFile *a, const WeightFile *b) {
  size_t n = weight_file_count(a);
  const char *format = weight_file_format(a);
  bool same = n == weight_file_count(b) && weight_file_heads(a) == weight_file_heads(b) &&
              strcmp(format, weight_file_format(b)) == 0 && strcmp(format, "gguf") != 0 && adapter_scales_agree(a, b);
  for (size_t i = 0; same && i < n; i++) same = same_tensor(weight_file_info(a, i), weight_file_info(b, i));
  return same;
}

static const Understood *first_of(LayerFinder *f) {
  g_mutex_lock(&f->lock);
  const Understood *first = f->first;
  g_mutex_unlock(&f->lock);
  return first;
}

/* Keeps a file of its own to compare with; one that cannot be opened once more is no trouble. */
static void keep_first(LayerFinder *f, const Model *model, const LayerInfo *info) {
  g_autoptr(WeightFile) file = collection_open_weights(f->collection, model, NULL);
  if (!file) return;
  g_mutex_lock(&f->lock);
  if (!f->first) {
    f->first = g_new0(Understood, 1);
    *f->first = (Understood){g_steal_pointer(&file), model_adapter_text(model), *info};
  }
  g_mutex_unlock(&f->lock);
}

static bool find(const LayerFinder *f, const Model *model, const WeightFile *file, LayerInfo *info, GError **error) {
  g_autoptr(AdapterConfig) config = model_adapter_config(model);
  g_autoptr(GArray) layers = learnable_list(file, config);
  const LayerInfo *found = layer_find(layers, f->layer);
  if (!found) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_NOT_FOUND, "%s has no layer %s: copse show lists what it has",
                model->shown, f->layer);
    return false;
  }
  *info = *found;
  info->name = NULL;
  return true;
}

WeightFile *layer_finder_open(LayerFinder *f, const Model *model, LayerInfo *info, GError **error) {
  g_autoptr(WeightFile) file = collection_open_weights(f->collection, model, error);
  if (!file) return NULL;
  const Understood *first = first_of(f);
  g_autofree char *strength = first ? model_adapter_text(model) : NULL;
  if (first && strcmp(first->strength, strength) == 0 && same_list(first->file, file)) {
    *info = first->info;
    return g_steal_pointer(&file);
  }
  if (!find(f, model, file, info, error)) return NULL;
  if (!first) keep_first(f, model, info);
  return g_steal_pointer(&file);
}
