/* SPDX-License-Identifier: Apache-2.0 */
/* What a job takes along to the worker's thread: shared by session.c and model_jobs.c alone. */
#pragma once

#include "session/map_board.h"
#include "session/snapshot.h"
#include "session/sweep_board.h"

typedef struct {
  Engine engine;
  Snapshot *wood; /* references; NULL where the job needs none */
  OpenExperts *opened;
  Model *p, *x;
  const Expert *expert; /* borrowed from `opened` */
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

enum { JOB_QUIET = 1, JOB_URGENT = 2, JOB_LASTING = 4 };

JobInput *job_input_new(const Engine *engine);

/* The options of a training; their strings are copied. */
void job_input_take_options(JobInput *task, const TrainOptions *options);

/* Queues it; takes ownership. `flags`: not listed among the jobs; not behind a training; done even when the
 * program ends. */
guint64 job_input_submit(JobInput *task, const char *title, unsigned flags, JobRun run, GDestroyNotify free_result,
                         JobDone done, gpointer user);
