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

/* Which expert, and what its file does not say of itself, as the authors' files do not. */
typedef struct {
  char *expert, *layer, *encoder, *prompts;
  char *labels; /* a concept list that names classes, or what to choose among; only some commands offer it */
} ExpertWords;

void expert_words_clear(ExpertWords *words);

/* The options that fill it (ExpertWords): entries of a GOptionEntry array. */
#define EXPERT_RUN_ENTRIES(w)                                                                                      \
  {"expert", 0, 0, G_OPTION_ARG_FILENAME, &(w).expert, "Name or file (default: the best one)", "E"},               \
      {"layer", 0, 0, G_OPTION_ARG_STRING, &(w).layer, "Layer, or #N: whose expert, or what it reads", "NAME"},    \
      {"encoder", 0, 0, G_OPTION_ARG_STRING, &(w).encoder, "Text encoder, when the checkpoint names none", "E"}, { \
    "prompts", 0, 0, G_OPTION_ARG_STRING, &(w).prompts, "Prompts, when the checkpoint names none", "P"             \
  }

/* The same, and what the expert's classes are called. */
#define EXPERT_RUN_AND_LABELS(w)                                                                                \
  EXPERT_RUN_ENTRIES(w), {                                                                                      \
    "labels", 0, 0, G_OPTION_ARG_STRING, &(w).labels,                                                           \
        "The classes, or what to choose among, when the checkpoint names none: a,b,c, @cifar100, @FILE", "LIST" \
  }

/* The expert that the words name, with what they say of it; without a name the best of the collection, or of the layer
 * that is named. NULL with an error. `models` are the collection's, among which #N is looked up. */
Expert *expert_words_find(const ExpertWords *words, const Collection *collection, const GPtrArray *models,
                          GError **error);

/* The experts to choose from: the one that is named, or all (of a layer, if one is named), best first. `warnings` (may
 * be NULL) as in expert_list(). Array of Expert*, owned; NULL with an error. */
GPtrArray *expert_words_list(const ExpertWords *words, const Collection *collection, const GPtrArray *models,
                             GPtrArray *warnings, GError **error);

/* Opens all of it. On failure prints the error and returns its status; on success STATUS_DONE. Cleared with
 * expert_run_clear() either way. */
int expert_run_open(ExpertRun *run, const char *root, const ExpertWords *words, const Globals *globals);
void expert_run_clear(ExpertRun *run);

/* The model of that name, with its row. -1 after printing why there is none; *status is set then. */
gssize expert_run_find(const ExpertRun *run, const char *model, int *status);
