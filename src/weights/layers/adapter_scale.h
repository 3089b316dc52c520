/* SPDX-License-Identifier: Apache-2.0 */
/* How strongly an adapter acts on each module: s in s·B·A, and who says it. The first of these that speaks:
 *
 *   a tensor "…alpha" beside the factors             alpha / r
 *   adapter_config.json: alpha_pattern, lora_alpha   alpha / r, with use_rslora alpha / sqrt(r)
 *   MLX's lora_parameters.scale                      the factor itself
 *   safetensors' metadata lora_adapter_metadata      as a configuration, a network's name before each key
 *                         ss_network_alpha, lora_alpha   alpha / r
 *   GGUF's adapter.lora.alpha                        alpha / r; 0 says nothing
 *   nobody                                           1
 *
 * r is the rank that the tensors have; AdaLoRA divides by the rank before it prunes. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "weights/layers/adapter_config.h"
#include "weights/weight_file.h"

/* s = alpha / divisor. */
typedef struct {
  double alpha;       /* NAN: in a tensor, or nobody says it and s is 1 */
  double divisor;     /* 0: s is 1 whatever alpha says */
  const char *source; /* static text; NULL when nobody says it */
} AdapterScale;

/* All that a file and its configuration say. */
typedef struct AdapterScales AdapterScales;

/* `config` is borrowed and may be NULL. Never fails: metadata that is not what it should be says nothing. */
AdapterScales *adapter_scales_new(const WeightFile *file, const AdapterConfig *config);
void adapter_scales_free(AdapterScales *scales); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AdapterScales, adapter_scales_free)

/* True when the metadata of two files says the same of the strength of every module. */
bool adapter_scales_agree(const WeightFile *a, const WeightFile *b);

/* Of one module: `module` is its full name as PEFT knows it, `rank` what its tensors say, 0 where they do not (LoKr
 * whose parts are both whole); `has_tensor`: there is a tensor with alpha. */
AdapterScale adapter_scales_get(const AdapterScales *scales, const char *module, AdapterForm form, uint64_t rank,
                                bool has_tensor);

/* The alpha that all modules share unless something says otherwise: NAN when only tensors or nobody says one. */
double adapter_scales_alpha(const AdapterScales *scales);

/* Whether names of modules matter to adapter_scales_get(). */
bool adapter_scales_ask_modules(const AdapterScales *scales);
