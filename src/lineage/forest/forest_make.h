/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a forest together: used by forest_build(), by tests, and by whoever changes an edge.
 *
 *   Forest *f = forest_new();
 *   unsigned base = forest_add_node(f, NULL, "org/base");
 *   unsigned child = forest_add_node(f, model, NULL);
 *   forest_add_parent(f, child, (ParentEdge){.parent = base, .kind = EDGE_FINE_TUNE, …});
 *   forest_settle(f); */
#pragma once

#include "lineage/forest/forest.h"

/* An empty forest. */
Forest *forest_new(void);

/* Appends a node and returns its number. With a model (of which it keeps a reference) `name` may
 * be NULL: then it is the model's. Without one it is a ghost. */
unsigned forest_add_node(Forest *forest, Model *model, const char *name);

/* Appends a parent to a node's list: the first one is where the node hangs. */
void forest_add_parent(Forest *forest, unsigned node, ParentEdge edge);

/* The nodes' own fields, to be changed. */
ForestNode *forest_edit(Forest *forest, unsigned node);

/* Sets a note, formatted; an earlier one is replaced. */
void forest_set_note(Forest *forest, unsigned node, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* After all changes: cuts rings of first parents, then fills in children, trees and roots. Linear
 * but for the sorting by name. May be called again. */
void forest_settle(Forest *forest);
