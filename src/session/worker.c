/* SPDX-License-Identifier: Apache-2.0 */
#include "session/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/thread_stack.h"

enum {
  NOTE_INTERVAL = G_USEC_PER_SEC / 4, /* between two wake-ups for progress */
  KEPT_JOBS = 50                      /* ended jobs that stay listed */
};

typedef struct {
  guint64 id;
  Worker *worker;
  JobSpec spec; /* title owned */
  CancelToken token;
  /* Below: guarded by the worker's lock. */
  JobState state;
  bool cancelling, delivered;
  ProgressNote note;
  gint64 started, ended, phase_started; /* monotonic microseconds */
  gpointer result;
  GError *error;
} Job;

/* The lock is a pthread mutex and not a GMutex: ThreadSanitizer knows the former alone. */
struct Worker {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake, gone;
  int pipe[2];
  /* Below: guarded by the lock. */
  GQueue jobs;  /* of Job*, oldest first: all that wait, run, or are still listed */
  GQueue ended; /* of Job*, in the order in which they ended: to be delivered */
  guint64 last_id;
  gint64 last_note;
  bool woken;   /* a byte is in the pipe */
  bool changed; /* since the last dispatch */
  bool nested;  /* an urgent job runs inside another */
  bool quit;    /* when nothing waits any more */
  bool left;    /* the thread has nothing left to do */
  bool alone;   /* nobody waits for that: the thread frees all */
  bool here;    /* there is no thread: set once */
};

void job_status_clear(JobStatus *status) {
  g_clear_pointer(&status->title, g_free);
  g_clear_pointer(&status->message, g_free);
}

static void job_free(Job *job) {
  g_free((char *)job->spec.title);
  g_clear_error(&job->error);
  g_free(job);
}

static void drop_input(Job *job) {
  if (job->spec.free_input) job->spec.free_input(job->spec.input);
  job->spec.input = NULL;
}

static void drop_result(Job *job) {
  if (job->result && job->spec.free_result) job->spec.free_result(job->result);
  job->result = NULL;
}

static bool is_open(const Job *job) { return job->state == JOB_WAITING || job->state == JOB_RUNNING; }

/* Lock held. One byte is enough, however many events it stands for. */
static void wake_owner(Worker *w) {
  if (w->woken) return;
  ssize_t n;
  do n = write(w->pipe[1], "", 1);
  while (n < 0 && errno == EINTR);
  w->woken = true;
}

/* Lock held. The first job that waits, urgent ones first. */
static Job *next_waiting(Worker *w, bool urgent_only) {
  Job *first = NULL;
  for (GList *l = w->jobs.head; l; l = l->next) {
    Job *job = l->data;
    if (job->state != JOB_WAITING) continue;
    if (job->spec.urgent) return job;
    if (!first && !urgent_only) first = job;
  }
  return first;
}

/* Lock held. */
static void job_end(Job *job, JobState state) {
  Worker *w = job->worker;
  job->state = state;
  job->ended = g_get_monotonic_time();
  g_queue_push_tail(&w->ended, job);
  w->changed = true;
  wake_owner(w);
}

static void run_urgent(Worker *w);

/* Progress of a job: kept for the owner, who is woken at most 4 times a second. Engine loops
 * that are shared over threads may report from any of them; urgent jobs run on the worker's. */
static void on_note(void *user, const ProgressNote *note) {
  Job *job = user;
  Worker *w = job->worker;
  gint64 now = g_get_monotonic_time();
  pthread_mutex_lock(&w->lock);
  if (!job->note.phase || !note->phase || strcmp(job->note.phase, note->phase) != 0) job->phase_started = now;
  job->note = *note;
  if (!job->spec.quiet) {
    w->changed = true;
    if (now - w->last_note >= NOTE_INTERVAL) {
      w->last_note = now;
      wake_owner(w);
    }
  }
  bool urgent = !w->here && !w->nested && next_waiting(w, true) && pthread_equal(pthread_self(), w->thread);
  pthread_mutex_unlock(&w->lock);
  if (urgent) run_urgent(w);
}

/* Lock held on entry and on return, not while the job runs. */
static void run_job(Worker *w, Job *job) {
  job->state = JOB_RUNNING;
  job->started = job->phase_started = g_get_monotonic_time();
  if (!job->spec.quiet) {
    w->changed = true;
    wake_owner(w);
  }
  pthread_mutex_unlock(&w->lock);

  Progress progress = {.cancel = &job->token, .notify = on_note, .user = job};
  GError *error = NULL;
  gpointer result = job->spec.run(job->spec.input, &progress, &error);
  drop_input(job);
  if (error && result) {
    if (job->spec.free_result) job->spec.free_result(result);
    result = NULL;
  }

  pthread_mutex_lock(&w->lock);
  job->result = result;
  job->error = error;
  bool cancelled = g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
  job_end(job, cancelled ? JOB_CANCELLED : error ? JOB_FAILED : JOB_DONE);
}

