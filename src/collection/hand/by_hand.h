/* SPDX-License-Identifier: Apache-2.0 */
/* What the user has said of models by hand: one readable file a collection (`by-hand.ini` in its state), a group a
 * model, named by the model's content and not by its path. Nothing that copse works out is in it, and no rebuilt
 * catalog touches it.
 *
 *   [3f0c…]                   content_key() of the model
 *   path = loras/fox.safetensors      where it was last seen
 *   label = red fox
 *   tags = animal; fox
 *   parent = 90ab…            content_key() of the parent
 *
 * For one thread at a time. */
#pragma once

#include "collection/collection.h"

typedef struct ByHand ByHand;

/* Reads the collection's file. A damaged one is set aside under a name of its own (by-hand.ini.aside-N), whole, and
 * *warning, which the caller frees, says so; then nothing is set. With a read-only collection it stays where it is. */
ByHand *by_hand_open(Collection *collection, char **warning, GError **error);
void by_hand_free(ByHand *hand);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ByHand, by_hand_free)

/* How many models something is known of. */
unsigned by_hand_count(const ByHand *hand);

/* Sets a fact of a model; an empty value takes it away. `tags` are separated by ";". A parent is named as models are
 * named elsewhere, and looked for among `models`. `licence` is taken for license. COPSE_ERROR_USAGE for an unknown
 * key, COPSE_ERROR_NOT_FOUND for an unknown parent. */
bool by_hand_set(ByHand *hand, GPtrArray *models, const Model *model, const char *key, const char *value,
                 GError **error);

/* Puts the facts of every model in front of what its files say, with the source "by hand"; a parent becomes the
 * fact "parent_by_hand", the path of a model of `models`. Models that nothing is known of are not opened: only those
 * whose path, or whose size and shapes, stand in the file. */
void by_hand_apply(ByHand *hand, GPtrArray *models);

/* collection_models() with what was set by hand in front. `warning`, which may be NULL, as in by_hand_open(). */
GPtrArray *by_hand_models(Collection *collection, char **warning, GError **error);

/* The same for who has no place for the warning. */
GPtrArray *by_hand_models_quietly(Collection *collection, GError **error);

/* The file's text, as saved and exported. The caller frees it. */
char *by_hand_text(const ByHand *hand);

/* Whole or not at all. */
bool by_hand_save(ByHand *hand, GError **error);

typedef enum { PREFER_NEITHER, PREFER_MINE, PREFER_THEIRS } ByHandPrefer;

/* Takes over what another file says. Each key that both set to different values gives a line in `conflicts` (char*,
 * owned), and stays as it is unless PREFER_THEIRS. With PREFER_NEITHER and a conflict nothing is taken. *taken gets
 * the number of values taken. */
bool by_hand_import(ByHand *hand, const char *text, ByHandPrefer prefer, GPtrArray *conflicts, unsigned *taken,
                    GError **error);
