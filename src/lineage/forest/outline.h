/* SPDX-License-Identifier: Apache-2.0 */
/* A forest as rows of text: pure layout, no terminal. Used by `copse tree` and the screen. */
#pragma once

#include "lineage/forest/forest.h"

typedef enum { GLYPHS_UTF8, GLYPHS_ASCII } Glyphs;

/* Levels of lines that are drawn before a name; of deeper nodes the outer ones are left out, with a
 * mark in front ("⋯ " or ".. "), so that a chain of any length stays readable and small. */
enum { OUTLINE_MAX_LEVELS = 24 };

typedef struct {
  unsigned node;
  int depth;            /* 0 for a root */
  char *branch;         /* the lines before the name: "│  ├─ " or "|  |- "; "" for a root; NULL of bare rows */
  bool last;            /* last child of its parent */
  unsigned descendants; /* below it, folded or not */
  bool folded;          /* has children that are not listed */
  bool dimmed;          /* shown only because a descendant matches the filter */
  unsigned group;       /* for who puts heads between rows: 1 + the number of what begins here; 0: a node's own row */
} OutlineRow;

typedef struct {
  Glyphs glyphs;
  GHashTable *folded; /* set of GUINT_TO_POINTER(node): fold these; may be NULL */
  /* Keep a node only if this says so, or a descendant is kept (then it is dimmed). NULL: all. */
  bool (*keep)(void *user, unsigned node);
  void *user;
  const unsigned *rank; /* by node: siblings, and trees, come in this order; NULL: as said below */
  const unsigned
      *order;        /* all nodes as an outline without options lists them, and the parent of each (-1: none), for */
  const int *parent; /* whoever lists them often; both or neither, and not with a rank */
  bool bare;         /* without branches, for whoever draws a few rows of very many: outline_branch() */
} OutlineOptions;

/* The lines before the name of a node at a depth. last[0] says whether the node is its parent's last, last[1] the same
 * of its parent, and so on up to the root's child, as many as there are levels or OUTLINE_MAX_LEVELS. The caller frees
 * it. */
char *outline_branch(Glyphs glyphs, int depth, const bool *last);

/* Rows in drawing order: trees largest first, children by name. Array of OutlineRow; free with
 * g_array_unref. Linear in the nodes; the depth is bounded by the nodes and not by the stack. */
GArray *outline_rows(const Forest *forest, const OutlineOptions *options);

/* The mark that says where an edge comes from and what it is: "declared fine-tune 0.98". The
 * caller frees it. "" for a root. */
char *outline_edge_text(const ForestNode *node);

/* The node's name in at most OUTLINE_NAME_COLUMNS columns: of a longer one the middle is left out, since
 * names of one family differ at their ends. The caller frees it. */
enum { OUTLINE_NAME_COLUMNS = 80 };
char *outline_name(const ForestNode *node, Glyphs glyphs);

/* The whole outline, a line a row. The caller frees it. */
char *outline_print(const Forest *forest, Glyphs glyphs);
