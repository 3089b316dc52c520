/* SPDX-License-Identifier: Apache-2.0 */
/* The data that the networks of a wood learn from: points drawn around the centres of classes in
 * a small hidden space, bent and stretched into many numbers in the same way for all tasks. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "numerics/rng.h"

enum { WORLD_NUMBERS = 64, WORLD_LATENT = 12, WORLD_BEND = 24, WORLD_MAX_CLASSES = 16 };

typedef struct {
  float bend[WORLD_BEND * WORLD_LATENT];
  float spread[WORLD_NUMBERS * WORLD_BEND];
} World;

/* Classes to tell apart. */
typedef struct {
  unsigned classes;
  float centre[WORLD_MAX_CLASSES * WORLD_LATENT];
} WorldTask;

void world_init(World *world, uint64_t seed);

/* The same world seen otherwise: a share `shift` (0..1) of what points look like is new, drawn by the seed. */
void world_shift(World *out, const World *from, float shift, uint64_t seed);

/* `classes` fresh centres, 2 to WORLD_MAX_CLASSES. */
void world_task_draw(WorldTask *task, unsigned classes, Rng *rng);

/* The same task a little elsewhere: every centre moves by `drift` of its size. */
void world_task_drift(WorldTask *task, float drift, Rng *rng);

/* n samples: x (n, WORLD_NUMBERS), labels (n), each < task->classes. */
void world_draw(const World *world, const WorldTask *task, Rng *rng, size_t n, float *x, uint32_t *labels);
