/* SPDX-License-Identifier: Apache-2.0 */
/* A name for a model's content that outlives renaming, moving and a rebuilt catalog. */
#pragma once

#include "collection/collection.h"

/* 32 hexadecimal digits over the names, types and shapes of all tensors and the first bytes of up to 16 of them,
 * spread over the file: XXH3 of 128 bits, not cryptographic. Equal files share it. NULL with the reader's error when
 * the model cannot be opened. Kept in the catalog under the model's stamp, so that it is worked out once. The caller
 * frees it. */
char *content_key(Collection *collection, const Model *model, GError **error);

/* The same at a closer look, for models that share most of their tensors: 512 bytes from the middle of up to 256
 * tensors, the first and the last among them. */
char *content_key_close(Collection *collection, const Model *model, GError **error);