static void run_urgent(Worker *w) {
  pthread_mutex_lock(&w->lock);
  w->nested = true;
  for (Job *job; (job = next_waiting(w, true));) run_job(w, job);
  w->nested = false;
  pthread_mutex_unlock(&w->lock);
}

static void worker_destroy(Worker *w) {
  for (GList *l = w->jobs.head; l; l = l->next) {
    drop_result(l->data);
    job_free(l->data);
  }
  g_queue_clear(&w->jobs);
  g_queue_clear(&w->ended);
  if (w->pipe[0] >= 0) close(w->pipe[0]);
  if (w->pipe[1] >= 0) close(w->pipe[1]);
  pthread_cond_destroy(&w->wake);
  pthread_cond_destroy(&w->gone);
  pthread_mutex_destroy(&w->lock);
  g_free(w);
}

static void *worker_main(void *data) {
  Worker *w = data;
  thread_stack_ensure();
  pthread_mutex_lock(&w->lock);
  for (;;) {
    Job *job = next_waiting(w, false);
    if (job) run_job(w, job);
    else if (w->quit) break;
    else pthread_cond_wait(&w->wake, &w->lock);
  }
  bool alone = w->alone;
  w->left = true;
  pthread_cond_signal(&w->gone);
  pthread_mutex_unlock(&w->lock);
  if (alone) worker_destroy(w);
  return NULL;
}

/* Signals belong to the owner's thread: a resize must interrupt its poll(). */
static bool start_thread(Worker *w) {
  sigset_t all, before;
  sigfillset(&all);
  sigdelset(&all, SIGSEGV), sigdelset(&all, SIGBUS), sigdelset(&all, SIGFPE);
  sigdelset(&all, SIGILL), sigdelset(&all, SIGABRT), sigdelset(&all, SIGTRAP), sigdelset(&all, SIGSYS);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  /* The lock makes w->thread visible to the thread before it looks at it. */
  pthread_mutex_lock(&w->lock);
  bool ok = pthread_create(&w->thread, NULL, worker_main, w) == 0;
  pthread_mutex_unlock(&w->lock);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return ok;
}

static Worker *start(bool here) {
  Worker *w = g_new0(Worker, 1);
  w->here = here;
  w->pipe[0] = w->pipe[1] = -1;
  g_queue_init(&w->jobs);
  g_queue_init(&w->ended);
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->wake, NULL);
  pthread_condattr_t clock;
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&w->gone, &clock);
  pthread_condattr_destroy(&clock);
  if (pipe2(w->pipe, O_NONBLOCK | O_CLOEXEC) == 0 && (here || start_thread(w))) return w;
  worker_destroy(w);
  return NULL;
}

Worker *worker_new(void) { return start(false); }

Worker *worker_new_here(void) { return start(true); }

/* Lock held on entry and on return. */
static void run_here(Worker *w) {
  for (Job *job; w->here && (job = next_waiting(w, false));) run_job(w, job);
}

/* Lock held. */
static void cancel_job(Job *job) {
  if (!is_open(job)) return;
  cancel_token_set(&job->token);
  job->cancelling = true;
  job->worker->changed = true;
  if (job->state != JOB_WAITING) return;
  drop_input(job);
  job->error = g_error_new_literal(COPSE_ERROR, COPSE_ERROR_CANCELLED, "cancelled");
  job_end(job, JOB_CANCELLED);
}

/* Lock held. False when the thread has not come to its end in time. */
static bool await_end(Worker *w, int ms) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += ms % 1000 * 1000000L;
  if (until.tv_nsec >= 1000000000L) until.tv_sec++, until.tv_nsec -= 1000000000L;
  int wrong = 0;
  while (!w->left && !wrong)
    wrong = ms < 0 ? pthread_cond_wait(&w->gone, &w->lock) : pthread_cond_timedwait(&w->gone, &w->lock, &until);
  return w->left;
}

bool worker_end(Worker *w, int ms) {
  if (!w) return true;
  pthread_mutex_lock(&w->lock);
  w->quit = true;
  for (GList *l = w->jobs.head; l; l = l->next)
    if (!((const Job *)l->data)->spec.lasting) cancel_job(l->data);
  pthread_cond_signal(&w->wake);
  run_here(w);
  bool ended = w->here || await_end(w, ms);
  w->alone = !ended;
  if (!ended) pthread_detach(w->thread);
  pthread_mutex_unlock(&w->lock);
  if (!ended) return false;
  if (!w->here) pthread_join(w->thread, NULL);
  worker_destroy(w);
  return true;
}

