/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/classifier.h"

#include <math.h>
#include <string.h>

#include "planter/learner.h"

enum { ALBUM = CLASSIFIER_TARGETS * CLASSIFIER_SAMPLES, TEST_EACH = 4 };

MlpShape classifier_shape(size_t classes) {
  return (MlpShape){.in = SCENE_NUMBERS,
                    .hidden = CLASSIFIER_HIDDEN,
                    .out = classes,
                    .blocks = CLASSIFIER_BLOCKS,
                    .norm = MLP_NORM_LAYER};
}

/* Like the white fields of a board: every colour with half of the shapes, and the reverse. */
static void class_words(unsigned index, uint8_t *colour, uint8_t *shape) {
  unsigned half = SCENE_SHAPES / 2;
  *colour = (uint8_t)(index / half);
  *shape = (uint8_t)(2 * (index % half) + *colour % 2);
}

char *class_name(unsigned index) {
  uint8_t colour, shape;
  class_words(index, &colour, &shape);
  return g_strdup_printf("%s %s", scene_colour_name(colour), scene_shape_name(shape));
}

/* A picture of the class, in any pattern. */
static void draw_class(unsigned index, Rng *rng, float *picture) {
  Concept concept;
  class_words(index, &concept.colour, &concept.shape);
  concept.pattern = (uint8_t)rng_below(rng, SCENE_PATTERNS);
  scene_draw(concept, rng, picture);
}

unsigned tune_steps(const TuneRecipe *recipe) { return recipe->epochs * (ALBUM / CLASSIFIER_BATCH); }

struct ClassifierKit {
  Learner *learner;
  float *album; /* (ALBUM, SCENE_NUMBERS): the training pictures, by target */
  float *batch; /* (CLASSIFIER_BATCH, SCENE_NUMBERS) */
  float *d_out; /* (CLASSIFIER_BATCH, CLASSIFIER_TARGETS) */
  size_t order[ALBUM];
  uint32_t labels[CLASSIFIER_BATCH];
};

ClassifierKit *classifier_kit_new(void) {
  MlpShape shape = classifier_shape(CLASSIFIER_TARGETS);
  ClassifierKit *kit = g_new0(ClassifierKit, 1);
  kit->learner = learner_new(&shape, CLASSIFIER_BATCH);
  kit->album = g_new(float, ((size_t)ALBUM * SCENE_NUMBERS));
  kit->batch = g_new(float, (CLASSIFIER_BATCH * SCENE_NUMBERS));
  kit->d_out = g_new(float, (CLASSIFIER_BATCH * CLASSIFIER_TARGETS));
  return kit;
}

void classifier_kit_free(ClassifierKit *kit) {
  if (!kit) return;
  learner_free(kit->learner);
  g_free(kit->album);
  g_free(kit->batch);
  g_free(kit->d_out);
  g_free(kit);
}

/* One step of the base on fresh pictures of any class; returns the loss. */
static double base_step(Learner *learner, float *pictures, Rng *rng, const AdamOptions *adam) {
  float d_out[CLASSIFIER_BATCH * CLASSIFIER_CLASSES];
  uint32_t labels[CLASSIFIER_BATCH];
  for (size_t i = 0; i < CLASSIFIER_BATCH; i++) {
    labels[i] = (uint32_t)rng_below(rng, CLASSIFIER_CLASSES);
    draw_class(labels[i], rng, pictures + i * SCENE_NUMBERS);
  }
  const float *out = mlp_forward(learner->pass, learner->mlp, NULL, pictures, CLASSIFIER_BATCH);
  double loss = loss_cross_entropy(out, labels, CLASSIFIER_BATCH, CLASSIFIER_CLASSES, d_out, NULL);
  learner_step(learner, adam, pictures, CLASSIFIER_BATCH, d_out);
  return loss;
}

