/* SPDX-License-Identifier: Apache-2.0 */
#include "core/team.h"

#include "core/error.h"

/* What messages are: of a worker that it comes to the work (item: how many items it takes at once), that an item is done,
 * that the rank ended; of the leader an item, that there is none left, that all are done, bytes for all, the end. */
typedef enum {
  MAIL_READY = 1,
  MAIL_DONE,
  MAIL_GONE,
  MAIL_ITEM,
  MAIL_NO_ITEM,
  MAIL_ROUND,
  MAIL_SHARED,
  MAIL_END
} MailKind;

struct Team {
  const TeamOps *ops;
  void *user;
  unsigned rank, size;
  bool ended;                /* the leader sent its last word */
  bool torn;                 /* a sum was begun that not all will come to, or nothing comes through */
  unsigned gone, first_gone; /* how many ranks ended, and which first; the leader's */
  gint64 last_met;           /* when a message last came: waits are short after that */
  GQueue kept;               /* of TeamMail: came while this rank still added up, for what follows */
};

Team *team_new(const TeamOps *ops, void *user, unsigned rank, unsigned size) {
  Team *t = g_new0(Team, 1);
  *t = (Team){.ops = ops, .user = user, .rank = rank, .size = size};
  return t;
}

unsigned team_rank(const Team *t) { return t ? t->rank : 0; }

unsigned team_size(const Team *t) { return t ? t->size : 1; }

/* The leader's end is no news: it has told what there is to tell. */
static bool fail_gone(unsigned from, GError **error) {
  if (error && !*error)
    g_set_error(error, COPSE_ERROR, from ? COPSE_ERROR_STATE : COPSE_ERROR_CANCELLED,
                "rank %u ended before the others; what was reported done is kept, and the same command goes on from "
                "there",
                from);
  return false;
}

/* 1 with a message, 0 none yet, -1 with an error. Notes who ended. */
static int poll_mail(Team *t, TeamMail *mail, GError **error) {
  *mail = (TeamMail){0};
  int got = t->ops->poll(t->user, mail, error);
  if (got < 0) t->torn = true;
  if (got <= 0) return got;
  t->last_met = g_get_monotonic_time();
  t->ended |= mail->kind == MAIL_END;
  if (mail->kind == MAIL_GONE && !t->gone++) t->first_gone = mail->from;
  return 1;
}

/* The same where another rank's end is an error, now and ever after. */
static int fresh_mail(Team *t, TeamMail *mail, GError **error) {
  int got = poll_mail(t, mail, error);
  if (got < 0 || !(t->ended || t->gone)) return got;
  g_clear_pointer(&mail->bytes, g_bytes_unref);
  fail_gone(t->first_gone, error);
  return -1;
}

/* The same; what was kept comes first. */
static int next_mail(Team *t, TeamMail *mail, GError **error) {
  g_autofree TeamMail *kept = g_queue_pop_head(&t->kept);
  if (!kept) return fresh_mail(t, mail, error);
  *mail = *kept;
  return 1;
}

static void mail_free(gpointer data) {
  TeamMail *mail = data;
  g_clear_pointer(&mail->bytes, g_bytes_unref);
  g_free(mail);
}

/* Microseconds to wait for the next message: little after the last one came. */
static guint64 patience(const Team *t) {
  gint64 idle = g_get_monotonic_time() - t->last_met;
  return (guint64)CLAMP(idle / 8, 20, 2000);
}

/* Sleeps rather than spins: most often another process works on this processor meanwhile. */
static void pause_a_little(const Team *t) { g_usleep((gulong)patience(t)); }

static bool send_mail(Team *t, unsigned to, MailKind kind, uint64_t item, GBytes *bytes, GError **error) {
  if (t->ops->send(t->user, to, kind, item, bytes, error)) return true;
  t->torn = true;
  return false;
}

void team_free(Team *t) {
  if (!t) return;
  if (t->rank) send_mail(t, 0, MAIL_GONE, 0, NULL, NULL);
  for (unsigned r = 1; t->rank == 0 && r < t->size; r++) send_mail(t, r, MAIL_END, 0, NULL, NULL);
  bool torn = t->torn;
  while (t->rank ? !t->ended : t->gone + 1 < t->size) {
    TeamMail mail;
    int got = poll_mail(t, &mail, NULL);
    g_clear_pointer(&mail.bytes, g_bytes_unref);
    if (got == 0) pause_a_little(t);
    else if (got < 0) break; /* nothing comes through any more */
  }
  t->ops->free(t->user, !torn);
  g_queue_clear_full(&t->kept, mail_free);
  g_free(t);
}

GBytes *team_share(Team *t, GBytes *mine, GError **error) {
  if (!team_is_several(t)) return g_bytes_ref(mine);
  for (unsigned r = 1; t->rank == 0 && r < t->size; r++)
    if (!send_mail(t, r, MAIL_SHARED, 0, mine, error)) return NULL;
  if (t->rank == 0) return g_bytes_ref(mine);
  for (;;) {
    TeamMail mail;
    int got = next_mail(t, &mail, error);
    if (got < 0) return NULL;
    if (got == 0) pause_a_little(t);
    else if (mail.kind == MAIL_SHARED) return mail.bytes ? mail.bytes : g_bytes_new(NULL, 0);
    else g_clear_pointer(&mail.bytes, g_bytes_unref);
  }
}

