/* SPDX-License-Identifier: Apache-2.0 */
/* One question to the engine at a time, and what came of it: the last question wins. */
#pragma once

#include "session/session.h"

typedef struct {
  const Engine *engine; /* borrowed; its worker is NULL once it has been freed */
  GDestroyNotify free_result;
  guint64 job;     /* 0: nothing is asked */
  gpointer result; /* of the last answer, or NULL */
  char *problem;   /* why there is none, or NULL */
} LatestJob;

void latest_job_init(LatestJob *latest, const Engine *engine, GDestroyNotify free_result);

/* Forgets question and answer; it can be used again. */
void latest_job_reset(LatestJob *latest);

/* The JobDone to ask with, itself being the user. */
bool latest_job_done(gpointer user, guint64 id, gpointer result, const GError *error);

/* True when nothing was asked yet. */
bool latest_job_is_fresh(const LatestJob *latest);

/* Text to show in the place of an answer: `waiting` while it is awaited, else the problem, else NULL. */
const char *latest_job_text(const LatestJob *latest, const char *waiting);
