/* SPDX-License-Identifier: Apache-2.0 */
/* The one worker thread: jobs in, events out through a pipe that the owner polls.
 *
 *   UI thread                                 worker thread
 *   worker_submit(w, &spec)  ── queue ──▶     run(input, progress, &error)
 *   poll(worker_fd(w))       ◀── pipe ──      started, progress (at most 4 a second), ended
 *   worker_dispatch(w)  calls spec.progress and spec.done here, on the UI thread
 *   worker_cancel(w, id)     ── token ──▶     progress_check() fails in run()
 *
 * The owner never waits for the worker, except in worker_end() and worker_free(). Urgent jobs (an answer while
 * somebody types) do not wait behind a long one: the worker runs them inside the long job's
 * next progress report, between two batches. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"

typedef struct Worker Worker;

/* On the worker thread. Returns the result, or NULL with *error set. */
typedef gpointer (*JobRun)(gpointer input, const Progress *progress, GError **error);

/* On the owner's thread, from worker_dispatch(): exactly once for each job. `result` is
 * NULL when error is set (COPSE_ERROR_CANCELLED after a cancel). Takes ownership of result
 * unless it leaves it to free_result by returning true. */
typedef bool (*JobDone)(gpointer user, guint64 id, gpointer result, const GError *error);

typedef struct {
  const char *title; /* copied: "Training probex on to_q" */
  bool urgent;
  bool quiet;   /* not listed among the jobs (queries) */
  bool lasting; /* what somebody has typed: the end of the program does not cancel it */
  JobRun run;
  gpointer input; /* owned by the job: freed after run(), or without it when it never ran */
  GDestroyNotify free_input;
  GDestroyNotify free_result;
  JobDone done; /* may be NULL */
  gpointer user;
} JobSpec;

typedef enum { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED } JobState;

/* What to show of a job: a copy. */
typedef struct {
  guint64 id;
  char *title;
  JobState state;
  bool cancelling;
  ProgressNote note;    /* the latest; phase NULL before the first */
  double seconds;       /* running time so far, or in all */
  double phase_seconds; /* since the note's phase began: note.done / this is the rate */
  char *message;        /* the error's, or NULL */
} JobStatus;
void job_status_clear(JobStatus *status);

Worker *worker_new(void);

/* One without a thread: what waits runs in worker_dispatch(), on the caller's, and worker_fd() is readable as long as
 * something waits. For the fuzzing of keys, which makes thousands one after another: threads took most of its time. */
Worker *worker_new_here(void);

/* Cancels all but what lasts, lets that run, waits for the thread at most `ms` (-1: for ever) and drops undelivered
 * results. False: the thread is stuck, on a disk or a lock that does not answer; it frees the worker
 * when it comes to its end, if ever, and what its job has borrowed must stay until then. NULL-safe. */
bool worker_end(Worker *worker, int ms);

/* The same without an end. */
void worker_free(Worker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Worker, worker_free)

/* Queues a job and returns its id (from 1). */
guint64 worker_submit(Worker *worker, const JobSpec *spec);

/* Asks a job to stop; one that waits is dropped. Returns at once. Unknown ids are ignored. */
void worker_cancel(Worker *worker, guint64 id);

/* Readable whenever worker_dispatch() has something to do. */
int worker_fd(const Worker *worker);

/* Drains the pipe and calls `done` of every job that has ended. Returns true when anything
 * that is worth drawing has changed (a state or a progress note). */
bool worker_dispatch(Worker *worker);

/* Copies of all listed jobs, newest first: JobStatus, free with g_array_unref. The last 50 that
 * have ended are kept. */
GArray *worker_jobs(Worker *worker);

/* Jobs that wait or run, quiet ones left out. */
unsigned worker_busy(Worker *worker);

/* True when nothing waits, runs or is yet to be delivered, quiet jobs included. */
bool worker_idle(Worker *worker);
