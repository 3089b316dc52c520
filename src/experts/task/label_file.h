/* SPDX-License-Identifier: Apache-2.0 */
/* A table of labels: a path or name and a label a line, separated by commas, semicolons or tabs, fields in double quotes
 * where they hold one (RFC 4180), in UTF-8 or UTF-16, lines ended in any way. A first line that has "label", "concept" or
 * the like in it says which columns hold them. */
#pragma once

#include "collection/model.h"

/* Reads `path` (64 MB at most) into labels: path of a model -> GPtrArray of SafeText, made as needed. A model is named
 * by its path, its weight file's path, an ending of these behind a slash, or its name, if it alone has it; an
 * absolute path names the model whose whole path it ends in. A line that
 * names no model, or more than one, adds to `warnings` (char*) and no more. `single`: a second, different label for a
 * model is COPSE_ERROR_FORMAT with both lines' numbers. */
bool label_file_read(const char *path, const GPtrArray *models, bool single, GHashTable *labels, GPtrArray *warnings,
                     GError **error);
