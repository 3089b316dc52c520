/* SPDX-License-Identifier: Apache-2.0 */
/* What the planter knows of the models of a wood, by the nodes of a forest. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct cJSON cJSON;

enum { TRUE_ABSENT = -2 };

typedef struct {
  const char *path, *kind, *grove; /* of the truth's document; kind NULL: a base */
  int parent;                      /* another's number; -1: none; TRUE_ABSENT: one that is not on disk */
  int parents[3];                  /* of a merge */
  unsigned n_parents;
  bool wrong_card;
  int node; /* in the forest, -1: none */
} TrueModel;

typedef struct {
  TrueModel *models;
  unsigned n;
  int *of_node; /* node -> number, or -1 */
  cJSON *document;
} LineageTruth;

/* `file` is the planter's. `models`: Model * by node, NULL for ghosts. NULL when the file cannot be read. */
LineageTruth *lineage_truth_read(const char *file, const GPtrArray *models, GError **error);
void lineage_truth_free(LineageTruth *truth);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LineageTruth, lineage_truth_free)

bool true_model_is(const TrueModel *m, const char *kind);
bool true_model_is_copy(const TrueModel *m);

/* A base or what was trained from a parent, all of it or by a merged low-rank change. */
bool true_model_is_trained(const TrueModel *m);

/* What number i is a copy of, or itself. */
int lineage_truth_original(const LineageTruth *truth, int i);

/* True when the two are parent and child, in this order. */
bool lineage_truth_is_edge(const LineageTruth *truth, int parent, int child);
