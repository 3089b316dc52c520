/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a collection: the catalog as it was, the folders as they are, the forest that weights tell, the experts; one
 * after the other, as jobs (opening_start) or at once on the caller's thread (opening_run). */
#pragma once

#include "session/session.h"

typedef enum { OPENING_LOAD, OPENING_SCAN, OPENING_GROW, OPENING_EXPERTS, OPENING_STEPS } OpeningStep;

/* Who wants to know. Called on the owner's thread. */
typedef struct {
  void (*snapshot)(void *user, Snapshot *wood);                      /* takes it: it stands for the one before */
  void (*experts)(void *user, OpenExperts *opened);                  /* takes them */
  void (*failed)(void *user, const char *what, const GError *error); /* what: "The catalog cannot be read" */
} OpeningOps;

typedef struct {
  const Engine *engine; /* borrowed, as are all */
  const OpeningOps *ops;
  void *user;
  Snapshot *wood;              /* a reference to the last one; NULL: none yet */
  guint64 jobs[OPENING_STEPS]; /* that run or wait; 0: none */
  bool held;                   /* one step leads to the next no more */
} Opening;

/* Begins at a step, unless it runs already or lacks what it needs; each step leads to the next. */
void opening_start(Opening *opening, OpeningStep step);

/* Lets go of the snapshot; jobs must have ended. */
void opening_clear(Opening *opening);

/* Is told before each step of opening_run(). */
typedef void (*OpeningTold)(void *user, OpeningStep step);

/* The steps from the scan on, at once; the experts come without their index. False with an error, and both NULL. */
bool opening_run(const Engine *engine, OpeningTold told, void *user, Snapshot **wood, OpenExperts **opened,
                 GError **error);
