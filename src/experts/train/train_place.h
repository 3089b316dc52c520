/* SPDX-License-Identifier: Apache-2.0 */
/* What a trained expert is called, where it is stored, and by which key an equal run knows it again. */
#pragma once

#include "experts/expert.h"
#include "experts/task/task.h"
#include "experts/train/recipe.h"

/* "mid_block.0-align": the layer's name as a file name; "mid_block.0-views-align" for several views, "mid_block.0-kernel-align"
 * for a kernel of that layer alone. The caller frees it. */
char *train_expert_name(const char *layer, ExpertTask task, TrainKind kind);

/* Everything that decides what a run computes: its state is taken up by an equal run alone. */
uint64_t train_run_key(const Task *task, const TrainOptions *options, const TextEncoder *encoder,
                       const Collection *collection, const char *layer);

/* A finished run's key: its state's key and how long it was to run. Never 0. */
uint64_t train_finished_key(uint64_t key, const TrainOptions *options);

/* The first of NAME, NAME-2, NAME-3, … that is free or holds the same run: an expert that was trained otherwise is never
 * written over. *free_name gets the name; the caller frees both. */
char *train_free_path(const char *folder, const char *name, uint64_t run, char **free_name);

/* Sets name and path: where the options say, else among the collection's experts; no path when nothing may be written.
 * `suffix` goes behind the name. */
bool train_place(const Collection *collection, const TrainOptions *options, Expert *expert, const char *suffix,
                 GError **error);

/* Places and stores an expert that was trained unplaced, perhaps by another process. */
bool train_keep(const Collection *collection, const TrainOptions *options, Expert *expert, GError **error);

/* Stores a trained expert, placed before or now, with what it says of its own certainty, which is fitted first. */
bool train_store(Collection *collection, const GPtrArray *models, const TrainOptions *options, Expert *expert,
                 const Progress *progress, GError **error);
