/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/train/preset.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "experts/probex/multiview.h"

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

/* What the authors' programs do: ProbeX (arXiv 2410.13569) or several views (arXiv 2605.23410), classes or alignment.
 * r_T of ProbeX's classes is that of the paper's counts of parameters; its program takes 512 unless told otherwise. */
static const struct {
  float lr, weight_decay;
  unsigned epochs, every, rep;
  bool ties_later;
} published[2][2] = {
    [false] =
        {[EXPERT_ALIGN] = {2e-3f, 0, 200, 10, 512, false}, [EXPERT_CLASSIFY] = {1e-3f, 1e-5f, 500, 25, 128, false}},
    [true] = {[EXPERT_ALIGN] = {3e-4f, 0, 400, 10, 512, true}, [EXPERT_CLASSIFY] = {3e-4f, 1e-5f, 3000, 25, 512, true}},
};

static void apply_published(TrainOptions *o) {
  bool views = o->kind == TRAIN_MULTIVIEW, align = o->task == EXPERT_ALIGN;
  if (!views) o->kind = TRAIN_PROBEX;
  o->lr = published[views][o->task].lr;
  o->weight_decay = published[views][o->task].weight_decay;
  o->epochs = published[views][o->task].epochs;
  o->every = published[views][o->task].every;
  o->rep = published[views][o->task].rep;
  o->ties_later = published[views][o->task].ties_later;
  o->views = views ? VIEW_ALL : 0;
  o->batch = o->probes = o->proj = 128;
  o->schedule = SCHEDULE_CONSTANT;
  o->input = INPUT_RAW;
  o->cosines = o->raw_text = o->val_holdout = align;
}

bool preset_apply(const char *name, TrainOptions *o, GError **error) {
  g_autoptr(GString) all = g_string_new("published");
  if (strcmp(name, all->str) == 0) {
    apply_published(o);
    return true;
  }
  for (size_t i = 0; i < G_N_ELEMENTS(presets); i++) {
    const Preset *p = &presets[i];
    g_string_append_printf(all, ", %s", p->name);
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

char *preset_layer_numbered(const WeightFile *file, const GArray *layers, const char *number) {
  guint64 index;
  bool whole = g_ascii_string_to_unsigned(number + 1, 10, 0, G_MAXUINT32, &index, NULL);
  return whole ? preset_layer_at(file, layers, (size_t)index) : NULL;
}
