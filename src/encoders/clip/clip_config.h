/* SPDX-License-Identifier: Apache-2.0 */
/* What a CLIP text tower's configuration says that its tensors do not. */
#pragma once

#include "core/json.h"

typedef enum { CLIP_QUICK_GELU, CLIP_GELU, CLIP_GELU_TANH } ClipActivation;

typedef struct {
  unsigned heads;
  ClipActivation activation;
  float eps;       /* of every layer norm */
  unsigned layers; /* 0: as many as there are tensors for */
  int64_t end;     /* pool at the first token of this id; -1: at the first of the largest id */
} ClipConfig;

/* Reads config.json of a folder (CLIPModel, CLIPTextModel, CLIPTextModelWithProjection), else its
 * open_clip_config.json. Missing fields have transformers' defaults. Errors name the file and
 * what was expected: an unknown activation, another kind of model. */
bool clip_config_open(const char *folder, ClipConfig *config, GError **error);

/* The same from a document: transformers' or OpenCLIP's. `label` names it in messages. */
bool clip_config_parse(const cJSON *document, const char *label, ClipConfig *config, GError **error);
