/* SPDX-License-Identifier: Apache-2.0 */
/* The generative network: it takes noise out of pictures of scenes, predicting the clean
 * picture, and its adapters do so better for the one concept that they were trained on. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"
#include "planter/mlp.h"
#include "planter/scene.h"

enum { DENOISER_HIDDEN = 256, DENOISER_BLOCKS = 2, DENOISER_RANK = 4 };

/* SCENE_NUMBERS -> 256, two residual blocks of 256 x 256, -> SCENE_NUMBERS. */
MlpShape denoiser_shape(void);

/* How one adapter is trained. */
typedef struct {
  Concept concept;
  uint64_t seed;
  float lr;
  unsigned steps;   /* Adam steps of 16 pictures */
  unsigned samples; /* training pictures, each seen many times under other noise */
} AdapterRecipe;

/* Everything a training run needs besides its network, made once a thread. */
typedef struct DenoiserKit DenoiserKit;
DenoiserKit *denoiser_kit_new(void);
void denoiser_kit_free(DenoiserKit *kit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DenoiserKit, denoiser_kit_free)

/* Trains a base on pictures of all concepts, from scratch. Reports and stops through progress;
 * NULL when it was cancelled. The caller frees it with mlp_free(). */
Mlp *denoiser_train_base(uint64_t seed, unsigned steps, const Progress *progress, GError **error);

/* Trains an adapter for the recipe, the base frozen. `out` is overwritten; its shape is that of
 * lora_new(denoiser_shape(), DENOISER_RANK). Depends on the recipe and the base alone. Takes
 * about 0.05 s, so it asks nobody whether to stop. */
void denoiser_train_adapter(DenoiserKit *kit, const Mlp *base, const AdapterRecipe *recipe, Lora *out);

/* Mean squared error over `pictures` fresh pictures of the concept, under noise as in training. */
double denoiser_loss(DenoiserKit *kit, const Mlp *base, const Lora *lora, Concept concept, unsigned pictures,
                     uint64_t seed);
