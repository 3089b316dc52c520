/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of GGUF's layers that lie otherwise than in the models they were made from. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* True for the layers whose rows converters put into another order, in files of that architecture: q and k of llama and
 * of what is built like it. */
bool gguf_layer_is_permuted(const SafeText *layer, const char *architecture);

/* How many heads the rows of such a layer belong to, by the file's metadata (SafeText -> SafeText); 0 when it does not
 * say. */
uint64_t gguf_layer_heads(const SafeText *layer, GHashTable *metadata);
