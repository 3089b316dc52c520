/* SPDX-License-Identifier: Apache-2.0 */
/* Models written to a file of the user's. */
#pragma once

#include <glib.h>

#include "lineage/forest/forest.h"

/* Writes the nodes (ForestNode*) of the forest in the format that the name asks for. A file that is
 * there already is left as it is. False with an error when nothing was written. */
bool export_file_write(const char *path, const Forest *forest, const GPtrArray *nodes, const char *label_key,
                       GError **error);
