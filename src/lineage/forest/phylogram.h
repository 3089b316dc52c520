/* SPDX-License-Identifier: Apache-2.0 */
/* A forest as rows of text in which the length of a branch says how far a model moved from its
 * parent: pure layout, no terminal.
 *
 *   base
 *   ├─────── tuned a lot
 *   │        └── its child
 *   │            ╌╌ 0.40 of another     (the second parent of a merge)
 *   └┈┈ not compared */
#pragma once

#include "lineage/forest/outline.h"

typedef struct {
  unsigned node;
  int parent;   /* of a merge: which further parent this row draws, as a number in the node's
                    parents; 0 for the row of the node itself */
  int column;   /* where the text begins */
  char *branch; /* the lines before it */
} PhylogramRow;

typedef struct {
  Glyphs glyphs;
  int columns; /* for the longest path from a root; 0: 48 */
} PhylogramOptions;

/* Where each node's name begins and which lines lead there, for whoever draws a few rows of many. */
typedef struct PhylogramLayout PhylogramLayout;

/* Lays out the rows of an outline (of OutlineRow; NULL: of the whole forest), folded or filtered as it may be; it is not
 * needed afterwards, the forest is. The scale is the whole forest's, so that folding moves nothing. */
PhylogramLayout *phylogram_layout_new(const Forest *forest, const GArray *outline, const PhylogramOptions *options);
void phylogram_layout_free(PhylogramLayout *layout); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PhylogramLayout, phylogram_layout_free)

/* The column in which a listed node's name begins. */
int phylogram_layout_column(const PhylogramLayout *layout, unsigned node);

/* The lines before it: as many columns, or fewer as phylogram_rows() says. The caller frees it. */
char *phylogram_layout_branch(const PhylogramLayout *layout, unsigned node);

/* Columns that a change as large as the parent would take; 0: no edge has a length. */
double phylogram_layout_scale(const PhylogramLayout *layout);

/* Rows in drawing order, as an outline has them. Distances are drawn to one scale in the whole
 * forest, at least two columns each; of rows that would begin beyond four times the columns the outer
 * lines are left out. Array of PhylogramRow; free with g_array_unref. */
GArray *phylogram_rows(const Forest *forest, const PhylogramOptions *options);

/* The whole drawing, a line a row, with a scale below. The caller frees it. */
char *phylogram_print(const Forest *forest, const PhylogramOptions *options);
