/* SPDX-License-Identifier: Apache-2.0 */
/* Published set-ups by name: the layers and hyper-parameters that the authors of ProbeX recommend for the
 * subsets of Model-J (arXiv 2410.13569 and its code's notes). */
#pragma once

#include "experts/train/recipe.h"

/* Sets task, layer and hyper-parameters of `options` as the preset says: "supvit", "dino", "mae",
 * "resnet", "sd_200", "sd_1k"; or "published": all that the authors' programs do for options->task and options->kind
 * (ProbeX, or several views), on any layer. False with COPSE_ERROR_USAGE, naming them all, for another name. */
bool preset_apply(const char *name, TrainOptions *options, GError **error);

/* The name of layer number `index` (from 0) in upstream's order: matrices of a network in lexicographic
 * order of their tensors' names, adapters in the order of their file. NULL when there are fewer. The
 * caller frees it. */
char *preset_layer_at(const WeightFile *file, const GArray *layers, size_t index);

/* The same for a number as the user writes it, "#N"; NULL, too, when it is none. */
char *preset_layer_numbered(const WeightFile *file, const GArray *layers, const char *number);
