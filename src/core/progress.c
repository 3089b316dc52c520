/* SPDX-License-Identifier: Apache-2.0 */
#include "core/progress.h"

#include <math.h>

#include "core/error.h"

void cancel_token_init(CancelToken *token) { atomic_init(&token->cancelled, false); }

void cancel_token_set(CancelToken *token) { atomic_store(&token->cancelled, true); }

bool cancel_token_is_set(const CancelToken *token) {
  return token && atomic_load_explicit(&token->cancelled, memory_order_relaxed);
}

/* True when the token is set; NULL-safe. For inner loops without a report. */
static bool progress_cancelled(const Progress *p) { return p && cancel_token_is_set(p->cancel); }

bool progress_check(const Progress *p, GError **error) {
  if (!progress_cancelled(p)) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_CANCELLED, "cancelled");
  return false;
}

bool progress_note(const Progress *p, const ProgressNote *note, GError **error) {
  if (!progress_check(p, error)) return false;
  if (p && p->notify) p->notify(p->user, note);
  return true;
}

bool progress_step(const Progress *p, const char *phase, uint64_t done, uint64_t total, GError **error) {
  ProgressNote note = {.phase = phase, .done = done, .total = total, .loss = NAN, .accuracy = NAN, .chance = NAN};
  return progress_note(p, &note, error);
}
