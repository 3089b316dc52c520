/* SPDX-License-Identifier: Apache-2.0 */
/* What GGUF files call the layers of language models, in the words of the models they were made
 * from, so that a quantised copy can be compared with its parent. */
#pragma once

#include <stdbool.h>

#include "core/text.h"

/* "blk.3.ffn_up" -> "model.layers.3.mlp.up_proj"; NULL for a name that is not known. The caller
 * frees it. */
SafeText *gguf_layer_name(const SafeText *layer);

/* True for the layers whose rows converters put into another order, in files of that
 * architecture: they cannot be compared with the parent's. */
bool gguf_layer_is_permuted(const SafeText *layer, const char *architecture);
