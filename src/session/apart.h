/* SPDX-License-Identifier: Apache-2.0 */
/* What of a collection is kept on one side of a split because the user asks so. Any thread. */
#pragma once

#include <glib.h>

/* path -> value of the key, for the models (Model*) that have it; the table that TrainOptions.kin takes. The key
 * "creator" is who made a model: the author that its files name, else whose repository it lies in. The caller frees
 * it. */
GHashTable *apart_table(const GPtrArray *models, const char *key);
