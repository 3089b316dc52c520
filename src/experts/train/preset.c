/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/preset.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"

typedef struct {
  const char *name;
  ExpertTask task;
  const char *layer;
  float lr, weight_decay;
  unsigned epochs;
} Preset;

static const Preset presets[] = {
    {"supvit", EXPERT_CLASSIFY, "vit.encoder.layer.7.attention.output.dense", 1e-3f, 1e-5f, 500},
    {"dino", EXPERT_CLASSIFY, "vit.encoder.layer.7.attention.output.dense", 1e-3f, 1e-5f, 500},
    {"mae", EXPERT_CLASSIFY, "vit.encoder.layer.8.attention.attention.value", 1e-3f, 1e-5f, 500},
    {"resnet", EXPERT_CLASSIFY, "resnet.encoder.stages.2.layers.19.layer.0.convolution", 1e-3f, 1e-5f, 500},
    {"sd_200", EXPERT_ALIGN, "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_q", 2e-3f, 0, 200},
    {"sd_1k", EXPERT_ALIGN, "down_blocks.2.attentions.1.transformer_blocks.0.attn2.to_q", 2e-3f, 0, 200},
};

bool preset_apply(const char *name, TrainOptions *o, GError **error) {
  g_autoptr(GString) all = g_string_new(NULL);
  for (size_t i = 0; i < G_N_ELEMENTS(presets); i++) {
    const Preset *p = &presets[i];
    g_string_append_printf(all, "%s%s", i ? ", " : "", p->name);
    if (strcmp(name, p->name) != 0) continue;
    o->task = p->task;
    o->layer = p->layer;
    o->lr = p->lr;
    o->weight_decay = p->weight_decay;
    o->epochs = p->epochs;
    o->schedule = SCHEDULE_CONSTANT;
    o->batch = o->probes = o->proj = o->rep = 128;
    return true;
  }
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "unknown preset '%s'; there are: %s", name, all->str);
  return false;
}

/* A layer and the name of the tensor that holds it. */
typedef struct {
  const LayerInfo *layer;
  const char *tensor;
} Named;

static int by_tensor(const void *a, const void *b) {
  return strcmp(((const Named *)a)->tensor, ((const Named *)b)->tensor);
}

char *preset_layer_at(const WeightFile *file, const GArray *layers, size_t index) {
  if (index >= layers->len) return NULL;
  g_autofree Named *all = g_new(Named, layers->len);
  bool adapters = false;
  for (guint i = 0; i < layers->len; i++) {
    const LayerInfo *l = &g_array_index(layers, LayerInfo, i);
    adapters |= l->form == LAYER_LOW_RANK;
    size_t tensor = l->a >= 0 ? (size_t)l->a : layer_main_tensor(l);
    all[i] = (Named){l, weight_file_info(file, tensor)->name};
  }
  if (!adapters) qsort(all, layers->len, sizeof *all, by_tensor);
  return g_strdup(all[index].layer->name);
}
