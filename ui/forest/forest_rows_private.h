/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by forest_rows.c, forest_rows_find.c and forest_rows_groups.c alone. */
#pragma once

#include "ui/forest/forest_rows.h"

/* Nodes of the forest, 0 without one; and the first parent of one, -1. */
guint forest_rows_nodes(const ForestRows *rows);
int forest_rows_parent(const ForestRows *rows, int node);

/* Lists the rows anew and selects a node (-1: as it was), or what is nearest to it. */
void forest_rows_rebuild_at(ForestRows *rows, int node);

/* Lists the rows anew, after a change of folds or of the filter. */
void forest_rows_rebuild(ForestRows *rows);

/* Drops what was looked for, as its nodes go; and the filter, without another list of rows. */
void forest_rows_forget_search(ForestRows *rows);
void forest_rows_forget_filter(ForestRows *rows);

/* The filter, over the nodes that there are now; it comes to its end. */
void forest_rows_filter_anew(ForestRows *rows);

/* OutlineOptions.keep of the filter. */
bool forest_rows_keep(void *rows, unsigned node);

/* Gathers, when that is asked for: once for many rebuilds, as the order is. */
void forest_rows_find_fans(ForestRows *rows);

/* The row that a row hangs by: a group's head, or its parent's; -1. */
int forest_rows_above(const ForestRows *rows, int at);

/* Opens the groups that a node and its ancestors are in; false when none was closed. */
bool forest_rows_open_groups(ForestRows *rows, int node);

/* Folding on the head of a group; false when none is selected, or the action is another. */
bool forest_rows_group_action(ForestRows *rows, Action action);

/* Tags all of a group (its number in OutlineRow.group) that the filter keeps, or none of it when all are tagged. */
void forest_rows_tag_group(ForestRows *rows, guint number);
