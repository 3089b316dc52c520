/* SPDX-License-Identifier: Apache-2.0 */
/* Training the painter and adapters of it. */
#pragma once

#include "core/progress.h"
#include "planter/prompt.h"

enum { ADAPTER_PARTS = 4, ADAPTER_MOST_RANK = 16 };

/* The adapted matrices of each block: attn2's to_q, to_v, to_out and attn1's to_v. */
extern const PainterPart adapter_parts[ADAPTER_PARTS];

typedef struct {
  unsigned concept;
  unsigned rank, steps; /* steps of 4 pictures */
  float lr;
  uint64_t seed;
} PainterRecipe;

/* a (rank, 64), b (64, rank) of each adapted matrix, block after block. */
typedef struct {
  unsigned rank;
  float a[PAINTER_BLOCKS][ADAPTER_PARTS][ADAPTER_MOST_RANK * PAINTER_WIDTH];
  float b[PAINTER_BLOCKS][ADAPTER_PARTS][PAINTER_WIDTH * ADAPTER_MOST_RANK];
} PainterAdapter;

/* A base trained on pictures of the given concepts. NULL when cancelled. */
Painter *painter_train_base(const PromptMap *map, const unsigned *concepts, size_t n, uint64_t seed, unsigned steps,
                            const Progress *progress, GError **error);

/* What one thread needs to train adapters. */
typedef struct PainterKit PainterKit;
PainterKit *painter_kit_new(void);
void painter_kit_free(PainterKit *kit);

/* Trains an adapter, the base frozen. Depends on the recipe, the map and the base alone. */
void painter_train_adapter(PainterKit *kit, const Painter *base, const PromptMap *map, const PainterRecipe *recipe,
                           PainterAdapter *out);
