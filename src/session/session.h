/* SPDX-License-Identifier: Apache-2.0 */
/* The interface's requests to the engine, as jobs for the worker thread. Every engine call that
 * may take long is made here, through a table of functions, so that tests put a small wood of
 * their own in the engine's place.
 *
 * All functions are for the owner's thread; JobDone is called there, too. */
#pragma once

#include <glib.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "collection/collection.h"
#include "experts/train/sweep.h"
#include "experts/train/train.h"
#include "lineage/forest/forest.h"
#include "lineage/diff/model_diff.h"
#include "search/opinion.h"
#include "search/query.h"
#include "session/worker.h"

typedef struct {
  const char *(*root)(const Collection *collection);
  bool (*scan)(Collection *collection, const Progress *progress, ScanSummary *summary, GError **error);
  GPtrArray *(*models)(Collection *collection, GError **error);
  GPtrArray *(*skipped)(Collection *collection, GError **error);
  Forest *(*forest)(Collection *collection, const GPtrArray *models, const ForestOptions *options,
                    const Progress *progress, GError **error);
  void (*forest_free)(Forest *forest);
  GPtrArray *(*experts)(const Collection *collection, GPtrArray *warnings, GError **error);
  QueryIndex *(*index)(Collection *collection, const GPtrArray *models, const Progress *progress, GError **error);
  void (*index_free)(QueryIndex *index);
  QueryAnswer *(*query)(QueryIndex *index, const char *text, unsigned limit, GError **error);
  void (*answer_free)(QueryAnswer *answer);
  TrainResult *(*train)(Collection *collection, const GPtrArray *models, const TrainOptions *options,
                        const Progress *progress, GError **error);
  GPtrArray *(*sweep)(Collection *collection, const GPtrArray *models, const TrainOptions *options, const char *pattern,
                      SweepRow row, void *user, GPtrArray *warnings, const Progress *progress, GError **error);
  /* Of one model; see engine_model.h. */
  ModelDiff *(*diff)(const Collection *collection, const Model *p, const Model *x, const Progress *progress,
                     GError **error);
  ModelDiff *(*layers)(const Collection *collection, const Model *x, GError **error);
  bool (*figures)(const Collection *collection, const Model *p, const Model *x, const char *layer, LayerFigures **own,
                  LayerFigures **change, GError **error);
  SafeText *(*card)(const Collection *collection, const Model *model, GError **error);
  GPtrArray *(*opinions)(const Collection *collection, const GPtrArray *models, const GPtrArray *experts,
                         const Model *model, char *const *labels, unsigned limit, const Progress *progress,
                         GError **error);
  GArray *(*neighbours)(const Collection *collection, const GPtrArray *models, const GPtrArray *experts,
                        const Model *model, unsigned limit, SafeText **expert, const Progress *progress,
                        GError **error);
  Chart *(*chart)(const Collection *collection, const GPtrArray *models, const Expert *expert, const Progress *progress,
                  GError **error);
  GHashTable *(*sayings)(const Collection *collection, const GPtrArray *models, const Expert *expert,
                         const Progress *progress, GError **error);
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

/* What is known of the collection at one moment. Immutable and counted, for it is shared with
 * jobs that run. */
typedef struct {
  GPtrArray *models, *skipped;
  Forest *forest;
  char **haystacks;      /* of each node, what words are looked for in: node_haystack() */
  const char *label_key; /* what models are labelled by, or NULL. Static text */
  uint64_t bytes;
  bool concepts; /* some model says what it was trained on */
  bool scanned;  /* the folders were walked in this session */
  bool grown;    /* the forest comes from the weights, not from cards alone */
  const EngineOps *ops;
  atomic_uint refs;
} Snapshot;

/* Fills in the haystacks, once forest and label_key are there. */
void snapshot_fold(Snapshot *wood);
Snapshot *snapshot_ref(Snapshot *wood);
void snapshot_unref(Snapshot *wood); /* NULL-safe */

/* The experts and the index that answers with them. Counted, because answers borrow from it. */
typedef struct {
  GPtrArray *experts;  /* of Expert*, best first */
  GPtrArray *warnings; /* of char*: files that are no experts, and why */
  QueryIndex *index;   /* used on the worker's thread alone; NULL when it cannot be opened */
  char *problem;       /* why not, or NULL */
  const EngineOps *ops;
  atomic_uint refs;
} OpenExperts;

OpenExperts *open_experts_ref(OpenExperts *oracle);
void open_experts_unref(OpenExperts *oracle); /* NULL-safe */

/* An answer with the question it belongs to. */
typedef struct {
  char *text;
  QueryAnswer *answer;
  OpenExperts *oracle;
} Reply;
void reply_free(Reply *reply); /* NULL-safe */

/* Each queues a job and returns its id; `done` gets what is named, and keeps it by returning
 * false. */

/* Snapshot*: from the catalog as it is. Not listed among the jobs. */
guint64 engine_load(const Engine *engine, JobDone done, gpointer user);

/* Snapshot*: after a walk through the collection; its forest is drawn from cards alone. */
guint64 engine_scan(const Engine *engine, JobDone done, gpointer user);

/* Snapshot*: the same models with the forest that their weights tell. */
guint64 engine_grow(const Engine *engine, Snapshot *wood, JobDone done, gpointer user);

/* Lets go of a wood on the worker's thread, since a large one takes longer than a key may wait; takes the reference.
 * Not listed among the jobs. NULL-safe. */
void engine_drop_wood(const Engine *engine, Snapshot *wood);

/* OpenExperts*. */
guint64 engine_open_experts(const Engine *engine, Snapshot *wood, JobDone done, gpointer user);

/* TrainResult*. The options and their strings are copied. */
guint64 engine_train(const Engine *engine, Snapshot *wood, const TrainOptions *options, JobDone done, gpointer user);

/* The rows of a sweep as they come: filled on the worker's thread, read on the owner's. */
typedef struct {
  SafeText *layer;
  double val, unseen; /* headline scores; NAN */
  bool again;         /* was there from an earlier sweep */
} SweepBar;

typedef struct {
  pthread_mutex_t lock;
  GArray *bars;   /* of SweepBar */
  unsigned total; /* layers in all; 0: not known yet */
  atomic_uint refs;
} SweepBoard;

SweepBoard *sweep_board_new(void);
SweepBoard *sweep_board_ref(SweepBoard *board);
void sweep_board_unref(SweepBoard *board); /* NULL-safe */

/* GPtrArray of Expert*: an expert a layer, best first. The pattern is a glob, "" for all. */
guint64 engine_sweep(const Engine *engine, Snapshot *wood, const TrainOptions *options, const char *pattern,
                     SweepBoard *board, JobDone done, gpointer user);

/* Reply*. Urgent: it does not wait behind a training. Not listed among the jobs. */
guint64 engine_query(const Engine *engine, OpenExperts *oracle, const char *text, unsigned limit, JobDone done,
                     gpointer user);
