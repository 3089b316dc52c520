/* SPDX-License-Identifier: Apache-2.0 */
#include "core/parallel.h"

#include <glib.h>

typedef struct {
  atomic_size_t next;
  atomic_bool stop;
  size_t n;
  ParallelFn body;
  void *user;
  const CancelToken *cancel;
} Loop;

typedef struct {
  Loop *loop;
  unsigned thread;
} Share;

static void *run_share(void *data) {
  Share *share = data;
  Loop *loop = share->loop;
  while (!atomic_load(&loop->stop)) {
    size_t item = atomic_fetch_add(&loop->next, 1);
    if (item >= loop->n) break;
    if (cancel_token_is_set(loop->cancel) || !loop->body(loop->user, item, share->thread))
      atomic_store(&loop->stop, true);
  }
  return NULL;
}

bool parallel_for(size_t n, unsigned threads, ParallelFn body, void *user, const CancelToken *cancel) {
  Loop loop = {.n = n, .body = body, .user = user, .cancel = cancel};
  if (threads < 1) threads = 1;
  if (threads > n) threads = n ? (unsigned)n : 1;
  g_autofree Share *shares = g_new(Share, threads);
  g_autofree GThread **others = g_new0(GThread *, threads);
  for (unsigned t = 0; t < threads; t++) shares[t] = (Share){&loop, t};
  for (unsigned t = 1; t < threads; t++) others[t] = g_thread_new("copse-loop", run_share, &shares[t]);
  run_share(&shares[0]);
  for (unsigned t = 1; t < threads; t++) g_thread_join(others[t]);
  return !atomic_load(&loop.stop);
}

unsigned parallel_processors(void) {
  guint n = g_get_num_processors();
  return n > 0 ? n : 1;
}
