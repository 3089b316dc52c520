/* SPDX-License-Identifier: Apache-2.0 */
/* What a job takes along to the worker's thread: shared by session.c and model_jobs.c alone. */
#pragma once

#include "session/map_board.h"
#include "session/snapshot.h"
#include "session/sweep_board.h"

typedef struct {
  Engine engine;
  Snapshot *wood; /* references; NULL where the job needs none */
  OpenExperts *oracle;
  Model *p, *x;
  const Expert *expert; /* borrowed from the oracle */
  char *text;
  char **labels;
  unsigned limit;
  TrainOptions train;
  char *layer, *label_key, *encoder, *prompts;
  char *contents;   /* of a file */
  GPtrArray *nodes; /* of ForestNode*, the wood's */
  SweepBoard *board;
  MapBoard *map;
} JobInput;

enum { ERRAND_QUIET = 1, ERRAND_URGENT = 2, ERRAND_LASTING = 4 };

JobInput *job_input_new(const Engine *engine);

/* The options of a training; their strings are copied. */
void job_input_take_options(JobInput *errand, const TrainOptions *options);

/* Queues it; takes ownership. `flags`: not listed among the jobs; not behind a training; done even when the
 * program ends. */
guint64 job_input_submit(JobInput *errand, const char *title, unsigned flags, JobRun run, GDestroyNotify free_result,
                         JobDone done, gpointer user);
