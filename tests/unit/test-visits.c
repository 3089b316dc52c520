/* SPDX-License-Identifier: Apache-2.0 */
/* Visits to the pages Like and Says of a model, as the interface asks for them: how often is the file of
 * representations opened? The kernel counts. */
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "session/model_jobs.h"
#include "tests/unit/expert_fixture.h"

typedef struct {
  bool ended;
  guint rows; /* of the answer */
} Visit;

static bool on_near(gpointer user, guint64 id, gpointer result, const GError *error) {
  Visit *a = user;
  (void)id;
  g_assert_no_error(error);
  *a = (Visit){true, ((const Neighbourhood *)result)->near->len};
  return true;
}

static bool on_opinions(gpointer user, guint64 id, gpointer result, const GError *error) {
  Visit *a = user;
  (void)id;
  g_assert_no_error(error);
  *a = (Visit){true, ((const GPtrArray *)result)->len};
  return true;
}

static guint wait_for(const Engine *engine, Visit *a) {
  struct pollfd fd = {.fd = worker_fd(engine->worker), .events = POLLIN};
  while (!a->ended) {
    if (poll(&fd, 1, 20000) <= 0) g_error("no answer within 20 seconds");
    worker_dispatch(engine->worker);
  }
  return a->rows;
}

static void visit_like(const Engine *engine, Snapshot *wood, OpenExperts *experts, const Model *m) {
  Visit a = {0};
  engine_neighbours(engine, wood, experts, (Model *)m, on_near, &a);
  g_assert_cmpuint(wait_for(engine, &a), ==, 2);
}

static void visit_says(const Engine *engine, Snapshot *wood, OpenExperts *experts, const Model *m) {
  Visit a = {0};
  engine_opinions(engine, wood, experts, (Model *)m, NULL, on_opinions, &a);
  g_assert_cmpuint(wait_for(engine, &a), ==, 1);
}

/* Times that a file of representations was opened since the last call. */
static unsigned opens(int watch) {
  unsigned n = 0;
  char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
  for (ssize_t got; (got = read(watch, buffer, sizeof buffer)) > 0;)
    for (ssize_t at = 0; at < got;) {
      const struct inotify_event *e = (const void *)(buffer + at);
      n += e->len && strstr(e->name, ".rep"); /* or what becomes one */
      at += (ssize_t)(sizeof *e + e->len);
    }
  return n;
}

static int watch_folder(const Fixture *f) {
  g_autofree char *folder = g_build_filename(f->state, "representations", NULL);
  g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
  int watch = inotify_init1(IN_NONBLOCK);
  g_assert_cmpint(watch, >=, 0);
  g_assert_cmpint(inotify_add_watch(watch, folder, IN_OPEN), >=, 0);
  return watch;
}

static void put_three(Fixture *f) {
  put_column(f, "m1.safetensors", "mid", (const float[]){1, 0, 0, 0}, NULL);
  put_column(f, "m2.safetensors", "mid", (const float[]){0.8f, 0.6f, 0, 0}, NULL);
  put_column(f, "m3.safetensors", "mid", (const float[]){0, 1, 0, 0}, NULL);
  scan(f);
  g_autoptr(Expert) x = column_expert(f, "mid", model_at(f, "m1.safetensors"));
  keep_expert(f, x, "one");
}

static void test_no_second_time(Fixture *f, gconstpointer unused) {
  (void)unused;
  put_three(f);
  int watch = watch_folder(f);
  g_autoptr(Worker) worker = worker_new();
  Engine engine = {worker, f->collection, &engine_ops};
  Snapshot *wood = snapshot_load(&engine, NULL, NULL);
  OpenExperts *experts = open_experts_new(&engine, NULL);
  g_assert_true(wood && experts && experts->experts->len == 1);
  const Model *m = wood->models->pdata[1], *other = wood->models->pdata[2];
  visit_like(&engine, wood, experts, m);
  g_assert_cmpuint(opens(watch), >, 0); /* the counter counts */
  visit_like(&engine, wood, experts, m);
  visit_says(&engine, wood, experts, m);
  visit_says(&engine, wood, experts, other);
  visit_like(&engine, wood, experts, other);
  g_assert_true(open_experts_index(experts, &engine, wood, NULL, NULL)); /* a question is no second time either */
  visit_like(&engine, wood, experts, m);
  g_assert_cmpuint(opens(watch), ==, 0);
  /* Who opens the collection again finds the rows made, and opens the file once. */
  OpenExperts *again = open_experts_new(&engine, NULL);
  visit_says(&engine, wood, again, m);
  visit_like(&engine, wood, again, m);
  g_assert_cmpuint(opens(watch), ==, 1);
  open_experts_unref(again);
  open_experts_unref(experts);
  snapshot_unref(wood);
  close(watch);
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  add_test("/visits", "no-second-time", test_no_second_time);
  return g_test_run();
}
