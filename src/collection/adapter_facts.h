/* SPDX-License-Identifier: Apache-2.0 */
/* The strength of an adapter as its configuration's facts say it: what model_take_adapter_config() kept. */
#pragma once

#include "collection/model.h"
#include "weights/layers/adapter_config.h"

/* The file whose facts these are. */
extern const char adapter_config_source[];

/* From the facts of that source; NULL when there are none. The caller frees it. */
AdapterConfig *model_adapter_config(const Model *model);

/* The same as one line of text, for telling apart what acts more or less strongly; "" when there are none. The caller
 * frees it. */
char *model_adapter_text(const Model *model);
