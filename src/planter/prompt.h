/* SPDX-License-Identifier: Apache-2.0 */
/* What the hard tree's concepts are, how they look and what its denoiser is told of them. */
#pragma once

#include "planter/painter.h"
#include "planter/scene.h"

enum { PROMPT_GROUNDS = 4, PROMPT_CONCEPTS = SCENE_CONCEPTS * PROMPT_GROUNDS, PROMPT_VECTOR = 24 };

/* "striped red star on snow" of concept i < PROMPT_CONCEPTS. The caller frees it. */
char *prompt_name(unsigned i);

/* The map from concepts to tokens: fixed random numbers. A concept's vector is the sum of its words' vectors. */
typedef struct {
  float words[SCENE_COLOURS + SCENE_SHAPES + SCENE_PATTERNS + PROMPT_GROUNDS][PROMPT_VECTOR];
  float map[PAINTER_TOKENS][PROMPT_VECTOR][PAINTER_WIDTH];
} PromptMap;
void prompt_map_fill(PromptMap *map, Rng *rng);

/* What is one maker's own: words of the prompt besides the concept's, and the cast of colour of all his pictures. Two
 * models of one concept share neither. */
typedef struct {
  float words[PROMPT_VECTOR], cast[3];
} PromptHand;
void prompt_hand_draw(Rng *rng, PromptHand *hand);

/* tokens (2, 64) of concept i, as the hand (may be NULL: nobody's) words it. */
void prompt_tokens(const PromptMap *map, unsigned i, const PromptHand *hand, float *tokens);

/* Draws a picture of 12 x 12 pixels patch by patch (PAINTER_NUMBERS), in the hand's colours unless it is NULL. */
void prompt_draw(unsigned i, const PromptHand *hand, Rng *rng, float *patches);
