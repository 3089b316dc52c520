/* SPDX-License-Identifier: Apache-2.0 */
/* One layer in the files of many models. Models of one tree list the same tensors under the same names: what the first
 * file's list means is worked out once, and a file that repeats it costs a comparison. */
#pragma once

#include "collection/collection.h"
#include "weights/layers/layer.h"

typedef struct LayerFinder LayerFinder;

/* `collection` and `layer` are borrowed. */
LayerFinder *layer_finder_new(const Collection *collection, const char *layer);
void layer_finder_free(LayerFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerFinder, layer_finder_free)

/* Opens the model's weights and says where the layer lies in them; info->name is NULL. The caller frees the file. NULL
 * with an error when it cannot be opened or has no such layer. Thread-safe. */
WeightFile *layer_finder_open(LayerFinder *finder, const Model *model, LayerInfo *info, GError **error);
