/* SPDX-License-Identifier: Apache-2.0 */
/* The sketches of a collection's models: from the catalog where it has them, else from the
 * files. */
#pragma once

#include "collection/collection.h"
#include "lineage/sketch/sketch.h"

/* One entry a model (Model*), in their order: a ModelSketch, or NULL for a model whose weights
 * cannot be read; then (*notes)[i] says why (SafeText or NULL; free with g_ptr_array_unref).
 * The sketches are not yet centred. A blob in the catalog that is damaged, or that belongs to
 * other bytes (size and time of the file have changed), is made anew. Reads on `threads`
 * threads, one model each, and keeps what was read before a cancel. NULL only when cancelled. Of a team all ranks call it
 * with the same models; the leader alone gets the sketches, the others an entry of NULL a model. */
GPtrArray *sketch_store_load(Collection *collection, const GPtrArray *models, uint64_t seed, unsigned threads,
                             const Progress *progress, GPtrArray **notes, GError **error);

/* The name of the catalog's space; a sketch's key there is the model's stamp. */
#define SKETCH_SPACE "sketch"
