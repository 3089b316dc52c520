/* SPDX-License-Identifier: Apache-2.0 */
/* Models as text for other programs. Pure. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lineage/forest/forest.h"

typedef enum { EXPORT_NAMES, EXPORT_PATHS, EXPORT_SHAPES, EXPORT_CSV, EXPORT_JSONL } ExportFormat;

/* A line a node (ForestNode*); ghosts have a name alone. CSV has a head line, quotes where they are
 * needed, and an apostrophe before what a spreadsheet would take for a formula. The caller frees it. */
char *export_text(const Forest *forest, const GPtrArray *nodes, ExportFormat format, const char *label_key);

/* The format that a file's name asks for: ".csv", ".jsonl" or ".json", ".txt" and a name without an ending (paths).
 * False for any other ending. */
bool export_format_for(const char *path, ExportFormat *format);
