/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that use one expert have in common: the collection, the expert, its encoder and the
 * representations of its models. */
#pragma once

#include "commands/command.h"
#include "experts/voice.h"

typedef struct {
  Collection *collection;
  GPtrArray *models;
  VoiceSet *voices;
  /* Of the voice that was chosen, borrowed from it: */
  const Expert *expert;
  TextEncoder *encoder; /* align only */
  const Representations *rep;
  const GPtrArray *warnings; /* of char*: models that could not be read */
} ExpertRun;

/* The options that choose it: two entries of a GOptionEntry array, with the variables that they fill (char *). */
#define EXPERT_RUN_ENTRIES(expert, layer)                                                            \
  {"expert", 0, 0, G_OPTION_ARG_FILENAME, &(expert), "Name or file (default: the best one)", "E"}, { \
    "layer", 0, 0, G_OPTION_ARG_STRING, &(layer), "Layer, when the checkpoint names none", "NAME"    \
  }

/* Opens all of it; `layer` (may be NULL) names the layer for checkpoints that do not. On failure prints the
 * error and returns its status; on success STATUS_DONE. Cleared with expert_run_clear() either way. */
int expert_run_open(ExpertRun *run, const char *root, const char *expert, const char *layer, const Globals *globals);
void expert_run_clear(ExpertRun *run);

/* The model of that name, with its row. -1 after printing why there is none; *status is set then. */
gssize expert_run_find(const ExpertRun *run, const char *model, int *status);
