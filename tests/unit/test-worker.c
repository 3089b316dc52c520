/* SPDX-License-Identifier: Apache-2.0 */
#include <glib.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "core/error.h"
#include "session/worker.h"

/* What the jobs and their callbacks leave behind. */
typedef struct {
  Worker *worker;
  GArray *order;      /* of guint64: ids as they were delivered */
  atomic_int started; /* jobs whose run() began */
  atomic_int inputs;  /* inputs freed */
  atomic_int results; /* results freed */
  atomic_int gate;    /* opened by the test: lets a long job end */
  atomic_int steps;   /* progress reports of the long job */
  atomic_int kept;    /* what a job that lasts has written */
  unsigned cancelled, failed;
} Log;

static Log *log_new(void) {
  Log *log = g_new0(Log, 1);
  log->worker = worker_new();
  g_assert_nonnull(log->worker);
  log->order = g_array_new(FALSE, FALSE, sizeof(guint64));
  return log;
}

static void log_free(Log *log) {
  worker_free(log->worker);
  g_array_unref(log->order);
  g_free(log);
}

typedef struct {
  Log *log;
  int value;
} Input;

static Input *input_new(Log *log, int value) {
  Input *in = g_new0(Input, 1);
  *in = (Input){log, value};
  return in;
}

static void input_free(gpointer data) {
  Input *in = data;
  atomic_fetch_add(&in->log->inputs, 1);
  g_free(in);
}

static bool on_done(gpointer user, guint64 id, gpointer result, const GError *error) {
  Log *log = user;
  g_array_append_val(log->order, id);
  if (g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) log->cancelled++;
  else if (error) log->failed++;
  g_assert_true((result != NULL) != (error != NULL));
  return true;
}

/* Waits for events until the predicate holds; the deadline is generous and fails the test. */
static void pump_until(Log *log, bool (*enough)(Log *log)) {
  gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  while (!enough(log)) {
    struct pollfd fd = {.fd = worker_fd(log->worker), .events = POLLIN};
    poll(&fd, 1, 50);
    worker_dispatch(log->worker);
    g_assert_cmpint(g_get_monotonic_time(), <, deadline);
  }
}

static bool is_idle(Log *log) { return worker_idle(log->worker); }
static bool has_started(Log *log) { return atomic_load(&log->started) > 0; }
static bool has_stepped(Log *log) { return atomic_load(&log->steps) > 2; }
static bool has_delivery(Log *log) { return log->order->len > 0; }

static gpointer run_quick(gpointer input, const Progress *progress, GError **error) {
  Input *in = input;
  atomic_fetch_add(&in->log->started, 1);
  if (!progress_step(progress, "quick", 1, 1, error)) return NULL;
  return g_strdup_printf("%d", in->value);
}

/* Reports until the gate opens or it is cancelled. */
static gpointer run_long(gpointer input, const Progress *progress, GError **error) {
  Input *in = input;
  atomic_fetch_add(&in->log->started, 1);
  for (uint64_t i = 0; !atomic_load(&in->log->gate); i++) {
    if (!progress_step(progress, "counting", i, 0, error)) return NULL;
    atomic_store(&in->log->steps, (int)MIN(i, 1000000u));
  }
  return g_strdup("long");
}

static gpointer run_failing(gpointer input, const Progress *progress, GError **error) {
  (void)input, (void)progress;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW, "too few models");
  return NULL;
}

static guint64 submit(Log *log, JobRun run, int value, bool urgent) {
  JobSpec spec = {.title = "job",
                  .urgent = urgent,
                  .quiet = urgent,
                  .run = run,
                  .input = input_new(log, value),
                  .free_input = input_free,
                  .free_result = g_free,
                  .done = on_done,
                  .user = log};
  return worker_submit(log->worker, &spec);
}

