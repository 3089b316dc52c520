/* SPDX-License-Identifier: Apache-2.0 */
/* What the names of weight files say. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The place of a name among those that tools give without asking ("model.safetensors" before
 * "pytorch_model.bin" before "model.fp16.bin"): smaller is better. -1 for any other name, and
 * for GGUF, where each file is a model of its own. `adapter`: adapters are looked for. */
int weight_name_rank(const char *name, bool adapter);

/* The name without its ending: "fox.v2.safetensors" -> "fox.v2". The caller frees it. */
char *weight_name_stem(const char *name);

/* "model-00001-of-00003.safetensors": the name that the whole would have ("model.safetensors";
 * the caller frees it) and the number of parts. NULL when the name is not of that form. */
char *weight_name_whole(const char *name, guint *parts);
