/* SPDX-License-Identifier: Apache-2.0 */
#include "session/latest_job.h"

#include "core/error.h"

void inquiry_init(Inquiry *q, const Engine *engine, GDestroyNotify free_result) {
  *q = (Inquiry){.engine = engine, .free_result = free_result};
}

void inquiry_reset(Inquiry *q) {
  if (q->job && q->engine->worker) worker_cancel(q->engine->worker, q->job);
  q->job = 0;
  if (q->result) q->free_result(q->result);
  q->result = NULL;
  g_clear_pointer(&q->problem, g_free);
}

bool inquiry_done(gpointer user, guint64 id, gpointer result, const GError *error) {
  Inquiry *q = user;
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

bool inquiry_is_fresh(const Inquiry *q) { return !q->job && !q->result && !q->problem; }

const char *inquiry_text(const Inquiry *q, const char *waiting) {
  if (q->result) return NULL;
  return q->job ? waiting : q->problem;
}
