/* SPDX-License-Identifier: Apache-2.0 */
/* A model's stamp says whether what was computed from its weights still holds. */
#pragma once

#include "collection/collection.h"

/* The weight file's name, size and time of change as text, of every part when there are several; NULL
 * when it cannot be looked at. Costs a stat(2) a file. The caller frees it. */
char *model_stamp(const Collection *collection, const Model *model);

/* The same as 64 bits (XXH3, as hash_bytes() has it); 0 when it cannot be looked at. */
uint64_t model_stamp_hash(const Collection *collection, const Model *model);
