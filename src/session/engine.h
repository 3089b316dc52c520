/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a table of functions, so that tests put a small wood of their own in its place. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/collection.h"
#include "collection/disk_survey.h"
#include "experts/measure/evaluation.h"
#include "experts/train/sweep.h"
#include "experts/train/train.h"
#include "experts/train/train_counts.h"
#include "lineage/diff/model_diff.h"
#include "lineage/forest/forest.h"
#include "lineage/forest/keep.h"
#include "search/opinion.h"
#include "search/query.h"
#include "session/worker.h"

typedef struct {
  const char *(*root)(const Collection *collection);
  const GPtrArray *(*places)(const Collection *collection); /* may be NULL: all of the root */
  bool (*scan)(Collection *collection, const Progress *progress, ScanSummary *summary, GError **error);
  GPtrArray *(*models)(Collection *collection, GError **error);
  GPtrArray *(*skipped)(Collection *collection, GError **error);
  Forest *(*forest)(Collection *collection, const GPtrArray *models, const ForestOptions *options,
                    const Progress *progress, GError **error);
  void (*forest_free)(Forest *forest);
  GPtrArray *(*experts)(const Collection *collection, GPtrArray *warnings, GError **error);
  QueryIndex *(*index)(VoiceSet *voices, const GPtrArray *warnings, const Progress *progress, GError **error);
  void (*index_free)(QueryIndex *index);
  QueryAnswer *(*query)(QueryIndex *index, const char *text, unsigned limit, GError **error);
  void (*answer_free)(QueryAnswer *answer);
  TrainResult *(*train)(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                        const Progress *progress, GError **error);
  bool (*counts)(Collection *collection, const GPtrArray *models, const TrainOptions *options, const Progress *progress,
                 TrainCounts *counts, GError **error);
  GPtrArray *(*sweep)(Collection *collection, const GPtrArray *models, const TrainOptions *options, const char *pattern,
                      SweepRow row, void *user, GPtrArray *warnings, const Progress *progress, GError **error);
  /* Of one model; see model_jobs.h. */
  ModelDiff *(*diff)(const Collection *collection, const Model *p, const Model *x, const Progress *progress,
                     GError **error);
  ModelDiff *(*layers)(const Collection *collection, const Model *x, GError **error);
  bool (*figures)(const Collection *collection, const Model *p, const Model *x, const char *layer, LayerFigures **own,
                  LayerFigures **change, GError **error);
  SafeText *(*card)(const Collection *collection, const Model *model, GError **error);
  GPtrArray *(*opinions)(VoiceSet *voices, const Model *model, char *const *labels, unsigned limit,
                         const Progress *progress, GError **error);
  GArray *(*neighbours)(VoiceSet *voices, const Model *model, unsigned limit, SafeText **expert,
                        const Progress *progress, GError **error);
  Chart *(*chart)(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error);
  bool (*spread)(VoiceSet *voices, const Expert *expert, ChartStep step, void *user, double *kept,
                 const Progress *progress, GError **error);
  Evaluation *(*evaluate)(Collection *collection, const GPtrArray *models, const Expert *expert,
                          const Progress *progress, GError **error);
  GHashTable *(*sayings)(VoiceSet *voices, const Expert *expert, const Progress *progress, GError **error);
  /* Of the collection as a whole; see keeping_jobs.h. */
  GPtrArray *(*duplicates)(Collection *collection, const Forest *forest, KeepRule rule, const char *pattern,
                           GError **error);
  uint64_t (*freed)(const char *root, const GPtrArray *paths);
  DiskSurvey *(*survey)(const char *root, const GPtrArray *places, const GPtrArray *models, GError **error);
  /* See hand_jobs.h. */
  bool (*set_by_hand)(Collection *collection, GPtrArray *models, const Model *model, const char *key, const char *value,
                      GError **error);
  bool (*remove_expert)(const Expert *expert, GError **error);
  bool (*rename_expert)(const Expert *expert, const char *name, GError **error);
  bool (*put)(Collection *collection, const char *space, const char *key, GBytes *value, GError **error);
  GBytes *(*get)(Collection *collection, const char *space, const char *key, GError **error);
} EngineOps;

/* The engine itself. */
extern const EngineOps engine_ops;

typedef struct {
  Worker *worker;
  Collection *collection;
  const EngineOps *ops;
} Engine;