static void test_order(void) {
  Log *log = log_new();
  enum { N = 200 };
  for (int i = 0; i < N; i++) g_assert_cmpuint(submit(log, run_quick, i, false), ==, (guint64)i + 1);
  pump_until(log, is_idle);
  g_assert_cmpuint(log->order->len, ==, N);
  for (guint i = 0; i < N; i++) g_assert_cmpuint(g_array_index(log->order, guint64, i), ==, i + 1);
  g_assert_cmpint(atomic_load(&log->inputs), ==, N);
  g_autoptr(GArray) jobs = worker_jobs(log->worker);
  g_assert_cmpuint(jobs->len, ==, 50);
  g_assert_cmpuint(g_array_index(jobs, JobStatus, 0).id, ==, N);
  g_assert_cmpint(g_array_index(jobs, JobStatus, 0).state, ==, JOB_DONE);
  log_free(log);
}

/* Without a thread the same jobs run when their owner looks, urgent ones first; what waits at the end is cancelled. */
static void test_without_thread(void) {
  Log *log = log_new();
  worker_free(log->worker);
  log->worker = worker_new_here();
  g_assert_nonnull(log->worker);
  submit(log, run_quick, 1, false);
  submit(log, run_failing, 2, false);
  guint64 dropped = submit(log, run_quick, 3, false);
  submit(log, run_quick, 4, true);
  g_assert_cmpint(atomic_load(&log->started), ==, 0);
  worker_cancel(log->worker, dropped);
  pump_until(log, is_idle);
  static const guint64 order[] = {3, 4, 1, 2};
  g_assert_cmpuint(log->order->len, ==, G_N_ELEMENTS(order));
  for (guint i = 0; i < log->order->len; i++) g_assert_cmpuint(g_array_index(log->order, guint64, i), ==, order[i]);
  g_assert_true(log->cancelled == 1 && log->failed == 1);
  submit(log, run_quick, 5, false);
  worker_end(log->worker, 0);
  log->worker = NULL;
  g_assert_cmpint(atomic_load(&log->started), ==, 2);
  g_assert_cmpint(atomic_load(&log->inputs), ==, 5);
  log_free(log);
}

static void test_cancel_running(void) {
  Log *log = log_new();
  guint64 id = submit(log, run_long, 0, false);
  pump_until(log, has_stepped);
  gint64 asked = g_get_monotonic_time();
  worker_cancel(log->worker, id);
  pump_until(log, is_idle);
  g_assert_cmpint(g_get_monotonic_time() - asked, <, G_USEC_PER_SEC / 5);
  g_assert_cmpuint(log->cancelled, ==, 1);
  g_assert_cmpint(atomic_load(&log->inputs), ==, 1);
  g_autoptr(GArray) jobs = worker_jobs(log->worker);
  const JobStatus *status = &g_array_index(jobs, JobStatus, 0);
  g_assert_cmpint(status->state, ==, JOB_CANCELLED);
  g_assert_true(status->cancelling);
  g_assert_cmpstr(status->note.phase, ==, "counting");
  log_free(log);
}

static void test_cancel_waiting(void) {
  Log *log = log_new();
  submit(log, run_long, 0, false);
  pump_until(log, has_started);
  guint64 second = submit(log, run_quick, 1, false);
  g_assert_cmpuint(worker_busy(log->worker), ==, 2);
  worker_cancel(log->worker, second);
  worker_cancel(log->worker, 999);
  pump_until(log, has_delivery);
  g_assert_cmpuint(g_array_index(log->order, guint64, 0), ==, second);
  g_assert_cmpint(atomic_load(&log->started), ==, 1);
  atomic_store(&log->gate, 1);
  pump_until(log, is_idle);
  g_assert_cmpuint(log->order->len, ==, 2);
  g_assert_cmpint(atomic_load(&log->started), ==, 1);
  g_assert_cmpint(atomic_load(&log->inputs), ==, 2);
  log_free(log);
}

