/* SPDX-License-Identifier: Apache-2.0 */
/* Models written to a file of the user's. */
#pragma once

#include <glib.h>

#include "lineage/forest/forest.h"

/* Writes the nodes (ForestNode*) of the forest in the format that the name asks for. `typed` may begin with "~/". A
 * file that is there already is left as it is. Returns the path, which the caller frees; NULL with an error when
 * nothing was written. */
char *export_file_write(const char *typed, const Forest *forest, const GPtrArray *nodes, const char *label_key,
                        GError **error);
