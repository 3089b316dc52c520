/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about lineage share: a collection, its forest and its sketches, and the one model
 * that is asked about. */
#pragma once

#include "commands/command.h"
#include "core/json.h"
#include "lineage/forest/forest.h"
#include "lineage/sketch/sketch.h"

typedef struct {
  Collection *collection;
  GPtrArray *models;
  Forest *forest;
  GPtrArray *sketches; /* one a model or NULL, centred; after lineage_run_model() */
  /* The model asked about: */
  int self; /* its node, or -1: a model outside the collection */
  const ModelSketch *sketch;
  bool adapter;
} LineageRun;

/* Opens the collection and builds its forest. False: *status is to be returned, the error is
 * printed. Cleared with lineage_run_clear() in either case. */
bool lineage_run_open(LineageRun *run, const char *root, const Globals *globals, int *status);

/* Finds a model of the collection, or opens a weight file, or a folder that holds one model, elsewhere. */
bool lineage_run_model(LineageRun *run, const char *what, const Globals *globals, int *status);

/* Lets models know their trees, by growing the forest when none of them does; nothing for tree < 0, which asks for
 * none. False with an error. */
bool lineage_trees(Collection *collection, const GPtrArray *models, int tree, const Globals *globals, GError **error);

void lineage_run_clear(LineageRun *run);

/* How the contract writes a node: its path, or ghost:NAME. The caller frees it. */
char *lineage_label(const Forest *forest, unsigned node);

/* {path, confidence, kind, weight, source, distance, card}. */
cJSON *lineage_edge_json(const Forest *forest, const ForestNode *node, const ParentEdge *edge);
