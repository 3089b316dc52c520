/* SPDX-License-Identifier: Apache-2.0 */
/* What GGUF files call the layers of language models, in the words of the models they were made
 * from, so that a quantised copy can be compared with its parent. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* "blk.3.ffn_up" -> "model.layers.3.mlp.up_proj"; NULL for a name that is not known. The caller
 * frees it. */
SafeText *gguf_layer_name(const SafeText *layer);

/* True for the layers whose rows converters put into another order, in files of that architecture: q and k of llama and
 * of what is built like it. */
bool gguf_layer_is_permuted(const SafeText *layer, const char *architecture);

/* How many heads the rows of such a layer belong to, by the file's metadata (SafeText -> SafeText); 0 when it does not
 * say. */
uint64_t gguf_layer_heads(const SafeText *layer, GHashTable *metadata);
