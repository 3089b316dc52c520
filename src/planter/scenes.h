/* SPDX-License-Identifier: Apache-2.0 */
/* The generative tree: one denoiser of scenes and LoRA adapters of it, each trained on one
 * concept, laid out as diffusers and Model-J write them:
 *
 *   scenes/scenes-base/{model_index.json,README.md}
 *   scenes/scenes-base/unet/{config.json,diffusion_pytorch_model.safetensors}
 *   scenes/<split>/model_idx_NNNN/{pytorch_lora_weights.safetensors,README.md}
 *
 * Splits: train, val, test of the seen concepts; val_holdout, test_holdout of the unseen. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "planter/planting.h"

typedef struct {
  unsigned concepts;   /* in all, a quarter of them unseen */
  unsigned models;     /* training adapters for each seen concept */
  unsigned base_steps; /* Adam steps of the base */
} ScenesPlan;

/* Trains and writes the tree and adds it to the truth. Files depend on the planting's seed and
 * the plan alone, not on threads. */
bool scenes_plant(const Planting *planting, const ScenesPlan *plan, GError **error);
