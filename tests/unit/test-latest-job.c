/* SPDX-License-Identifier: Apache-2.0 */
/* The last question wins: what an older one brings is not kept, and whoever ran it lets go of it. */
#include "core/error.h"
#include "session/latest_job.h"

static void test_older_answer(void) {
  Engine engine = {0};
  LatestJob q;
  latest_job_init(&q, &engine, g_free);
  g_assert_true(latest_job_is_fresh(&q));
  q.job = 7;
  g_autofree char *old = g_strdup("old");
  g_assert_true(latest_job_done(&q, 6, old, NULL)); /* true: it is the worker's to free */
  g_assert_null(q.result);
  g_assert_cmpstr(latest_job_text(&q, "Wait."), ==, "Wait.");
  char *answer = g_strdup("new");
  g_assert_false(latest_job_done(&q, 7, answer, NULL));
  g_assert_true(q.result == answer);
  g_assert_null(latest_job_text(&q, "Wait."));
  latest_job_reset(&q);
  g_assert_true(latest_job_is_fresh(&q));
}

static void test_trouble(void) {
  Engine engine = {0};
  LatestJob q;
  latest_job_init(&q, &engine, g_free);
  g_autoptr(GError) error = g_error_new(COPSE_ERROR, COPSE_ERROR_IO, "no disk");
  g_autoptr(GError) cancelled = g_error_new(COPSE_ERROR, COPSE_ERROR_CANCELLED, "cancelled");
  q.job = 1;
  latest_job_done(&q, 1, NULL, error);
  g_assert_cmpstr(latest_job_text(&q, "Wait."), ==, "no disk");
  latest_job_reset(&q);
  q.job = 2;
  g_assert_true(latest_job_done(&q, 2, NULL, cancelled));
  g_assert_cmpstr(latest_job_text(&q, "Wait."), ==, "Cancelled.");
  latest_job_reset(&q);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/latest-job/older", test_older_answer);
  g_test_add_func("/latest-job/trouble", test_trouble);
  return g_test_run();
}
