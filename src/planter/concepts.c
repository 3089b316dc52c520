/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/concepts.h"

#include <stdbool.h>
#include <string.h>

/* Words in use of each kind: the smallest near-cubic grid that has room for `total`. */
static void choose_grid(unsigned total, unsigned grid[3]) {
  static const unsigned most[3] = {SCENE_COLOURS, SCENE_SHAPES, SCENE_PATTERNS};
  grid[0] = grid[1] = 2;
  grid[2] = 1;
  while (grid[0] * grid[1] * grid[2] < total) {
    int least = -1; /* the kind with the smallest share of its words in use */
    for (int k = 0; k < 3; k++)
      if (grid[k] < most[k] && (least < 0 || grid[k] * most[least] < grid[least] * most[k])) least = k;
    grid[least]++;
  }
}

/* `count` of the numbers 0..n-1, at random. */
static void choose_words(unsigned n, unsigned count, Rng *rng, size_t *words) {
  size_t all[SCENE_COLOURS];
  for (size_t i = 0; i < n; i++) all[i] = i;
  rng_shuffle(rng, all, n);
  memcpy(words, all, count * sizeof *words);
}

typedef struct {
  unsigned colour[SCENE_COLOURS], shape[SCENE_SHAPES], pattern[SCENE_PATTERNS];
} WordCounts;

static void count_words(WordCounts *counts, Concept c, int by) {
  counts->colour[c.colour] += (unsigned)by;
  counts->shape[c.shape] += (unsigned)by;
  counts->pattern[c.pattern] += (unsigned)by;
}

/* Moves `wanted` concepts to the end of items[0..n), leaving each of their words in use before
 * it. False when this order does not allow it. */
static bool hold_out(Concept *items, unsigned n, unsigned wanted) {
  WordCounts counts = {0};
  for (unsigned i = 0; i < n; i++) count_words(&counts, items[i], 1);
  unsigned end = n;
  for (unsigned i = n; i-- > 0 && n - end < wanted;) {
    Concept c = items[i];
    if (counts.colour[c.colour] < 2 || counts.shape[c.shape] < 2 || counts.pattern[c.pattern] < 2) continue;
    count_words(&counts, c, -1);
    end--;
    items[i] = items[end];
    items[end] = c;
  }
  return n - end == wanted;
}

void concepts_choose(ConceptList *list, unsigned total, Rng *rng) {
  total = CLAMP(total, CONCEPTS_MIN, SCENE_CONCEPTS);
  unsigned grid[3];
  choose_grid(total, grid);
  size_t colours[SCENE_COLOURS], shapes[SCENE_SHAPES], patterns[SCENE_PATTERNS];
  choose_words(SCENE_COLOURS, grid[0], rng, colours);
  choose_words(SCENE_SHAPES, grid[1], rng, shapes);
  choose_words(SCENE_PATTERNS, grid[2], rng, patterns);
  size_t cells[SCENE_CONCEPTS], n = (size_t)grid[0] * grid[1] * grid[2];
  for (size_t i = 0; i < n; i++) cells[i] = i;
  list->unseen = total / 4;
  list->seen = total - list->unseen;
  do {
    rng_shuffle(rng, cells, n);
    for (unsigned i = 0; i < total; i++)
      list->items[i] = (Concept){.colour = (uint8_t)colours[cells[i] % grid[0]],
                                 .shape = (uint8_t)shapes[cells[i] / grid[0] % grid[1]],
                                 .pattern = (uint8_t)patterns[cells[i] / grid[0] / grid[1]]};
  } while (!hold_out(list->items, total, list->unseen));
}
