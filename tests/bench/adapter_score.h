/* SPDX-License-Identifier: Apache-2.0 */
/* What is found in a planted folder of adapters, held against what is true of it. */
#pragma once

#include "lineage/forest/forest.h"
#include "tests/bench/adapter_folder.h"

typedef struct {
  unsigned adapters, missing;        /* missing: planted, and not among the models */
  unsigned right, doubtful, silent;  /* the family: the one, among several, not said */
  unsigned false_family;             /* said for certain, and another; or several without the one */
  unsigned wrong, flagged, invented; /* declared wrongly; of these said so; said so of others */
  unsigned twins, twins_found;       /* copies, and those in one group with their original */
  unsigned twins_invented;           /* in one group with what they are no copy of */
  unsigned kept_right;               /* copies of which, or of whose original, the right one is to be kept */
  unsigned based, ghosts, bare;      /* below a model, below one that is not here, below none */
  unsigned contradicted;             /* the bases that fit say other than the forest */
  const char *fitted;                /* the path of one that a base fits, of the planted; NULL: none */
} AdapterScore;

/* `models` and `forest` are those of the folder, `sketches` theirs, centred, `groups` its copies (keep_groups(), by
 * KEEP_AUTO). Each miss is said with `say`, a
 * line each; NULL: nothing is said. */
AdapterScore adapter_score(const GPtrArray *planted, const GPtrArray *models, const Forest *forest,
                           const GPtrArray *sketches, const GPtrArray *groups, void (*say)(const char *line));

/* Opens, scans, grows and scores the folder; NULL `state`: beside it, as ever. False with error. */
bool adapter_score_folder(const GPtrArray *planted, const char *root, const char *state, void (*say)(const char *line),
                          AdapterScore *out, GError **error);

/* Nothing missed, nothing invented, nothing contradicted. */
bool adapter_score_is_clean(const AdapterScore *score);
