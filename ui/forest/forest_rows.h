/* SPDX-License-Identifier: Apache-2.0 */
/* The forest as a list one can move in: which rows there are, what is folded, tagged, selected.
 * All of that belongs to models and not to rows, and so outlives every rebuild. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lineage/forest/outline.h"
#include "session/session.h"
#include "ui/forest/forest_columns.h"
#include "ui/forest/forest_fans.h"
#include "ui/toolkit/list.h"
#include "ui/forest/filter_run.h"
#include "search/fuzzy.h"

typedef struct {
  Snapshot *wood;   /* a reference; NULL before the first */
  GArray *rows;     /* of OutlineRow, never NULL */
  int *row_of_node; /* -1: not listed */
  guint generation; /* another number whenever the rows are others */
  List list;
  GHashTable *folded; /* sets of node numbers */
  GHashTable *tagged;
  FilterRun *filter; /* that the rows are of, at its end; NULL: everything is kept */
  FilterRun *coming; /* that takes its place when it has come to its end; NULL: none */
  Fuzzy *finder;     /* over the snapshot's haystacks; NULL: nothing was looked for */
  guint8 *found;     /* by node: 1 where it matches, once it has looked at all of them; NULL likewise */
  bool finding;      /* it has not */
  guint matches;     /* of it, so far */
  guint kept;        /* rows that match the filter themselves */
  bool ascii;
  bool flat; /* a plain list instead of the outline */
  int sort;  /* column that the list, or siblings in the outline, are ordered by; -1: by name */
  bool reverse;
  guint *order, *rank;   /* all nodes in that order, and the place of each; NULL: as the forest has them */
  GHashTable *predicted; /* for the order by what experts say; NULL: nothing. Borrowed */
  FanBy fan_by;          /* how the many children of one model are gathered */
  Fans *fans;            /* by that and the order; NULL: not needed, or not made yet */
  GHashTable *open_fans; /* set of the identities of groups that are open */
  int range;             /* row where a range of tags begins, -1: none */
} ForestRows;

void forest_rows_init(ForestRows *rows, bool ascii);
void forest_rows_clear(ForestRows *rows);

/* Another state of the collection; keeps a reference. Folds, tags and the selected row go over
 * to the same models. */
void forest_rows_set_wood(ForestRows *rows, Snapshot *wood);

/* Another filter; takes ownership. One that keeps nothing is widened: its words may then stand inside of words. Of many
 * nodes the rows stay what they were until forest_rows_work() has looked at all of them. */
void forest_rows_set_filter(ForestRows *rows, RowFilter *filter);

/* Goes on with the search and the filter for a slice (ui/desk/slice.h); true when more is left to do. */
bool forest_rows_work(ForestRows *rows);
bool forest_rows_working(const ForestRows *rows);

/* How many match the filter, or the one that is coming, so far. */
guint forest_rows_kept(const ForestRows *rows);

/* Node of the selected row, -1 when there is none, or it is the head of a group. */
int forest_rows_node(const ForestRows *rows);
const OutlineRow *forest_rows_row(const ForestRows *rows, int row);

/* What is folded, as names that outlive the session. Array of char*, owned. */
GPtrArray *forest_rows_folds(const ForestRows *rows);

/* Folds what is named so and is there. */
void forest_rows_fold_these(ForestRows *rows, const GPtrArray *names);

/* Selects a node, unfolding what hides it; false when a filter does. */
bool forest_rows_select(ForestRows *rows, int node);

/* Folds or unfolds one node; false when nothing changes. */
bool forest_rows_fold(ForestRows *rows, int node, bool fold);
void forest_rows_fold_all(ForestRows *rows, bool fold);

/* Performs a folding action or a step to parent or child. False when it is none of these. */
bool forest_rows_action(ForestRows *rows, Action action);

/* The outline, or a plain list. A column (-1: by name) orders the list, or the siblings of each model. */
void forest_rows_order(ForestRows *rows, bool flat, int sort, bool reverse);

/* Gathers the many children of one model, or no longer. Returns how many groups there are. */
guint forest_rows_gather(ForestRows *rows, FanBy by);

/* The group whose head is selected, or NULL. Borrowed. */
const FanGroup *forest_rows_group(const ForestRows *rows);

/* Opens or closes the group whose head is selected; false when none is. */
bool forest_rows_toggle_group(ForestRows *rows);

/* Tags the selected row, or removes its tag; of a group's head, all of the group that is listed or would be. */
void forest_rows_tag(ForestRows *rows);

/* Begins a range at the selected row, or tags all rows from there to here. Returns the rows tagged, -1
 * when a range has begun. */
int forest_rows_range(ForestRows *rows);

/* Tags a model by its path. False when it is not in the forest. */
bool forest_rows_tag_model(ForestRows *rows, const Model *model);

/* The tagged models in the forest's order, or the selected one when none is tagged. Array of
 * ForestNode*, borrowed; free with g_ptr_array_unref. */
GPtrArray *forest_rows_chosen(const ForestRows *rows);

/* Looks for nodes whose name, path, concept or tags match (search/fuzzy.h), folded ones included: those of the first
 * slice, the others by forest_rows_work(). */
void forest_rows_find(ForestRows *rows, const char *text);

/* Selects the next of them: from the selected row itself with `here`, backwards with `back`, round the end. False when
 * there is none. Looks at what is left first. */
bool forest_rows_search(ForestRows *rows, bool here, bool back);

/* The lines before the name of a row. The caller frees it. */
char *forest_rows_branch(const ForestRows *rows, int row);
