/* SPDX-License-Identifier: Apache-2.0 */
/* Which family of architectures a model belongs to, or an adapter is made for (SDXL, Flux, Llama 3 8B …), told from
 * the names and shapes of its layers and held against what it says of itself. The table is data/families.def. */
#pragma once

#include "collection/model.h"
#include "weights/layers/layer.h"

/* More families than this that fit alike are no answer. */
enum { FAMILY_MOST = 3 };

/* Families that the layers fit, in the table's order; n is 0 when none does, or too many do. */
typedef struct {
  unsigned n;
  unsigned short at[FAMILY_MOST];
} FamilyGuess;

/* What the layers (LayerInfo, as layer_list() gives them) fit: every layer that the table knows has the family's
 * widths, and no block lies beyond its last. Families with just so many blocks, or words, go before others. */
FamilyGuess family_of_layers(const GArray *layers);

/* The family that a name or a card's word speaks of ("sd_xl_base_1.0", "meta-llama/Llama-3.1-8B"), -1: none. */
int family_of_text(const char *text);

/* Static text; `family` is one of a guess or of family_of_text(). */
const char *family_name(unsigned family);

/* Adds what is known as the fact "family", from its layers ("shapes"), from what it declares, or from both; and, when
 * the two cannot both be right, the fact "family_conflict": one sentence, its source the key that declares. Call when
 * the other facts are there, before the model is shared. */
void family_add_facts(Model *model, const FamilyGuess *guess);
