/* SPDX-License-Identifier: Apache-2.0 */
/* The hard tree: a denoiser with attention and adapters of it on many concepts with few models each, on which methods
 * part. Each adapter starts its `down` matrices at its own random numbers and is its maker's: prompts hold words of his
 * own, and his pictures have one cast of colour. So two of one concept share little of their products and much of the
 * output side of to_q, which answers to the prompt. `make hard-report` shows what each method makes of it.
 *
 *   hard/hard-base/unet/{config.json,diffusion_pytorch_model.safetensors}
 *   hard/<split>/model_idx_NNNN/{pytorch_lora_weights.safetensors,README.md}
 *
 * A concept is a pattern, a colour, a shape and what it lies on: "striped red star on snow". 15 % of them are unseen;
 * the base has seen half of the others. */
#pragma once

#include "planter/planting.h"

enum { HARD_CONCEPTS_MIN = 20, HARD_CONCEPTS_MOST = 1000, HARD_MODELS = 5 };

typedef struct {
  unsigned concepts;   /* HARD_CONCEPTS_MIN to HARD_CONCEPTS_MOST */
  unsigned models;     /* adapters a concept; of a seen one the last alternately validates and tests */
  unsigned base_steps; /* Adam steps of 64 pictures */
} HardPlan;

/* Trains and writes the tree and adds it to the truth. Files depend on the planting's seed and the plan alone. */
bool hard_plant(const Planting *planting, const HardPlan *plan, GError **error);