/* An urgent job is answered while the long one goes on; a plain one waits for its end. */
static void test_urgent_inside_long(void) {
  Log *log = log_new();
  guint64 slow = submit(log, run_long, 0, false);
  pump_until(log, has_started);
  guint64 plain = submit(log, run_quick, 1, false);
  guint64 urgent = submit(log, run_quick, 2, true);
  pump_until(log, has_delivery);
  g_assert_cmpuint(g_array_index(log->order, guint64, 0), ==, urgent);
  g_assert_cmpuint(log->order->len, ==, 1);
  g_assert_cmpuint(worker_busy(log->worker), ==, 2);
  atomic_store(&log->gate, 1);
  pump_until(log, is_idle);
  g_assert_cmpuint(g_array_index(log->order, guint64, 1), ==, slow);
  g_assert_cmpuint(g_array_index(log->order, guint64, 2), ==, plain);
  log_free(log);
}

static void test_failure_is_told(void) {
  Log *log = log_new();
  submit(log, run_failing, 0, false);
  pump_until(log, is_idle);
  g_assert_cmpuint(log->failed, ==, 1);
  g_autoptr(GArray) jobs = worker_jobs(log->worker);
  g_assert_cmpint(g_array_index(jobs, JobStatus, 0).state, ==, JOB_FAILED);
  g_assert_cmpstr(g_array_index(jobs, JobStatus, 0).message, ==, "too few models");
  log_free(log);
}

/* A job that reports without pause wakes its owner about 4 times a second, and no more. */
static void test_notes_are_coalesced(void) {
  Log *log = log_new();
  submit(log, run_long, 0, false);
  pump_until(log, has_started);
  unsigned wakes = 0;
  gint64 start = g_get_monotonic_time(), end = start + G_USEC_PER_SEC;
  for (gint64 now = start; now < end; now = g_get_monotonic_time()) {
    struct pollfd fd = {.fd = worker_fd(log->worker), .events = POLLIN};
    if (poll(&fd, 1, (int)((end - now) / 1000) + 1) > 0) wakes++;
    worker_dispatch(log->worker);
  }
  g_assert_cmpuint(wakes, >=, 1);
  g_assert_cmpuint(wakes, <=, 6);
  g_autoptr(GArray) jobs = worker_jobs(log->worker);
  const JobStatus *status = &g_array_index(jobs, JobStatus, 0);
  g_assert_cmpint(status->state, ==, JOB_RUNNING);
  g_assert_cmpuint(status->note.done, >, 2);
  g_assert_true(isnan(status->note.loss));
  g_assert_cmpfloat(status->phase_seconds, <=, status->seconds);
  atomic_store(&log->gate, 1);
  pump_until(log, is_idle);
  log_free(log);
}

static void free_counted(gpointer result) {
  atomic_fetch_add(&((Input *)result)->log->results, 1);
  g_free(result);
}

static gpointer run_counted(gpointer input, const Progress *progress, GError **error) {
  (void)progress, (void)error;
  Input *in = input;
  atomic_fetch_add(&in->log->started, 1);
  return input_new(in->log, in->value);
}

static bool all_started(Log *log) { return atomic_load(&log->started) == 8; }

/* Freeing the worker drops what was not delivered, and calls nobody back. */
static void test_free_drops_results(void) {
  Log *log = log_new();
  for (int i = 0; i < 8; i++) {
    JobSpec spec = {.title = "job",
                    .run = run_counted,
                    .input = input_new(log, i),
                    .free_input = input_free,
                    .free_result = free_counted,
                    .done = on_done,
                    .user = log};
    worker_submit(log->worker, &spec);
  }
  gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  while (!all_started(log)) g_assert_cmpint(g_get_monotonic_time(), <, deadline);
  submit(log, run_long, 0, false);
  worker_free(log->worker);
  g_assert_cmpint(atomic_load(&log->results), ==, 8);
  g_assert_cmpint(atomic_load(&log->inputs), ==, 9);
  g_assert_cmpuint(log->order->len, ==, 0);
  g_array_unref(log->order);
  g_free(log);
}

static gpointer run_lasting(gpointer input, const Progress *progress, GError **error) {
  Input *in = input;
  (void)progress, (void)error;
  atomic_store(&in->log->kept, in->value);
  return g_strdup("kept");
}