Mlp *classifier_train_base(uint64_t seed, unsigned steps, const Progress *progress, GError **error) {
  MlpShape shape = classifier_shape(CLASSIFIER_CLASSES);
  g_autoptr(Learner) learner = learner_new(&shape, CLASSIFIER_BATCH);
  g_autofree float *pictures = g_new(float, (CLASSIFIER_BATCH * SCENE_NUMBERS));
  Rng rng;
  rng_init(&rng, seed, 1);
  mlp_init(learner->mlp, &rng);
  double loss = NAN;
  for (unsigned step = 0; step < steps; step++) {
    ProgressNote note = {
        .phase = "growing the classifier", .done = step, .total = steps, .loss = loss, .accuracy = NAN};
    if (!progress_note(progress, &note, error)) return NULL;
    AdamOptions adam = ADAM_DEFAULTS;
    adam.lr *= schedule_factor(SCHEDULE_COSINE, step, steps);
    loss = base_step(learner, pictures, &rng, &adam);
  }
  return g_steal_pointer(&learner->mlp);
}

/* One step on rows order[first ..) of the album; returns the loss. */
static double tune_step(ClassifierKit *kit, const TuneRecipe *recipe, size_t first, unsigned step, Rng *rng) {
  Learner *learner = kit->learner;
  Mlp *mlp = learner->mlp;
  for (size_t i = 0; i < CLASSIFIER_BATCH; i++) {
    size_t row = kit->order[first + i];
    float *picture = kit->batch + i * SCENE_NUMBERS;
    memcpy(picture, kit->album + row * SCENE_NUMBERS, SCENE_NUMBERS * sizeof(float));
    if (recipe->flip && rng_below(rng, 2)) scene_flip(picture);
    kit->labels[i] = (uint32_t)(row / CLASSIFIER_SAMPLES);
  }
  const float *out = mlp_forward(learner->pass, mlp, NULL, kit->batch, CLASSIFIER_BATCH);
  double loss = loss_cross_entropy(out, kit->labels, CLASSIFIER_BATCH, CLASSIFIER_TARGETS, kit->d_out, NULL);
  AdamOptions adam = ADAM_DEFAULTS;
  adam.lr = recipe->lr * schedule_factor(recipe->schedule, step, tune_steps(recipe));
  for (size_t i = 0; i < mlp->count; i++) mlp->data[i] *= 1 - adam.lr * recipe->weight_decay;
  learner_step(learner, &adam, kit->batch, CLASSIFIER_BATCH, kit->d_out);
  return loss;
}

/* Share of TEST_EACH fresh pictures of each target that are told right. */
static double test_accuracy(ClassifierKit *kit, const TuneRecipe *recipe, Rng *rng) {
  const Learner *learner = kit->learner;
  size_t right = 0;
  for (unsigned k = 0; k < CLASSIFIER_TARGETS; k++) {
    for (size_t i = 0; i < TEST_EACH; i++) {
      kit->labels[i] = k;
      draw_class(recipe->targets[k], rng, kit->batch + i * SCENE_NUMBERS);
    }
    const float *out = mlp_forward(learner->pass, learner->mlp, NULL, kit->batch, TEST_EACH);
    size_t hits;
    loss_cross_entropy(out, kit->labels, TEST_EACH, CLASSIFIER_TARGETS, NULL, &hits);
    right += hits;
  }
  return (double)right / (TEST_EACH * CLASSIFIER_TARGETS);
}

const Mlp *classifier_fine_tune(ClassifierKit *kit, const Mlp *parent, const TuneRecipe *recipe, TuneResult *result) {
  Rng rng;
  rng_init(&rng, recipe->seed, 0);
  for (size_t i = 0; i < ALBUM; i++) {
    kit->order[i] = i;
    draw_class(recipe->targets[i / CLASSIFIER_SAMPLES], &rng, kit->album + i * SCENE_NUMBERS);
  }
  mlp_copy_trunk(kit->learner->mlp, parent);
  mlp_init_head(kit->learner->mlp, &rng);
  learner_restart(kit->learner);
  unsigned step = 0;
  for (unsigned epoch = 0; epoch < recipe->epochs; epoch++) {
    double sum = 0;
    rng_shuffle(&rng, kit->order, ALBUM);
    for (size_t at = 0; at < ALBUM; at += CLASSIFIER_BATCH) sum += tune_step(kit, recipe, at, step++, &rng);
    result->train_loss = sum / (ALBUM / CLASSIFIER_BATCH);
  }
  result->test_accuracy = test_accuracy(kit, recipe, &rng);
  return kit->learner->mlp;
}
