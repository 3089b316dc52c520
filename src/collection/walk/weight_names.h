/* SPDX-License-Identifier: Apache-2.0 */
/* What the names of weight files say. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The place of a name among those that tools give without asking ("model.safetensors" before
 * "pytorch_model.bin" before "model.fp16.bin"): smaller is better. -1 for any other name, and
 * for GGUF, where each file is a model of its own. `adapter`: adapters are looked for. */
int weight_name_rank(const char *name, bool adapter);

/* What a name that tools give without asking is given to: weights of their own ("model.safetensors"), an adapter
 * ("adapter_model.bin"), an embedding ("learned_embeds.bin"). They may lie in one folder. */
typedef enum { NAMED_WEIGHTS, NAMED_ADAPTER, NAMED_EMBEDDING } NamedGroup;
NamedGroup weight_name_group(const char *name);

/* The name without its ending: "fox.v2.safetensors" -> "fox.v2". The caller frees it. */
char *weight_name_stem(const char *name);
