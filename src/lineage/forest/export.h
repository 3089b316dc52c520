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

/* The forest as one page of HTML that needs nothing else: a row a node in the outline's order. The caller
 * frees it. */
char *export_html(const Forest *forest, const char *label_key);

/* The format that a file's name asks for: ".csv", ".jsonl" and ".json", else paths. */
ExportFormat export_format_for(const char *path);
