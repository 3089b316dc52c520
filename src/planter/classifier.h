/* SPDX-License-Identifier: Apache-2.0 */
/* The discriminative network: it tells what a scene shows, and its descendants are fine-tuned,
 * all weights, under a fresh head, on some of the classes. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"
#include "planter/loss.h"
#include "planter/mlp.h"
#include "planter/scene.h"

enum {
  CLASSIFIER_HIDDEN = 128,
  CLASSIFIER_BLOCKS = 3,
  CLASSIFIER_CLASSES = SCENE_COLOURS * SCENE_SHAPES / 2, /* half of all coloured shapes */
  CLASSIFIER_TARGETS = CLASSIFIER_CLASSES / 2,           /* of a fine-tune */
  CLASSIFIER_BATCH = 32,
  CLASSIFIER_SAMPLES = 48 /* training pictures of each target */
};

/* SCENE_NUMBERS -> 128, three residual blocks of 128 x 128 with layer norms, -> classes. */
MlpShape classifier_shape(size_t classes);

/* "red star". The caller frees it. */
char *class_name(unsigned class_index);

/* How one fine-tune is trained. */
typedef struct {
  uint64_t seed;
  uint32_t targets[CLASSIFIER_TARGETS]; /* classes, rising: output k means targets[k] */
  float lr, weight_decay;               /* weight_decay as AdamW has it */
  unsigned epochs;
  Schedule schedule;
  bool flip; /* half of the pictures are mirrored */
} TuneRecipe;

/* Adam steps of a recipe. */
unsigned tune_steps(const TuneRecipe *recipe);

typedef struct {
  double train_loss;    /* mean of the last epoch */
  double test_accuracy; /* on fresh pictures */
} TuneResult;

/* Everything a run needs besides its networks, made once a thread. */
typedef struct ClassifierKit ClassifierKit;
ClassifierKit *classifier_kit_new(void);
void classifier_kit_free(ClassifierKit *kit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClassifierKit, classifier_kit_free)

/* Trains a base on all classes, from scratch. Reports and stops through progress; NULL when it
 * was cancelled. The caller frees it. */
Mlp *classifier_train_base(uint64_t seed, unsigned steps, const Progress *progress, GError **error);

/* Fine-tunes a copy of the parent's trunk under a fresh head of CLASSIFIER_TARGETS. The network
 * belongs to the kit and lasts until its next use. Depends on the recipe and the parent alone. */
const Mlp *classifier_fine_tune(ClassifierKit *kit, const Mlp *parent, const TuneRecipe *recipe, TuneResult *result);
