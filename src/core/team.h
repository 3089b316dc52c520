/* SPDX-License-Identifier: Apache-2.0 */
/* Several processes at one job: each runs the same program on the same collection and has a rank; rank 0 leads: it alone
 * writes and answers. What carries their messages stands behind a table of functions (cluster/mpi_team.h, or a test's
 * threads), so that nothing else knows it. A NULL team is one process alone.
 *
 * The ranks meet at the calls below, which each of them makes in the same order. All calls come from the thread that
 * made the team; work() alone runs on others. A rank that ends before the others makes their next call fail with a
 * word. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/progress.h"

typedef struct Team Team;

/* One message. `bytes` is owned by who takes it; NULL: none. */
typedef struct {
  unsigned from, kind;
  uint64_t item;
  GBytes *bytes;
} TeamMail;

/* What carries messages. Messages from one rank to another arrive whole and in their order. */
typedef struct {
  bool (*send)(void *user, unsigned to, unsigned kind, uint64_t item, GBytes *bytes, GError **error);
  int (*poll)(void *user, TeamMail *mail, GError **error); /* 1 a message, 0 none yet, -1 an error; never waits */
  /* Starts adding x up over all ranks, number by number; x is filled once sum_done() gave 1 (0: not yet, -1: error). */
  bool (*sum_begin)(void *user, float *x, size_t n, GError **error);
  int (*sum_done)(void *user, GError **error);
  void (*free)(void *user, bool whole); /* whole: all ranks came to the end together */
} TeamOps;

/* Takes `user`, which ops->free() frees. */
Team *team_new(const TeamOps *ops, void *user, unsigned rank, unsigned size);

/* Ends the rank's part: the leader dismisses the others and waits for each to have come to its end; the others wait for
 * that. NULL-safe. */
void team_free(Team *team);

unsigned team_rank(const Team *team); /* NULL: 0 */
unsigned team_size(const Team *team); /* NULL: 1 */
static inline bool team_leads(const Team *team) { return team_rank(team) == 0; }
static inline bool team_is_several(const Team *team) { return team_size(team) > 1; }

/* The leader's bytes, at every rank; `mine` is looked at in the leader alone (borrowed). A new reference; NULL with an
 * error. */
GBytes *team_share(Team *team, GBytes *mine, GError **error);

/* x[0..n) becomes the sum of all ranks', to rounding the same at each. */
bool team_sum(Team *team, float *x, size_t n, GError **error);

/* What follows is done by the leader alone: false everywhere else, with COPSE_ERROR_CANCELLED. */
bool team_leave(const Team *team, GError **error);

/* Items handed out one by one to whoever is free, the leader included. */
typedef struct {
  const size_t *items; /* the leader's: what to do, in this order; NULL: 0 to n - 1; ignored elsewhere */
  size_t n;            /* the leader's */
  unsigned threads;    /* that work at this rank */
  /* The item done, on any thread of any rank; NULL: it could not be. What it needs, all ranks must have alike. */
  GBytes *(*work)(void *user, size_t item, unsigned thread);
  /* Takes the result (borrowed, or NULL) at the leader, on the calling thread. False ends the work, with an error. */
  bool (*take)(void *user, size_t item, GBytes *result, GError **error);
  void *user;
  const CancelToken *cancel; /* may be NULL */
} TeamWork;

/* Does the work with all ranks, and returns at each when all of it is done and, at the leader, taken. False with an
 * error when a rank ended early, take() gave up, or the leader's token was set. */
bool team_work(Team *team, const TeamWork *work, GError **error);
