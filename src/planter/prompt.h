/* SPDX-License-Identifier: Apache-2.0 */
/* What the hard tree's concepts are, how they look and what its denoiser is told of them. */
#pragma once

#include "planter/painter.h"
#include "planter/scene.h"

enum { PROMPT_GROUNDS = 4, PROMPT_CONCEPTS = SCENE_CONCEPTS * PROMPT_GROUNDS, PROMPT_VECTOR = 24 };

/* "striped red star on snow" of concept i < PROMPT_CONCEPTS. The caller frees it. */
char *prompt_name(unsigned i);

/* Draws a picture of 12 x 12 pixels patch by patch (PAINTER_NUMBERS). */
void prompt_draw(unsigned i, Rng *rng, float *patches);

/* The map from concepts to tokens: fixed random numbers. A concept's vector is the sum of its words' vectors. */
typedef struct {
  float words[SCENE_COLOURS + SCENE_SHAPES + SCENE_PATTERNS + PROMPT_GROUNDS][PROMPT_VECTOR];
  float map[PAINTER_TOKENS][PROMPT_VECTOR][PAINTER_WIDTH];
} PromptMap;
void prompt_map_fill(PromptMap *map, Rng *rng);

/* tokens (2, 64) of concept i. */
void prompt_tokens(const PromptMap *map, unsigned i, float *tokens);