void worker_free(Worker *w) { worker_end(w, -1); }

guint64 worker_submit(Worker *w, const JobSpec *spec) {
  Job *job = g_new0(Job, 1);
  job->worker = w;
  job->spec = *spec;
  job->spec.title = g_strdup(spec->title ? spec->title : "");
  cancel_token_init(&job->token);
  pthread_mutex_lock(&w->lock);
  guint64 id = job->id = ++w->last_id;
  g_queue_push_tail(&w->jobs, job);
  if (!spec->quiet) w->changed = true;
  pthread_cond_signal(&w->wake);
  if (w->here) wake_owner(w);
  pthread_mutex_unlock(&w->lock);
  return id;
}

void worker_cancel(Worker *w, guint64 id) {
  pthread_mutex_lock(&w->lock);
  for (GList *l = w->jobs.head; l; l = l->next)
    if (((Job *)l->data)->id == id) cancel_job(l->data);
  pthread_mutex_unlock(&w->lock);
}

int worker_fd(const Worker *w) { return w->pipe[0]; }

/* Lock held. Forgets what nobody will ask for again. */
static void trim_jobs(Worker *w) {
  unsigned kept = 0;
  for (GList *l = w->jobs.tail, *before; l; l = before) {
    before = l->prev;
    Job *job = l->data;
    if (!job->delivered) continue;
    if (!job->spec.quiet && ++kept <= KEPT_JOBS) continue;
    g_queue_delete_link(&w->jobs, l);
    job_free(job);
  }
}

/* Not locked: the callback may submit and cancel. */
static void deliver(Job *job) {
  bool leave = true;
  if (job->spec.done) leave = job->spec.done(job->spec.user, job->id, job->result, job->error);
  if (!leave) job->result = NULL;
  drop_result(job);
}

bool worker_dispatch(Worker *w) {
  char bytes[16];
  pthread_mutex_lock(&w->lock);
  run_here(w);
  while (read(w->pipe[0], bytes, sizeof bytes) > 0) {
  }
  w->woken = false;
  bool changed = w->changed;
  w->changed = false;
  GQueue ended = w->ended;
  g_queue_init(&w->ended);
  pthread_mutex_unlock(&w->lock);

  for (GList *l = ended.head; l; l = l->next) deliver(l->data);

  pthread_mutex_lock(&w->lock);
  for (GList *l = ended.head; l; l = l->next) ((Job *)l->data)->delivered = true;
  trim_jobs(w);
  pthread_mutex_unlock(&w->lock);
  g_queue_clear(&ended);
  return changed;
}

static double seconds_since(gint64 start, gint64 end) { return start ? (double)(end - start) / G_USEC_PER_SEC : 0; }

static JobStatus job_status(const Job *job, gint64 now) {
  gint64 end = job->ended ? job->ended : now;
  return (JobStatus){.id = job->id,
                     .title = g_strdup(job->spec.title),
                     .state = job->state,
                     .cancelling = job->cancelling,
                     .note = job->note,
                     .seconds = seconds_since(job->started, end),
                     .phase_seconds = seconds_since(job->phase_started, end),
                     .message = job->error ? g_strdup(job->error->message) : NULL};
}

static void status_clear(void *status) { job_status_clear(status); }

GArray *worker_jobs(Worker *w) {
  GArray *list = g_array_new(FALSE, TRUE, sizeof(JobStatus));
  g_array_set_clear_func(list, status_clear);
  gint64 now = g_get_monotonic_time();
  pthread_mutex_lock(&w->lock);
  for (GList *l = w->jobs.tail; l; l = l->prev) {
    const Job *job = l->data;
    if (job->spec.quiet) continue;
    JobStatus status = job_status(job, now);
    g_array_append_val(list, status);
  }
  pthread_mutex_unlock(&w->lock);
  return list;
}

unsigned worker_busy(Worker *w) {
  unsigned n = 0;
  pthread_mutex_lock(&w->lock);
  for (GList *l = w->jobs.head; l; l = l->next) {
    const Job *job = l->data;
    if (!job->spec.quiet && is_open(job)) n++;
  }
  pthread_mutex_unlock(&w->lock);
  return n;
}

bool worker_idle(Worker *w) {
  bool idle = true;
  pthread_mutex_lock(&w->lock);
  for (GList *l = w->jobs.head; l && idle; l = l->next) idle = ((Job *)l->data)->delivered;
  pthread_mutex_unlock(&w->lock);
  return idle;
}
