/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/denoiser.h"

#include <math.h>
#include <string.h>

#include "numerics/adam.h"
#include "planter/learner.h"
#include "planter/loss.h"

enum { BATCH = 16, BASE_BATCH = 32, MAX_SAMPLES = 64 };

/* Standard deviation of the noise, drawn for each picture: from most of the scene visible to
 * little of it, where only knowing the concept helps. */
static const float NOISE_LOW = 0.4f, NOISE_HIGH = 1.6f;

MlpShape denoiser_shape(void) {
  return (MlpShape){.in = SCENE_NUMBERS, .hidden = DENOISER_HIDDEN, .out = SCENE_NUMBERS, .blocks = DENOISER_BLOCKS};
}

struct DenoiserKit {
  MlpPass *pass;
  Lora *gradient, *m, *v;
  float *album;                 /* (MAX_SAMPLES, SCENE_NUMBERS): the training pictures */
  float *clean, *noisy, *d_out; /* (BATCH, SCENE_NUMBERS) */
};

DenoiserKit *denoiser_kit_new(void) {
  MlpShape shape = denoiser_shape();
  DenoiserKit *kit = g_new0(DenoiserKit, 1);
  kit->pass = mlp_pass_new(&shape, DENOISER_RANK, BATCH);
  kit->gradient = lora_new(&shape, DENOISER_RANK);
  kit->m = lora_new(&shape, DENOISER_RANK);
  kit->v = lora_new(&shape, DENOISER_RANK);
  kit->album = g_new(float, (MAX_SAMPLES * SCENE_NUMBERS));
  kit->clean = g_new(float, (BATCH * SCENE_NUMBERS));
  kit->noisy = g_new(float, (BATCH * SCENE_NUMBERS));
  kit->d_out = g_new(float, (BATCH * SCENE_NUMBERS));
  return kit;
}

void denoiser_kit_free(DenoiserKit *kit) {
  if (!kit) return;
  mlp_pass_free(kit->pass);
  lora_free(kit->gradient);
  lora_free(kit->m);
  lora_free(kit->v);
  g_free(kit->album);
  g_free(kit->clean);
  g_free(kit->noisy);
  g_free(kit->d_out);
  g_free(kit);
}

/* Nearly normal with unit variance, from one draw: the sum of four 16-bit uniforms. Exact
 * normals would cost as much as the network. */
static float rough_normal(Rng *rng) {
  uint64_t bits = rng_u64(rng);
  uint32_t sum = (uint32_t)((bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48));
  return ((float)sum - 131070.0f) * (1.7320508f / 65536.0f);
}

static void add_noise(Rng *rng, const float *clean, float *noisy) {
  float level = rng_range(rng, NOISE_LOW, NOISE_HIGH);
  for (size_t i = 0; i < SCENE_NUMBERS; i++) noisy[i] = clean[i] + level * rough_normal(rng);
}

/* Rows of (clean, noisy, gradient) for one batch of the base. */
typedef struct {
  float *clean, *noisy, *d_out; /* (BASE_BATCH, SCENE_NUMBERS) */
} BaseBatch;

/* One step of the base on fresh pictures of any concepts; returns the loss. */
static double base_step(Learner *learner, const BaseBatch *batch, Rng *rng, const AdamOptions *adam) {
  for (size_t i = 0; i < BASE_BATCH; i++) {
    Concept concept = concept_from_index((unsigned)rng_below(rng, SCENE_CONCEPTS));
    scene_draw(concept, rng, batch->clean + i * SCENE_NUMBERS);
    add_noise(rng, batch->clean + i * SCENE_NUMBERS, batch->noisy + i * SCENE_NUMBERS);
  }
  const float *out = mlp_forward(learner->pass, learner->mlp, NULL, batch->noisy, BASE_BATCH);
  double loss = loss_squares(out, batch->clean, BASE_BATCH, SCENE_NUMBERS, batch->d_out);
  learner_step(learner, adam, batch->noisy, BASE_BATCH, batch->d_out);
  return loss;
}

Mlp *denoiser_train_base(uint64_t seed, unsigned steps, const Progress *progress, GError **error) {
  MlpShape shape = denoiser_shape();
  g_autoptr(Learner) learner = learner_new(&shape, BASE_BATCH);
  const size_t n = BASE_BATCH * SCENE_NUMBERS;
  g_autofree float *pictures = g_new(float, 3 * n);
  BaseBatch batch = {pictures, pictures + n, pictures + 2 * n};
  Rng rng;
  rng_init(&rng, seed, 0);
  mlp_init(learner->mlp, &rng);
  double loss = NAN;
  for (unsigned step = 0; step < steps; step++) {
    ProgressNote note = {.phase = "growing the denoiser", .done = step, .total = steps, .loss = loss, .accuracy = NAN};
    if (!progress_note(progress, &note, error)) return NULL;
    AdamOptions adam = ADAM_DEFAULTS;
    adam.lr *= schedule_factor(SCHEDULE_COSINE, step, steps);
    loss = base_step(learner, &batch, &rng, &adam);
  }
  return g_steal_pointer(&learner->mlp);
}

void denoiser_train_adapter(DenoiserKit *kit, const Mlp *base, const AdapterRecipe *recipe, Lora *out) {
  Rng rng;
  rng_init(&rng, recipe->seed, 0);
  unsigned samples = CLAMP(recipe->samples, 1, MAX_SAMPLES);
  for (unsigned i = 0; i < samples; i++) scene_draw(recipe->concept, &rng, kit->album + i * SCENE_NUMBERS);
  lora_init(out, &rng);
  memset(kit->m->data, 0, kit->m->count * sizeof(float));
  memset(kit->v->data, 0, kit->v->count * sizeof(float));
  AdamOptions adam = ADAM_DEFAULTS;
  adam.lr = recipe->lr;
  for (unsigned step = 1; step <= recipe->steps; step++) {
    for (size_t i = 0; i < BATCH; i++) {
      const float *picture = kit->album + rng_below(&rng, samples) * SCENE_NUMBERS;
      memcpy(kit->clean + i * SCENE_NUMBERS, picture, SCENE_NUMBERS * sizeof(float));
      add_noise(&rng, picture, kit->noisy + i * SCENE_NUMBERS);
    }
    const float *y = mlp_forward(kit->pass, base, out, kit->noisy, BATCH);
    loss_squares(y, kit->clean, BATCH, SCENE_NUMBERS, kit->d_out);
    mlp_backward(kit->pass, base, out, kit->noisy, BATCH, kit->d_out, NULL, kit->gradient);
    adam_step(&adam, step, out->data, kit->gradient->data, kit->m->data, kit->v->data, out->count, 1);
  }
}

double denoiser_loss(DenoiserKit *kit, const Mlp *base, const Lora *lora, Concept concept, unsigned pictures,
                     uint64_t seed) {
  Rng rng;
  rng_init(&rng, seed, 1);
  double sum = 0;
  for (unsigned i = 0; i < pictures; i++) {
    scene_draw(concept, &rng, kit->clean);
    add_noise(&rng, kit->clean, kit->noisy);
    const float *out = mlp_forward(kit->pass, base, lora, kit->noisy, 1);
    sum += loss_squares(out, kit->clean, 1, SCENE_NUMBERS, NULL);
  }
  return pictures ? sum / pictures : 0;
}
