/* SPDX-License-Identifier: Apache-2.0 */
#include "session/latest_job.h"

#include "core/error.h"

void latest_job_init(LatestJob *q, const Engine *engine, GDestroyNotify free_result) {
  *q = (LatestJob){.engine = engine, .free_result = free_result};
}

void latest_job_reset(LatestJob *q) {
  if (q->job && q->engine->worker) worker_cancel(q->engine->worker, q->job);
  q->job = 0;
  if (q->result) q->free_result(q->result);
  q->result = NULL;
  g_clear_pointer(&q->problem, g_free);
}

bool latest_job_done(gpointer user, guint64 id, gpointer result, const GError *error) {
  LatestJob *q = user;
  if (id != q->job) return true;
  q->job = 0;
  if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    q->problem = g_strdup("Cancelled.");
    return true;
  }
  if (error) q->problem = g_strdup(error->message);
  q->result = result;
  return false;
}

bool latest_job_is_fresh(const LatestJob *q) { return !q->job && !q->result && !q->problem; }

const char *latest_job_text(const LatestJob *q, const char *waiting) {
  if (q->result) return NULL;
  return q->job ? waiting : q->problem;
}
