/* SPDX-License-Identifier: Apache-2.0 */
/* Teams whose ranks are threads of this process: what is handed out comes back once, all add up to the same, and an end
 * too early is told to who waits. */
#include <string.h>

#include "core/error.h"
#include "core/team.h"

enum { RANKS = 4, ITEMS = 500 };

/* --- a carrier of messages between threads */

typedef struct {
  GAsyncQueue *box[RANKS]; /* of TeamMail */
  GMutex lock;             /* of what follows */
  float total[8];
  unsigned added[RANKS], fetched[RANKS];
} Hall;

typedef struct {
  Hall *hall;
  unsigned rank;
  float *x;
  size_t n;
  unsigned asked; /* how often whether the sum is there */
} Seat;

static bool hall_send(void *user, unsigned to, unsigned kind, uint64_t item, GBytes *bytes, GError **error) {
  const Seat *s = user;
  (void)error;
  TeamMail *m = g_new(TeamMail, 1);
  *m = (TeamMail){s->rank, kind, item, bytes ? g_bytes_ref(bytes) : NULL};
  g_async_queue_push(s->hall->box[to], m);
  return true;
}

static int hall_poll(void *user, TeamMail *mail, GError **error) {
  const Seat *s = user;
  (void)error;
  g_autofree TeamMail *m = g_async_queue_try_pop(s->hall->box[s->rank]);
  if (m) *mail = *m;
  return m != NULL;
}

static bool hall_sum_begin(void *user, float *x, size_t n, GError **error) {
  Seat *s = user;
  (void)error;
  g_mutex_lock(&s->hall->lock);
  for (size_t i = 0; i < n; i++) s->hall->total[i] += x[i];
  s->hall->added[s->rank]++;
  g_mutex_unlock(&s->hall->lock);
  s->x = x;
  s->n = n;
  return true;
}

/* One sum a hall is enough here. It is there for the leader first. */
static int hall_sum_done(void *user, GError **error) {
  enum { LATE = 200 };
  Seat *s = user;
  (void)error;
  if (s->rank && s->asked++ < LATE) return 0;
  g_mutex_lock(&s->hall->lock);
  bool all = true;
  for (unsigned r = 0; r < RANKS; r++) all &= s->hall->added[r] == 1;
  if (all) memcpy(s->x, s->hall->total, s->n * sizeof *s->x);
  g_mutex_unlock(&s->hall->lock);
  return all;
}

static void hall_free(void *user, bool whole) {
  (void)whole;
  g_free(user);
}

static const TeamOps hall_ops = {hall_send, hall_poll, hall_sum_begin, hall_sum_done, hall_free};

typedef struct {
  Hall *hall;
  unsigned rank;
  void (*play)(Team *team);
} Player;

static gpointer play(gpointer data) {
  const Player *p = data;
  Seat *seat = g_new0(Seat, 1);
  *seat = (Seat){.hall = p->hall, .rank = p->rank};
  Team *team = team_new(&hall_ops, seat, p->rank, RANKS);
  p->play(team);
  team_free(team);
  return NULL;
}

static void play_all(void (*part)(Team *team)) {
  Hall hall = {0};
  Player players[RANKS];
  GThread *threads[RANKS];
  g_mutex_init(&hall.lock);
  for (unsigned r = 0; r < RANKS; r++) hall.box[r] = g_async_queue_new();
  for (unsigned r = 0; r < RANKS; r++) {
    players[r] = (Player){&hall, r, part};
    threads[r] = g_thread_new("rank", play, &players[r]);
  }
  for (unsigned r = 0; r < RANKS; r++) g_thread_join(threads[r]);
  for (unsigned r = 0; r < RANKS; r++) {
    TeamMail *m;
    while ((m = g_async_queue_try_pop(hall.box[r]))) {
      if (m->bytes) g_bytes_unref(m->bytes);
      g_free(m);
    }
    g_async_queue_unref(hall.box[r]);
  }
  g_mutex_clear(&hall.lock);
}

/* --- the parts they play */

typedef struct {
  unsigned rank, taken, told;
  guint8 seen[ITEMS];
} Counting;

static GBytes *square(void *user, size_t item, unsigned thread) {
  const Counting *c = user;
  guint64 out[2] = {item * item, c->rank};
  g_assert_cmpuint(thread, <, 2);
  if (item % 7 == 3) return NULL;
  return g_bytes_new(out, sizeof out);
}

static bool count(void *user, size_t item, GBytes *result, GError **error) {
  Counting *c = user;
  (void)error;
  c->seen[item]++;
  c->taken++;
  g_assert_true((result == NULL) == (item % 7 == 3));
  if (!result) return true;
  guint64 got[2];
  g_assert_cmpuint(g_bytes_get_size(result), ==, sizeof got);
  memcpy(got, g_bytes_get_data(result, NULL), sizeof got);
  g_assert_cmpuint(got[0], ==, item * item);
  return true;
}

