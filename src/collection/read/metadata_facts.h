/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of general meaning in a weight file's own metadata, under the keys that tools have agreed
 * on. The source of such a fact is the key it was found under.
 *
 *   kohya    ss_output_name -> name, ss_sd_model_name -> base,
 *            ss_tag_frequency -> tags: the 16 that most pictures had
 *   modelspec.  title -> name, architecture, license, tags
 *   GGUF general.  name, architecture, license, source.… -> base, base_model.N.… -> base */
#pragma once

#include <glib.h>

#include "collection/model.h"

/* Adds them; `metadata` is SafeText -> SafeText. Call before the model is shared. */
void metadata_add_facts(Model *model, GHashTable *metadata);

/* Of a model with an imagenet_class_id (n02119789): its imagenet_class_name, unless it has one, and what that is,
 * imagenet_class_definition, as WordNet says. Call when all else is known. */
void metadata_name_synset(Model *model);

/* True for a key whose value is worth nothing as it is: counts of every tag, pictures. */
bool metadata_is_bulk(const char *key);

/* "problem": the file `source` could not be taken at its word. */
void model_add_problem(Model *model, const char *problem, const char *source);
