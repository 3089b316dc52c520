/* SPDX-License-Identifier: Apache-2.0 */
/* Procedural pictures of simple scenes: what the planted networks are trained on.
 *
 * A scene shows one thing, and a concept says which: pattern x colour x shape, "striped red
 * star". Everything else (place, size, turn, shade, background) varies from picture to
 * picture. Pictures are SCENE_SIDE x SCENE_SIDE, three planes (red, green, blue), row-major,
 * values in [-1, 1]. */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "numerics/rng.h"

enum {
  SCENE_SIDE = 16,
  SCENE_PIXELS = SCENE_SIDE * SCENE_SIDE,
  SCENE_NUMBERS = 3 * SCENE_PIXELS, /* floats of a picture */
  SCENE_COLOURS = 10,
  SCENE_SHAPES = 8,
  SCENE_PATTERNS = 4,
  SCENE_CONCEPTS = SCENE_COLOURS * SCENE_SHAPES * SCENE_PATTERNS
};

typedef struct {
  uint8_t colour;  /* < SCENE_COLOURS */
  uint8_t shape;   /* < SCENE_SHAPES */
  uint8_t pattern; /* < SCENE_PATTERNS */
} Concept;

/* "red", "star", "striped": ordinary English words. Static text. */
const char *scene_colour_name(unsigned colour);
const char *scene_shape_name(unsigned shape);

/* The i-th of all SCENE_CONCEPTS concepts. */
Concept concept_from_index(unsigned i);

/* "striped red star". The caller frees it. */
char *concept_name(Concept concept);

/* Draws one picture of the concept into picture[SCENE_NUMBERS]; whatever may vary is drawn
 * from rng. */
void scene_draw(Concept concept, Rng *rng, float *picture);

/* The same of `side` x `side` pixels on a ground of that colour (0 to 1). */
void scene_draw_on(Concept concept, int side, const float ground[3], Rng *rng, float *picture);

/* Mirrors a picture left to right in place. */
void scene_flip(float *picture);
