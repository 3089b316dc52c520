/* SPDX-License-Identifier: Apache-2.0 */
/* Progress out, cancellation in: what a long engine call takes from its caller.
 *
 * A call that may take long has a `const Progress *` argument, which may be NULL.
 * It reports through progress_step() at each natural unit (a file, a batch) and
 * stops soon after the token is set:
 *
 *   for (i = 0; i < n; i++) {
 *     if (!progress_step(p, "scanning", i, n, error)) return FALSE;
 *     ...
 *   }
 *
 * The token may be set from any thread. notify() is called on the thread that does
 * the work and must not block: it copies what it is given. */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
  atomic_bool cancelled;
} CancelToken;

void cancel_token_init(CancelToken *token);
void cancel_token_set(CancelToken *token);
bool cancel_token_is_set(const CancelToken *token); /* NULL: never set */

typedef struct {
  const char *phase; /* static text: "reading", "training" */
  uint64_t done;     /* units finished in this phase */
  uint64_t total;    /* 0 when it is not known */
  uint64_t bytes;    /* file bytes read so far in this phase, 0 when it does not matter */
  double loss;       /* training only, else NAN */
  double accuracy;   /* training only: validation top-1 or element-wise, else NAN */
  double chance;     /* training only: what guessing would reach of it, else NAN */
} ProgressNote;

typedef struct {
  CancelToken *cancel;                                  /* may be NULL */
  void (*notify)(void *user, const ProgressNote *note); /* may be NULL */
  void *user;
} Progress;

/* Tells how far the work is. Returns false, with COPSE_ERROR_CANCELLED, when the
 * token is set. `p` may be NULL (then always true). */
bool progress_step(const Progress *p, const char *phase, uint64_t done, uint64_t total, GError **error);

/* The same with every field of the note. */
bool progress_note(const Progress *p, const ProgressNote *note, GError **error);

/* False, with COPSE_ERROR_CANCELLED, when the token is set. */
bool progress_check(const Progress *p, GError **error);
