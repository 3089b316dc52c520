/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/world.h"

#include <math.h>

static const float SCATTER = 0.7f, NOISE = 0.2f;

void world_init(World *world, uint64_t seed) {
  Rng rng;
  rng_init(&rng, seed, 0);
  rng_fill_normal(&rng, world->bend, WORLD_BEND * WORLD_LATENT, 1 / sqrtf(WORLD_LATENT));
  rng_fill_normal(&rng, world->spread, WORLD_NUMBERS * WORLD_BEND, 1.5f / sqrtf(WORLD_BEND));
}

static void mix_in(float *x, const float *other, size_t n, float share) {
  float rest = sqrtf(1 - share * share);
  for (size_t i = 0; i < n; i++) x[i] = rest * x[i] + share * other[i];
}

void world_shift(World *out, const World *from, float shift, uint64_t seed) {
  World other;
  Rng rng;
  *out = *from;
  if (shift <= 0) return;
  rng_init(&rng, seed, 1);
  rng_fill_normal(&rng, other.bend, WORLD_BEND * WORLD_LATENT, 1 / sqrtf(WORLD_LATENT));
  rng_fill_normal(&rng, other.spread, WORLD_NUMBERS * WORLD_BEND, 1.5f / sqrtf(WORLD_BEND));
  mix_in(out->bend, other.bend, WORLD_BEND * WORLD_LATENT, 0.5f * shift);
  mix_in(out->spread, other.spread, WORLD_NUMBERS * WORLD_BEND, 0.8f * shift);
}

void world_task_draw(WorldTask *task, unsigned classes, Rng *rng) {
  task->classes = classes;
  rng_fill_normal(rng, task->centre, (size_t)classes * WORLD_LATENT, 1);
}

void world_task_drift(WorldTask *task, float drift, Rng *rng) {
  for (size_t i = 0; i < (size_t)task->classes * WORLD_LATENT; i++) task->centre[i] += drift * rng_normal(rng);
}

static void draw_one(const World *w, const float *centre, Rng *rng, float *x) {
  float z[WORLD_LATENT], h[WORLD_BEND];
  for (int i = 0; i < WORLD_LATENT; i++) z[i] = centre[i] + SCATTER * rng_normal(rng);
  for (int i = 0; i < WORLD_BEND; i++) {
    float sum = 0;
    for (int j = 0; j < WORLD_LATENT; j++) sum += w->bend[i * WORLD_LATENT + j] * z[j];
    h[i] = tanhf(2 * sum);
  }
  for (int i = 0; i < WORLD_NUMBERS; i++) {
    float sum = NOISE * rng_range(rng, -1.7f, 1.7f);
    for (int j = 0; j < WORLD_BEND; j++) sum += w->spread[i * WORLD_BEND + j] * h[j];
    x[i] = sum;
  }
}

void world_draw(const World *world, const WorldTask *task, Rng *rng, size_t n, float *x, uint32_t *labels) {
  for (size_t i = 0; i < n; i++) {
    labels[i] = (uint32_t)rng_below(rng, task->classes);
    draw_one(world, task->centre + labels[i] * WORLD_LATENT, rng, x + i * WORLD_NUMBERS);
  }
}
