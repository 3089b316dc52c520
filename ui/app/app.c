/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/app.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "ui/desk/services.h"
#include "core/error.h"
#include "ui/app/app_keys.h"
#include "ui/app/app_mouse.h"
#include "ui/app/command_line.h"
#include "ui/app/frame.h"
#include "ui/app/navigation.h"
#include "ui/app/requests.h"
#include "session/history.h"
#include "ui/toolkit/signals.h"

enum {
  BUSY_TICK = 1000,             /* milliseconds between two frames while a job says nothing */
  FRAME_TICK = 50,              /* the same when a number of frames is asked for */
  PASTE_PAUSE = G_USEC_PER_SEC, /* a paste whose end was lost ends when nothing has come for so long */
  EMPTY_READS_MAX = 50          /* a terminal that is ready but never gives a key has gone */
};

static void tell_error(App *app, const char *what, const GError *error) {
  if (error && !g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED))
    ui_tell(&app->ui, STYLE_BAD, "%s: %s", what, error->message);
}

static void take_wood(void *user, Snapshot *wood) {
  App *app = user;
  Snapshot *old = app->ui.wood;
  app->ui.wood = wood;
  app_note_looking(app);
  app_tell_views(app, CHANGED_WOOD);
  engine_drop_wood(&app->ui.engine, old);
}

static void take_experts(void *user, OpenExperts *opened) {
  App *app = user;
  open_experts_unref(app->ui.opened);
  app->ui.opened = opened;
  app_tell_views(app, CHANGED_EXPERTS);
}

static void tell_trouble(void *user, const char *what, const GError *error) { tell_error(user, what, error); }

static const OpeningOps opening_ops = {take_wood, take_experts, tell_trouble};

/* What earlier sessions left goes before what this one has added. */
static bool on_history(gpointer user, guint64 id, gpointer result, const GError *error) {
  App *app = user;
  History *h = result;
  (void)id, (void)error;
  app->ui.history_known = true;
  for (int k = 0; h && k < HISTORY_KINDS; k++) {
    GPtrArray *new = app->ui.history[k];
    for (guint i = 0; i < new->len; i++) history_add(h->lines[k], new->pdata[i]);
    app->ui.history[k] = h->lines[k];
    h->lines[k] = new; /* goes with the rest */
  }
  app_tell_views(app, CHANGED_HISTORY);
  return true;
}

static int size_from(const char *variable) {
  const char *value = getenv(variable);
  gint64 n = value ? g_ascii_strtoll(value, NULL, 10) : 0;
  return n > 0 && n <= 2000 ? (int)n : 0;
}

static bool open_terminal(App *app, const UiOptions *options, bool headless, GError **error) {
  const Config *config = app->ui.config;
  const char *theme = options->theme;
  if (!theme && !g_str_equal(config->theme, "auto")) theme = config->theme;
  TermOptions term = {.theme = theme,
                      .coloured = config->coloured,
                      .looks = config->looks,
                      .ascii = options->ascii || config->ascii,
                      .headless = headless,
                      .uncursed = options->uncursed,
                      .columns = size_from("COLUMNS"),
                      .rows = size_from("LINES")};
  if (!headless) signals_remember_terminal(STDIN_FILENO);
  app->term = term_open(&term, error);
  if (!app->term) return false;
  int columns, rows;
  term_size(app->term, &columns, &rows);
  app->cells = cells_new(columns, rows, term_is_ascii(app->term));
  if (headless) return true;
  gsize n;
  const char *restore = term_restore_bytes(app->term, &n);
  app->signal_fd = signals_start(restore, n, error);
  return app->signal_fd >= 0;
}

static void open_views(App *app) {
  Ui *ui = &app->ui;
  app->keymap = keymap_new();
  config_bind(ui->config, app->keymap, NULL);
  ui->keymap = app->keymap;
  ui->ascii = term_is_ascii(app->term);
  line_edit_init(&ui->prompt.edit, "");
  for (int v = 0; v < VIEW_COUNT; v++) app->views[v] = app_views[v]->open(ui);
}