static void share_out(Team *team) {
  size_t items[ITEMS];
  for (size_t i = 0; i < ITEMS; i++) items[i] = ITEMS - 1 - i;
  for (int round = 0; round < 3; round++) {
    Counting c = {.rank = team_rank(team)};
    bool leads = team_leads(team);
    TeamWork work = {leads ? items : NULL, leads ? ITEMS : 0, 2, square, count, &c, NULL};
    g_autoptr(GError) error = NULL;
    g_assert_true(team_work(team, &work, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(c.taken, ==, leads ? ITEMS : 0);
    for (size_t i = 0; leads && i < ITEMS; i++) g_assert_cmpuint(c.seen[i], ==, 1);
  }
}

static void add_up(Team *team) {
  float x[3] = {1, (float)team_rank(team), 0.5f};
  g_autoptr(GError) error = NULL;
  g_assert_true(team_sum(team, x, 3, &error));
  g_assert_cmpfloat(x[0], ==, RANKS);
  g_assert_cmpfloat(x[1], ==, RANKS * (RANKS - 1) / 2);
  g_assert_cmpfloat(x[2], ==, RANKS / 2.0f);
  g_autoptr(GBytes) mine = g_bytes_new_static("word", 5);
  g_autoptr(GBytes) got = team_share(team, team_leads(team) ? mine : NULL, &error);
  g_assert_nonnull(got);
  g_assert_cmpstr(g_bytes_get_data(got, NULL), ==, "word");
}

/* Rank 2 ends where the others begin to work. */
static void leave_early(Team *team) {
  if (team_rank(team) == 2) return;
  size_t items[ITEMS] = {0};
  Counting c = {.rank = team_rank(team)};
  for (size_t i = 0; i < ITEMS; i++) items[i] = i;
  TeamWork work = {items, team_leads(team) ? ITEMS : 0, 1, square, count, &c, NULL};
  g_autoptr(GError) error = NULL;
  g_assert_false(team_work(team, &work, &error));
  if (!team_leads(team)) {
    g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED); /* the leader tells */
    return;
  }
  g_assert_error(error, COPSE_ERROR, COPSE_ERROR_STATE);
  g_assert_nonnull(strstr(error->message, "rank 2 ended before the others"));
  g_autoptr(GBytes) none = g_bytes_new(NULL, 0);
  g_assert_false(team_work(team, &work, NULL)); /* and ever after */
}

static bool refuse_tenth(void *user, size_t item, GBytes *result, GError **error) {
  Counting *c = user;
  (void)item;
  (void)result;
  if (++c->taken < 10) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_NOT_STORED, "full");
  return false;
}

/* What the leader cannot take ends the work, not the others. */
static void stop_at_ten(Team *team) {
  size_t items[ITEMS] = {0};
  Counting c = {.rank = team_rank(team)};
  TeamWork work = {items, team_leads(team) ? ITEMS : 0, 1, square, refuse_tenth, &c, NULL};
  g_autoptr(GError) error = NULL;
  bool ok = team_work(team, &work, &error);
  g_assert_true(ok == !team_leads(team));
  if (team_leads(team)) g_assert_error(error, COPSE_ERROR, COPSE_ERROR_NOT_STORED);
  g_assert_cmpuint(c.taken, ==, team_leads(team) ? 10 : 0);
  g_clear_error(&error);
  CancelToken stop;
  cancel_token_init(&stop);
  cancel_token_set(&stop);
  work.take = count;
  work.cancel = team_leads(team) ? &stop : NULL;
  ok = team_work(team, &work, &error);
  g_assert_true(ok == !team_leads(team));
  if (team_leads(team)) g_assert_error(error, COPSE_ERROR, COPSE_ERROR_CANCELLED);
}

static void test_work(void) { play_all(share_out); }
static void test_sum(void) { play_all(add_up); }
static void test_early(void) { play_all(leave_early); }
static void test_stop(void) { play_all(stop_at_ten); }

/* One process alone needs nobody. */
static void test_alone(void) {
  float x = 3;
  g_autoptr(GBytes) mine = g_bytes_new_static("a", 1);
  g_autoptr(GBytes) got = team_share(NULL, mine, NULL);
  g_assert_true(got == mine);
  g_assert_true(team_sum(NULL, &x, 1, NULL) && x == 3);
  g_assert_true(team_leads(NULL) && !team_is_several(NULL) && team_leave(NULL, NULL));
  team_free(NULL);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/team/work", test_work);
  g_test_add_func("/team/sum", test_sum);
  g_test_add_func("/team/early-end", test_early);
  g_test_add_func("/team/stop", test_stop);
  g_test_add_func("/team/alone", test_alone);
  return g_test_run();
}