/* Looks for who ended while all add up. Some have the sum before others, and what they say then is about what follows: it
 * is kept; once a rank hears its leader say something its own sum is sure to come. */
static bool listen_aside(Team *t, GError **error) {
  TeamMail mail;
  if (t->rank && !g_queue_is_empty(&t->kept)) return true;
  int got = fresh_mail(t, &mail, error);
  if (got > 0) g_queue_push_tail(&t->kept, g_memdup2(&mail, sizeof mail));
  return got >= 0;
}

bool team_sum(Team *t, float *x, size_t n, GError **error) {
  if (!team_is_several(t) || n == 0) return true;
  if (!t->ops->sum_begin(t->user, x, n, error)) return t->torn = true, false;
  for (unsigned tries = 0;; tries++) {
    int done = t->ops->sum_done(t->user, error);
    if (done > 0) return true;
    if (done < 0 || (tries % 16 == 15 && !listen_aside(t, error))) return t->torn = true, false;
    if (tries < 64) g_thread_yield();
    else g_usleep(40); /* where ranks share a processor, whoever waits must make room */
  }
}

bool team_leave(const Team *t, GError **error) {
  if (team_leads(t)) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_CANCELLED, "the first rank goes on alone");
  return false;
}

/* --- items ---------------------------------------------------------------------------------------- */

typedef struct {
  size_t item;
  GBytes *bytes;
} Outcome;

/* One rank's part of the work. */
typedef struct {
  Team *team;
  const TeamWork *work;
  GAsyncQueue *todo, *done; /* of Outcome: items that threads take, and what they made of them */
  GPtrArray *threads;
  size_t next;         /* of the leader's items */
  size_t given, taken; /* the leader's: items handed out, results taken */
  size_t here;         /* items that this rank holds */
  unsigned ready;      /* the leader's: workers that came */
  unsigned askings;    /* of a worker: items it may still get; of the leader: what the workers may still get */
  bool stopped;
} Round;

typedef struct {
  Round *round;
  unsigned thread;
} Hand;

static Outcome *outcome_new(size_t item) {
  Outcome *o = g_new0(Outcome, 1);
  o->item = item;
  return o;
}

static void outcome_free(Outcome *o) {
  if (o->bytes) g_bytes_unref(o->bytes);
  g_free(o);
}

enum { NO_MORE = -1 }; /* as an item: the thread ends */

static gpointer work_on(gpointer data) {
  g_autofree Hand *hand = data;
  Round *r = hand->round;
  for (;;) {
    Outcome *o = g_async_queue_pop(r->todo);
    bool end = o->item == (size_t)NO_MORE;
    if (end) outcome_free(o);
    if (end) return NULL;
    o->bytes = r->work->work(r->work->user, o->item, hand->thread);
    g_async_queue_push(r->done, o);
  }
}

static void round_begin(Round *r) {
  r->todo = g_async_queue_new();
  r->done = g_async_queue_new();
  r->threads = g_ptr_array_new();
  for (unsigned k = 0; k < MAX(r->work->threads, 1U); k++) {
    Hand *hand = g_new(Hand, 1);
    *hand = (Hand){r, k};
    GThread *thread = g_thread_try_new("copse-rank", work_on, hand, NULL);
    if (thread) g_ptr_array_add(r->threads, thread);
    else g_free(hand);
  }
}

static void round_end(Round *r) {
  for (guint k = 0; k < r->threads->len; k++) g_async_queue_push_front(r->todo, outcome_new((size_t)NO_MORE));
  for (guint k = 0; k < r->threads->len; k++) g_thread_join(r->threads->pdata[k]);
  Outcome *o;
  while ((o = g_async_queue_try_pop(r->todo))) outcome_free(o);
  while ((o = g_async_queue_try_pop(r->done))) outcome_free(o);
  g_async_queue_unref(r->todo);
  g_async_queue_unref(r->done);
  g_ptr_array_unref(r->threads);
}

/* What a thread made; where no thread could be had, made here and now. */
static Outcome *next_outcome(Round *r) {
  Outcome *o = g_async_queue_try_pop(r->done);
  if (o || r->threads->len) return o;
  o = g_async_queue_try_pop(r->todo);
  if (o) o->bytes = r->work->work(r->work->user, o->item, 0);
  return o;
}

/* Waits for a message, or until one of the threads is done with its item. */
static void pause_at_work(const Round *r) {
  enum { WORTH_A_LOOK = 200 }; /* microseconds: an item is a matter of milliseconds, and looks cost the threads time */
  if (!r->threads->len) {
    pause_a_little(r->team);
    return;
  }
  Outcome *o = g_async_queue_timeout_pop(r->done, MAX(patience(r->team), (guint64)WORTH_A_LOOK));
  if (o) g_async_queue_push_front(r->done, o);
}