/* Goes on while the gate is shut: nothing cancels it. */
static gpointer run_stuck(gpointer input, const Progress *progress, GError **error) {
  Input *in = input;
  (void)progress, (void)error;
  atomic_fetch_add(&in->log->started, 1);
  while (!atomic_load(&in->log->gate)) g_usleep(1000);
  return g_strdup("late");
}

static void submit_lasting(Log *log, JobRun run, int value) {
  JobSpec spec = {.title = "job",
                  .urgent = true,
                  .lasting = true,
                  .run = run,
                  .input = input_new(log, value),
                  .free_input = input_free,
                  .free_result = g_free};
  worker_submit(log->worker, &spec);
}

/* What lasts is done when the program ends, behind a job that is cancelled; what does not is dropped. */
static void test_lasting_jobs_are_done(void) {
  Log *log = log_new();
  submit(log, run_long, 0, false);
  pump_until(log, has_started);
  submit(log, run_quick, 0, false);
  submit_lasting(log, run_lasting, 77);
  g_assert_true(worker_end(log->worker, 20000));
  g_assert_cmpint(atomic_load(&log->kept), ==, 77);
  g_assert_cmpint(atomic_load(&log->started), ==, 1);
  g_assert_cmpint(atomic_load(&log->inputs), ==, 3);
  g_array_unref(log->order);
  g_free(log);
}

static bool all_freed(Log *log) { return atomic_load(&log->inputs) == 2; }

/* Who ends waits so long and no longer; the thread frees what is its own when it gets there. */
static void test_end_is_bounded(void) {
  Log *log = log_new();
  submit(log, run_stuck, 0, false);
  pump_until(log, has_started);
  submit_lasting(log, run_lasting, 78);
  gint64 start = g_get_monotonic_time();
  g_assert_false(worker_end(log->worker, 100));
  g_assert_cmpint(g_get_monotonic_time() - start, >=, 100000);
  g_assert_cmpint(g_get_monotonic_time() - start, <, 10 * G_USEC_PER_SEC);
  atomic_store(&log->gate, 1);
  gint64 deadline = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
  while (!all_freed(log)) g_assert_cmpint(g_get_monotonic_time(), <, deadline);
  g_assert_cmpint(atomic_load(&log->kept), ==, 78);
  g_array_unref(log->order);
  g_free(log);
}

static bool on_done_take(gpointer user, guint64 id, gpointer result, const GError *error) {
  (void)error;
  Log *log = user;
  g_array_append_val(log->order, id);
  if (log->order->len < 5) submit(log, run_quick, 0, false); /* a callback may submit */
  g_free(result);
  return false;
}

static void test_done_may_take_and_submit(void) {
  Log *log = log_new();
  JobSpec spec = {.title = "job",
                  .run = run_quick,
                  .input = input_new(log, 7),
                  .free_input = input_free,
                  .free_result = g_free,
                  .done = on_done_take,
                  .user = log};
  worker_submit(log->worker, &spec);
  pump_until(log, is_idle);
  g_assert_cmpuint(log->order->len, ==, 2);
  log_free(log);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/worker/order", test_order);
  g_test_add_func("/worker/without-thread", test_without_thread);
  g_test_add_func("/worker/cancel-running", test_cancel_running);
  g_test_add_func("/worker/cancel-waiting", test_cancel_waiting);
  g_test_add_func("/worker/urgent-inside-long", test_urgent_inside_long);
  g_test_add_func("/worker/failure", test_failure_is_told);
  g_test_add_func("/worker/notes-coalesced", test_notes_are_coalesced);
  g_test_add_func("/worker/free-drops-results", test_free_drops_results);
  g_test_add_func("/worker/lasting", test_lasting_jobs_are_done);
  g_test_add_func("/worker/bounded-end", test_end_is_bounded);
  g_test_add_func("/worker/done-takes-and-submits", test_done_may_take_and_submit);
  return g_test_run();
}
