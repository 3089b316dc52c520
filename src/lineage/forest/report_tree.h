/* SPDX-License-Identifier: Apache-2.0 */
/* The trees of a forest as inline SVG for the page of lineage/forest/report.h: a row a model, lines from parent to
 * child. Without a script all of it is shown; the page's script folds it and moves the rows together. Pure. */
#pragma once

#include "lineage/forest/forest.h"

/* Pixels between rows, and between levels; the page's script lays rows out by the same. */
enum { REPORT_ROW = 20, REPORT_STEP = 18, REPORT_DEEPEST = 40 };

/* Adds <svg id="trees">; each row is a group of role treeitem with its level. */
void report_tree_svg(GString *s, const Forest *forest);

/* What folds the rows and hides those that no search word finds: `trees.fold()`, `trees.search(words)`. */
extern const char report_tree_script[];
