/* SPDX-License-Identifier: Apache-2.0 */
/* The forest: which models share an ancestor, and who is whose parent. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/collection.h"
#include "core/progress.h"
#include "lineage/forest/evidence.h"

typedef enum {
  EDGE_FINE_TUNE,
  EDGE_CONTINUED,
  EDGE_CHECKPOINT,
  EDGE_LORA_MERGED,
  EDGE_ADAPTER,
  EDGE_QUANTISED,
  EDGE_MERGE,
  EDGE_RELATED,      /* kin, but who came first is not known */
  EDGE_RECAST,       /* the same numbers in a shorter format */
  EDGE_PRUNED,       /* numbers set to zero, the others kept or nearly so */
  EDGE_NEW_HEAD,     /* the same trunk under another output layer */
  EDGE_RESIZED,      /* the same but for a table of another number of rows, a vocabulary's */
  EDGE_DEPTH_PRUNED, /* some layers left out, the others kept */
  EDGE_STACKED,      /* layers kept and repeated, or moved to other places */
  EDGE_NOISED        /* random numbers added, alike in all directions */
} EdgeKind;

typedef enum { EDGE_DECLARED, EDGE_RECOVERED, EDGE_BY_HAND } EdgeSource;

/* "fine-tune", "continued", … and "declared", "recovered", "by hand". Static text. */
const char *edge_kind_name(EdgeKind kind);
const char *edge_source_name(EdgeSource source);

typedef struct {
  unsigned parent; /* index of the parent's node */
  EdgeKind kind;
  EdgeSource source;
  double confidence; /* 0..1: how sure this parent and this direction are */
  double weight;     /* share of a merge, else 1 */
  double distance;   /* relative change from the parent, |X - P| / |P|, as sketches estimate it, output
                        layers left out; NAN when not compared */
} ParentEdge;

typedef struct {
  Model *model;       /* NULL: a ghost, a parent that is not on disk */
  SafeText *name;     /* the model's, or what cards call the ghost */
  int tree;           /* 0..trees-1 */
  GArray *parents;    /* of ParentEdge, best first; empty for a root */
  GArray *children;   /* of unsigned: nodes whose first parent is this one, by name */
  int duplicate_of;   /* node that holds the same tensors, perhaps in a longer format, or -1 */
  int merge_base;     /* of a merge: the node that its parents' changes are counted from, or -1 */
  int hidden_kin;     /* of a root: a model of another tree that it is kin of by what permuted neurons and layers leave
                         as it is, and by nothing else; or -1 */
  bool card_conflict; /* the card names a parent and the weights say another */
  bool card_ancestor; /* the card names one that is farther up: neither the parent nor wrong */
  SafeText *note;     /* why, in a few words, or NULL */
} ForestNode;

typedef struct {
  GPtrArray *nodes; /* of ForestNode: the models in the order given, then the ghosts */
  int trees;
  GArray *roots;       /* of unsigned: one node for each tree, largest tree first */
  GHashTable *by_path; /* model's path -> node + 1: see forest_find() */
} Forest;

typedef enum {
  FOREST_RULE_POOLED, /* all evidence, pooled over each tree */
  FOREST_RULE_MOTHER, /* the largest element of the difference, kurtosis, minimum arborescence: for comparison */
  FOREST_RULE_MOTHER_REVERSED /* the same with the sign for general training */
} ForestRule;

typedef struct {
  bool declared_only; /* do not read weights */
  bool ignore_cards;  /* do not read cards: what the weights and the steps of runs say */
  ForestRule rule;
  unsigned threads; /* 0: all processors */
  uint64_t seed;
  const EvidenceWitness *witness; /* hears of the evidence behind the answers, who are nodes; or NULL */
} ForestOptions;

/* Builds the forest of `models` (Model*). Sketches of weights are kept in the collection, so a
 * second call reads only what is new. A model whose weights cannot be read stands alone, with
 * a note. Stores the trees in the collection unless it is read-only. */
Forest *forest_build(Collection *collection, const GPtrArray *models, const ForestOptions *options,
                     const Progress *progress, GError **error);
void forest_free(Forest *forest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Forest, forest_free)

const ForestNode *forest_node(const Forest *forest, unsigned node);

/* What is shown of a node: model_title(); the name of one that is not on disk. Borrowed. */
const SafeText *forest_shown(const Forest *forest, unsigned node);

/* The edge that a node hangs by, the first to a parent; NULL for a root. Borrowed. */
const ParentEdge *forest_parent_edge(const ForestNode *node);

/* Where a node hangs by that edge; -1 for a root. */
int forest_parent(const Forest *forest, unsigned node);

/* Node of a model (told by its path), or -1. */
int forest_find(const Forest *forest, const Model *model);