App *app_new(const UiOptions *options, const EngineOps *ops, bool headless, GError **error) {
  App *app = g_new0(App, 1);
  app->signal_fd = -1;
  app->ui.told = told_new();
  for (int k = 0; k < HISTORY_KINDS; k++) app->ui.history[k] = g_ptr_array_new_with_free_func(g_free);
  app->dirty = true;
  app->tour = -1;
  app->last_key = g_get_monotonic_time();
  app->frames_wanted = options->frames;
  app->ui.config = options->config ? options->config : config_new();
  app->ui.read_only = options->read_only;
  app->ui.engine = (Engine){options->threadless ? worker_new_here() : worker_new(), options->collection, ops};
  if (!app->ui.engine.worker)
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot start a thread: close other programs");
  if (!app->ui.engine.worker || !open_terminal(app, options, headless, error)) {
    app_free(app);
    return NULL;
  }
  open_views(app);
  term_set_mouse(app->term, app->ui.config->mouse);
  g_autofree char *name = g_path_get_basename(ops->root(options->collection));
  g_autofree char *title = g_strdup_printf("copse - %s", name);
  term_title(app->term, title);
  app->opening = (Opening){.engine = &app->ui.engine, .ops = &opening_ops, .user = app};
  engine_history(&app->ui.engine, on_history, app);
  opening_start(&app->opening, OPENING_LOAD);
  return app;
}

/* What the views still want to keep they give to the worker. */
static void close_views(App *app) {
  overlay_close(&app->overlay);
  for (int v = 0; v < VIEW_COUNT; v++)
    if (app->views[v]) app_views[v]->close(g_steal_pointer(&app->views[v]));
}

static void close_terminal(App *app) {
  signals_stop();
  term_close(g_steal_pointer(&app->term));
}

bool app_leave(App *app, int patience_ms, GError **error) {
  close_views(app);
  close_terminal(app); /* who waits for a disk has his shell's screen, and may interrupt */
  if (worker_end(g_steal_pointer(&app->ui.engine.worker), patience_ms)) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
              "a disk or a lock has not answered for %.3g s: what was begun last may not be kept", patience_ms / 1e3);
  return false;
}

void app_free(App *app) {
  if (!app) return;
  close_views(app);
  worker_free(g_steal_pointer(&app->ui.engine.worker));
  for (int k = 0; k < HISTORY_KINDS; k++) g_ptr_array_unref(app->ui.history[k]);
  close_terminal(app);
  cells_free(app->cells);
  line_edit_clear(&app->ui.prompt.edit);
  g_queue_clear_full(&app->ui.asked, (GDestroyNotify)request_free);
  g_clear_pointer(&app->ui.predicted, g_hash_table_unref);
  g_clear_pointer(&app->ui.scores, g_hash_table_unref);
  g_clear_pointer(&app->candidates, g_array_unref);
  listing_free(app->ui.listing);
  ui_menu(&app->ui, NULL);
  config_free(app->ui.config);
  g_free(app->ui.question);
  g_free(app->ui.message);
  g_ptr_array_unref(app->ui.told);
  opening_clear(&app->opening);
  snapshot_unref(app->ui.wood);
  open_experts_unref(app->ui.opened);
  keymap_free(app->keymap);
  g_free(app);
}

/* Does what is due in the views; returns when something is next, 0 for never. */
static gint64 tick(App *app) {
  gint64 now = g_get_monotonic_time(), next = 0;
  for (int v = 0; v < VIEW_COUNT; v++) {
    if (!app_views[v]->tick) continue;
    gint64 due = app_views[v]->tick(&app->ui, app->views[v], now);
    if (due && (!next || due < next)) next = due;
  }
  app_serve(app);
  if (app->overlay.looking) {
    app->dirty = true;
    if (overlay_work(&app->overlay)) next = now;
  }
  return next;
}

bool app_is_idle(App *app) { return tick(app) == 0 && worker_idle(app->ui.engine.worker); }

