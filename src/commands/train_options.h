/* SPDX-License-Identifier: Apache-2.0 */
/* The options of `train` and `sweep` as the user writes them. */
#pragma once

#include "commands/command.h"
#include "experts/train/train.h"

typedef struct {
  char *expert, *preset, *task, *input, *layer, *label, *encoder, *prompts, *schedule, *init, *out, *views, *apart,
      *stop_words;
  gboolean linear, half;
  int min_count, tree, epochs, patience, probes, proj, rep, batch;
  double lr, weight_decay, compress;
} TrainWords;

/* The defaults. */
void train_words_init(TrainWords *words);
void train_words_clear(TrainWords *words);

/* Entries that fill `words`; ends with a null entry; the caller frees the array. */
GOptionEntry *train_words_entries(TrainWords *words);

/* What the engine takes, borrowing strings from `words`. False with COPSE_ERROR_USAGE. */
bool train_words_read(const TrainWords *words, const Globals *globals, TrainOptions *options, GError **error);

/* Without --task, and unless a preset is of one: classify where the labels of the models are lists, which is said on stderr.
 * Reads `words` again then; what was put into *options besides is to be put there after this. */
bool train_words_settle_task(TrainWords *words, const Globals *globals, const GPtrArray *models, TrainOptions *options,
                             GError **error);
