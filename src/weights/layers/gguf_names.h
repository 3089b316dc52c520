/* SPDX-License-Identifier: Apache-2.0 */
/* GGUF's layers whose rows lie otherwise, or are others, than in the models they were made from. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"
#include "weights/weight_file.h"

/* True for the layers whose rows converters put into another order, in files of that architecture: q and k of llama and
 * of what is built like it. */
bool gguf_layer_is_permuted(const SafeText *layer, const char *architecture);

/* How many heads the rows of such a layer belong to, by the file's metadata (SafeText -> SafeText); 0 when it does not
 * say. */
uint64_t gguf_layer_heads(const SafeText *layer, GHashTable *metadata);

/* Phi-3, GLM-4 and their kin keep gate and up in one matrix, which converters call ffn_up: twice as high as ffn_down is
 * wide, and no ffn_gate beside it. blk.3.ffn_gate_up of such a layer, NULL of others. The caller frees it. */
SafeText *gguf_fused_name(const WeightFile *file, const SafeText *layer);
