/* SPDX-License-Identifier: Apache-2.0 */
/* What a configuration says of how strongly an adapter acts: PEFT's adapter_config.json, MLX's, and the same as JSON
 * in a file's metadata.
 *
 * In PEFT, alpha and rank may differ by module: alpha_pattern and rank_pattern hold regular expressions that match the
 * end of a module's name, the first that does speaks; one that begins with ^ matches the whole name. The rank that
 * alpha is divided by is told by the tensors; the configuration's stands where they do not tell it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/json.h"
#include "weights/layers/adapter_form.h"

typedef struct AdapterConfig AdapterConfig;

/* Takes what it needs from `object`; a `prefix` ("transformer.") leads the keys in metadata, NULL: none. Never fails:
 * a member of a wrong type, an expression that is none and a number that is not finite say nothing. At most 1,024
 * patterns of 512 bytes each, and a bounded number of steps a match. */
AdapterConfig *adapter_config_new(const cJSON *object, const char *prefix);
void adapter_config_free(AdapterConfig *config); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdapterConfig, adapter_config_free)

/* lora_alpha (PEFT calls it `alpha` for LoHa and LoKr); NAN when it says none. With `module`, as alpha_pattern says
 * for it, and *pattern tells whether it did; `module` may be NULL. */
double adapter_config_alpha(const AdapterConfig *config, const char *module, bool *pattern);

/* r, likewise by rank_pattern; 0 when it says none. */
double adapter_config_rank(const AdapterConfig *config, const char *module);

/* The factor itself, as MLX writes it; NAN when it says none. */
double adapter_config_factor(const AdapterConfig *config);

/* AdaLoRA's rank before it prunes: init_r, or PEFT's default of 12. */
double adapter_config_first_rank(const AdapterConfig *config);

/* use_rslora: alpha is divided by the root of the rank. */
bool adapter_config_rank_stabilised(const AdapterConfig *config);

/* OFT's rotations in PEFT: how many terms of a series stand for them; 0: they are computed exactly. */
unsigned adapter_config_cayley_terms(const AdapterConfig *config);
