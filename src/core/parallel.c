/* SPDX-License-Identifier: Apache-2.0 */
#include "core/parallel.h"

#include <glib.h>

#include "core/thread_stack.h"

typedef struct {
  atomic_size_t next;
  atomic_bool stop;
  atomic_uint ended; /* shares of other threads that are done */
  size_t n;
  ParallelFn body;
  void *user;
  const CancelToken *cancel;
} Loop;

typedef struct {
  Loop *loop;
  unsigned thread;
} Share;

static void run_share(gpointer data, gpointer unused) {
  Share *share = data;
  Loop *loop = share->loop;
  (void)unused;
  thread_stack_ensure();
  while (!atomic_load(&loop->stop)) {
    size_t item = atomic_fetch_add(&loop->next, 1);
    if (item >= loop->n) break;
    if (cancel_token_is_set(loop->cancel) || !loop->body(loop->user, item, share->thread))
      atomic_store(&loop->stop, true);
  }
  atomic_fetch_add(&loop->ended, 1);
}

static gpointer end_at_once(gpointer data) { return data; }

/* GLib starts the thread that starts its shared ones on first need, and ends the program when it cannot: where a user's
 * threads are all in use, one is tried before. */
static bool threads_can_be_had(void) {
  if (g_thread_pool_get_num_unused_threads() > 0) return true;
  GThread *probe = g_thread_try_new("copse-probe", end_at_once, NULL, NULL);
  if (probe) g_thread_join(probe);
  return probe != NULL;
}

/* Shares are handed to threads that GLib keeps between loops: to start them anew would cost each loop some hundred
 * microseconds. One for which there is no thread stays in the queue and is dropped: the others take its items. */
static void run_shared(Share *shares, unsigned threads) {
  GThreadPool *pool =
      threads > 1 && threads_can_be_had() ? g_thread_pool_new(run_share, NULL, (int)threads, FALSE, NULL) : NULL;
  if (pool) g_thread_pool_set_max_unused_threads((int)threads);
  for (unsigned t = 1; pool && t < threads; t++) g_thread_pool_push(pool, &shares[t], NULL);
  run_share(&shares[0], NULL);
  if (pool) g_thread_pool_free(pool, TRUE, TRUE);
  (void)atomic_load(&shares[0].loop->ended); /* all that they wrote is seen from here on */
}

bool parallel_for(size_t n, unsigned threads, ParallelFn body, void *user, const CancelToken *cancel) {
  Loop loop = {.n = n, .body = body, .user = user, .cancel = cancel};
  if (threads < 1) threads = 1;
  if (threads > n) threads = n ? (unsigned)n : 1;
  g_autofree Share *shares = g_new(Share, threads);
  for (unsigned t = 0; t < threads; t++) shares[t] = (Share){&loop, t};
  run_shared(shares, threads);
  return !atomic_load(&loop.stop);
}

unsigned parallel_processors(void) {
  guint n = g_get_num_processors();
  return n > 0 ? n : 1;
}
