/* SPDX-License-Identifier: Apache-2.0 */
/* What the files beside the weights say, turned into facts: adapter_config.json, config.json,
 * the model card, the weight file's own metadata. Nothing here fails: a file that cannot be
 * taken at its word adds a fact "problem". Call before the model is shared. */
#pragma once

#include <glib.h>

#include "collection/model.h"
#include "core/json.h"

/* The spelling that copse uses for a key of general meaning ("pipeline_tag" -> "task"), or the
 * key itself. Borrowed. */
const char *fact_key(const char *key);

/* PEFT's and MLX's adapter configuration: base, peft_type, r, lora_alpha, use_rslora, task_type,
 * target_modules (one fact, sorted); and the model's scaling. */
void model_take_adapter_config(Model *model, const cJSON *config);

/* transformers' configuration: architectures, model_type, num_labels; _name_or_path as base when
 * it reads like a repository other than the model's own. */
void model_take_config(Model *model, const cJSON *config);

/* Parses the bytes of a configuration and passes it to one of the three above; `source`, the
 * file's bare name, says which. More than CONFIG_MAX_BYTES are refused. */
enum { CONFIG_MAX_BYTES = 4 * 1024 * 1024 };
void model_take_config_text(Model *model, const char *bytes, size_t n, const char *source);

/* The front matter of a card; see collection/card.h for its bounds. */
void model_take_card_text(Model *model, const char *card, size_t n);

/* A weight file's metadata (SafeText -> SafeText), sorted by key, without "format": values are
 * cut at 64 kB, and there are at most 4,096 of them and 4 MB in all. Keys of kohya's trainers
 * (ss_…), of the model spec (modelspec.…) and of GGUF (general.…) come as facts of general meaning
 * as well: see collection/metadata_facts.h. */
void model_take_metadata(Model *model, GHashTable *metadata);
