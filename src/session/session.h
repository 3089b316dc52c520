/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's long work as jobs for the worker thread. Every engine call that may take long is made here.
 *
 * All functions are for the owner's thread; JobDone is called there, too. */
#pragma once

#include "session/snapshot.h"
#include "session/sweep_board.h"

/* An answer with the question it belongs to. */
typedef struct {
  char *text;
  QueryAnswer *answer;
  OpenExperts *opened;
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

/* GPtrArray of Expert*: an expert a layer, best first. The pattern is a glob, "" for all. */
guint64 engine_sweep(const Engine *engine, Snapshot *wood, const TrainOptions *options, const char *pattern,
                     SweepBoard *board, JobDone done, gpointer user);

/* Reply*. Urgent: it does not wait behind a training. Not listed among the jobs. */
guint64 engine_query(const Engine *engine, OpenExperts *opened, const char *text, unsigned limit, JobDone done,
                     gpointer user);
