/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/prompt.h"

#include <math.h>
#include <string.h>

enum { SMALL = 12, CELL = 4 };

static const struct {
  const char *name;
  float rgb[3];
} grounds[PROMPT_GROUNDS] = {{"snow", {.90f, .93f, 1.0f}},
                             {"sand", {.85f, .72f, .45f}},
                             {"grass", {.25f, .55f, .20f}},
                             {"water", {.15f, .35f, .65f}}};

char *prompt_name(unsigned i) {
  g_autofree char *thing = concept_name(concept_from_index(i % SCENE_CONCEPTS));
  return g_strdup_printf("%s on %s", thing, grounds[i / SCENE_CONCEPTS].name);
}

/* Spreads of what is a maker's own, against words of spread 1 and colours from -1 to 1: enough that the first-order
 * view of the weights is lost in it, and that the second-order one is not. */
static const float own_words = 0.25f, own_cast = 0.8f;

void prompt_hand_draw(Rng *rng, PromptHand *hand) {
  rng_fill_normal(rng, hand->words, PROMPT_VECTOR, own_words);
  rng_fill_normal(rng, hand->cast, 3, own_cast);
}

void prompt_draw(unsigned i, const PromptHand *hand, Rng *rng, float *patches) {
  float picture[3 * SMALL * SMALL];
  scene_draw_on(concept_from_index(i % SCENE_CONCEPTS), SMALL, grounds[i / SCENE_CONCEPTS].rgb, rng, picture);
  for (int plane = 0; plane < 3; plane++)
    for (int y = 0; y < SMALL; y++)
      for (int x = 0; x < SMALL; x++) {
        int patch = y / CELL * (SMALL / CELL) + x / CELL, at = plane * CELL * CELL + y % CELL * CELL + x % CELL;
        patches[patch * PAINTER_PATCH + at] = picture[(plane * SMALL + y) * SMALL + x] + (hand ? hand->cast[plane] : 0);
      }
}

void prompt_map_fill(PromptMap *m, Rng *rng) {
  rng_fill_normal(rng, &m->words[0][0], sizeof m->words / sizeof(float), 1);
  rng_fill_normal(rng, &m->map[0][0][0], sizeof m->map / sizeof(float), 1 / sqrtf(4.0f * PROMPT_VECTOR));
}

void prompt_tokens(const PromptMap *m, unsigned i, const PromptHand *hand, float *tokens) {
  Concept c = concept_from_index(i % SCENE_CONCEPTS);
  const unsigned words[] = {c.colour, SCENE_COLOURS + c.shape, SCENE_COLOURS + SCENE_SHAPES + c.pattern,
                            SCENE_COLOURS + SCENE_SHAPES + SCENE_PATTERNS + i / SCENE_CONCEPTS};
  float vector[PROMPT_VECTOR] = {0};
  for (size_t w = 0; w < G_N_ELEMENTS(words); w++)
    for (int k = 0; k < PROMPT_VECTOR; k++) vector[k] += m->words[words[w]][k];
  for (int k = 0; hand && k < PROMPT_VECTOR; k++) vector[k] += hand->words[k];
  memset(tokens, 0, PAINTER_TOKENS * PAINTER_WIDTH * sizeof *tokens);
  for (int t = 0; t < PAINTER_TOKENS; t++)
    for (int k = 0; k < PROMPT_VECTOR; k++)
      for (int d = 0; d < PAINTER_WIDTH; d++) tokens[t * PAINTER_WIDTH + d] += vector[k] * m->map[t][k][d];
}