/* Items that a rank holds: one in each hand, and one to go on with at once. */
static size_t most_held(const Round *r) { return MAX((size_t)r->threads->len, 1) + 1; }

static void keep_here(Round *r, size_t item) {
  r->here++;
  g_async_queue_push(r->todo, outcome_new(item));
}

/* --- the leader */

/* After the first failure the results that still come in are dropped. */
static void take(Round *r, size_t item, GBytes *bytes, GError **error) {
  r->taken++;
  if (!r->stopped) r->stopped = !r->work->take(r->work->user, item, bytes, error);
}

/* The item handed out next. */
static size_t next_item(Round *r) {
  size_t at = r->next++;
  r->given++;
  return r->work->items ? r->work->items[at] : at;
}

/* A worker asks for an item. */
static bool answer(Round *r, unsigned rank, GError **error) {
  bool more = !r->stopped && r->next < r->work->n;
  if (!more) {
    r->askings--;
    return send_mail(r->team, rank, MAIL_NO_ITEM, 0, NULL, error);
  }
  return send_mail(r->team, rank, MAIL_ITEM, next_item(r), NULL, error);
}

static bool lead_mail(Round *r, const TeamMail *mail, GError **error) {
  if (mail->kind == MAIL_READY) {
    r->ready++;
    r->askings += (unsigned)mail->item;
    for (uint64_t k = 0; k < mail->item; k++)
      if (!answer(r, mail->from, error)) return false;
  } else if (mail->kind == MAIL_DONE) {
    take(r, mail->item, mail->bytes, error);
    return answer(r, mail->from, NULL) || fail_gone(mail->from, error);
  }
  return true;
}

/* Items that the leader holds: near the end none to go on with, so that whoever is free gets it. */
static size_t most_led(const Round *r) {
  bool near = r->work->n - r->next <= r->team->size * most_held(r);
  return near ? most_held(r) - 1 : most_held(r);
}

/* True when there was something to do. */
static bool lead_own(Round *r, GError **error) {
  while (!r->stopped && r->next < r->work->n && r->here < most_led(r)) keep_here(r, next_item(r));
  Outcome *o = next_outcome(r);
  if (!o) return false;
  r->here--;
  take(r, o->item, o->bytes, error);
  outcome_free(o);
  return true;
}

static bool all_is_done(const Round *r) {
  bool handed = r->stopped || r->next == r->work->n;
  return handed && r->taken == r->given && r->ready + 1 == r->team->size && r->askings == 0;
}

static bool lead(Round *r, GError **error) {
  g_autoptr(GError) problem = NULL; /* the first of take() */
  while (!all_is_done(r)) {
    TeamMail mail;
    int got = next_mail(r->team, &mail, error);
    if (cancel_token_is_set(r->work->cancel)) r->stopped = true;
    bool ok = got == 0 || (got > 0 && lead_mail(r, &mail, &problem));
    g_clear_pointer(&mail.bytes, g_bytes_unref);
    if (!ok && got > 0) g_propagate_error(error, g_steal_pointer(&problem));
    if (!ok) return false;
    if (!lead_own(r, &problem) && got == 0) pause_at_work(r);
  }
  for (unsigned k = 1; k < r->team->size; k++)
    if (!send_mail(r->team, k, MAIL_ROUND, 0, NULL, error)) return false;
  if (problem) g_propagate_error(error, g_steal_pointer(&problem));
  else if (r->stopped) g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_CANCELLED, "cancelled");
  return !r->stopped;
}

/* --- the others */

static void serve_mail(Round *r, const TeamMail *mail) {
  if (mail->kind == MAIL_ITEM) keep_here(r, mail->item);
  if (mail->kind == MAIL_NO_ITEM) r->askings--;
  if (mail->kind == MAIL_ROUND) r->stopped = true;
}

/* To the round's end and not only to that of its own items: who left before would be missed. */
static bool serve(Round *r, GError **error) {
  r->askings = (unsigned)most_held(r);
  if (!send_mail(r->team, 0, MAIL_READY, r->askings, NULL, error)) return false;
  while (!r->stopped || r->askings || r->here) {
    TeamMail mail;
    int got = next_mail(r->team, &mail, error);
    if (got < 0) return false;
    if (got > 0) serve_mail(r, &mail);
    if (got > 0) g_clear_pointer(&mail.bytes, g_bytes_unref);
    Outcome *o = next_outcome(r);
    bool sent = !o || send_mail(r->team, 0, MAIL_DONE, o->item, o->bytes, error);
    if (o) r->here--, outcome_free(o);
    if (!sent) return false;
    if (!o && got == 0) pause_at_work(r);
  }
  return true;
}

bool team_work(Team *t, const TeamWork *work, GError **error) {
  Round r = {.team = t, .work = work};
  round_begin(&r);
  t->last_met = g_get_monotonic_time();
  bool ok = t->rank == 0 ? lead(&r, error) : serve(&r, error);
  round_end(&r);
  return ok;
}