/* Milliseconds until nobody has pressed a key for too long; -1: that does not matter. */
static gint64 idle_left(const App *app) {
  gint64 limit = (gint64)app->ui.config->idle_minutes * 60 * G_USEC_PER_SEC;
  if (limit == 0) return -1;
  return MAX(limit - (g_get_monotonic_time() - app->last_key), 0) / 1000 + 1;
}

static void leave_when_idle(App *app) {
  gint64 limit = (gint64)app->ui.config->idle_minutes * 60 * G_USEC_PER_SEC;
  if (limit && g_get_monotonic_time() - app->last_key >= limit) app->quit = true;
}

/* The shortest of the caller's patience, the next tick and the pace of frames. */
static int timeout(App *app, int wanted_ms) {
  int ms = wanted_ms;
  gint64 next = tick(app);
  if (next) {
    gint64 until = MAX((next - g_get_monotonic_time()) / 1000 + 1, 0);
    if (ms < 0 || until < ms) ms = (int)until;
  }
  gint64 idle = idle_left(app);
  if (idle >= 0 && (ms < 0 || idle < ms)) ms = (int)MIN(idle, G_MAXINT);
  int pace = app->frames_wanted ? FRAME_TICK : worker_busy(app->ui.engine.worker) ? BUSY_TICK : -1;
  if (pace >= 0 && (ms < 0 || pace < ms)) ms = pace;
  return ms;
}

static void suspend(App *app) {
  if (app->ui.read_only) return;
  term_suspend(app->term);
  app->dirty = true;
}

static void handle_signals(App *app) {
  unsigned events = signals_read();
  if (events & SIGNAL_END) app->quit = true;
  else if (events & SIGNAL_SUSPEND) suspend(app);
  else if (events & SIGNAL_CONTINUE) term_redraw(app->term), app->dirty = true;
}

static void read_keys(App *app) {
  Key key;
  unsigned n = 0;
  for (; !app->quit && (key = term_read(app->term)) != UIKEY_NONE; n++) {
    gint64 now = g_get_monotonic_time();
    app->pasting &= now - app->last_key < PASTE_PAUSE;
    app->last_key = now;
    if (key == UIKEY_MOUSE) app_mouse(app);
    else app_key(app, key);
  }
  app->empty_reads = n ? 0 : app->empty_reads + 1;
  if (app->empty_reads > EMPTY_READS_MAX) app->quit = true;
}

static void handle_terminal(App *app, short events) {
  if (events & (POLLHUP | POLLERR | POLLNVAL)) app->quit = true;
  else if (events & POLLIN) read_keys(app);
}

static void after_jobs(App *app) {
  app_note_looking(app);
  app_tell_views(app, CHANGED_JOBS);
  if (app->quit_when_idle && worker_busy(app->ui.engine.worker) == 0) app->quit = true;
  if (app->asking_quit && worker_busy(app->ui.engine.worker) == 0) app->asking_quit = false;
}

void app_wait(App *app, int timeout_ms) {
  struct pollfd fds[] = {{.fd = worker_fd(app->ui.engine.worker), .events = POLLIN},
                         {.fd = term_fd(app->term), .events = POLLIN},
                         {.fd = app->signal_fd, .events = POLLIN}};
  int ready = poll(fds, G_N_ELEMENTS(fds), timeout(app, timeout_ms));
  if (ready < 0) { /* a signal: curses has a new size for us, perhaps */
    if (errno == EINTR) read_keys(app), app->empty_reads = 0;
    return;
  }
  if (ready == 0 && worker_busy(app->ui.engine.worker)) app->stale = true;
  if (app->frames_wanted) app->dirty = true;
  if (fds[2].revents) handle_signals(app);
  if (fds[1].revents) handle_terminal(app, fds[1].revents);
  if (worker_dispatch(app->ui.engine.worker)) after_jobs(app);
  app_serve(app);
  leave_when_idle(app);
  tick(app);
}

void app_run(App *app) {
  while (!app->quit) {
    app_draw(app);
    if (!app->quit) app_wait(app, -1);
  }
}
