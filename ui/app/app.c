/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/app.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/error.h"
#include "ui/app/app_keys.h"
#include "ui/app/app_mouse.h"
#include "ui/app/command_line.h"
#include "ui/app/frame.h"
#include "session/history.h"
#include "ui/toolkit/pager.h"
#include "ui/toolkit/signals.h"

enum {
  BUSY_TICK = 1000,             /* milliseconds between two frames while a job says nothing */
  FRAME_TICK = 50,              /* the same when a number of frames is asked for */
  PASTE_PAUSE = G_USEC_PER_SEC, /* a paste whose end was lost ends when nothing has come for so long */
  EMPTY_READS_MAX = 50          /* a terminal that is ready but never gives a key has gone */
};

const ViewOps *const app_views[VIEW_COUNT] = {
    [VIEW_FOREST] = &view_forest, [VIEW_QUERY] = &view_query,     [VIEW_EXPERTS] = &view_experts,
    [VIEW_JOBS] = &view_jobs,     [VIEW_MAP] = &view_map,         [VIEW_MODEL] = &view_model,
    [VIEW_DIFF] = &view_diff,     [VIEW_SKIPPED] = &view_skipped, [VIEW_MESSAGES] = &view_messages,
    [VIEW_HELP] = &view_help,
};

static void told_free(gpointer data) {
  g_free(((Told *)data)->text);
  g_free(data);
}

/* Keeps a message; one that is repeated at once is kept once. */
static void keep_told(Ui *ui) {
  enum { MOST = 200 };
  const Told *last = ui->told->len ? ui->told->pdata[ui->told->len - 1] : NULL;
  if (last && g_str_equal(last->text, ui->message)) return;
  if (ui->told->len == MOST) g_ptr_array_remove_index(ui->told, 0);
  Told *one = g_new(Told, 1);
  *one = (Told){ui->message_style, g_strdup(ui->message)};
  g_ptr_array_add(ui->told, one);
}

void ui_tell(Ui *ui, Style style, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_free(ui->message);
  ui->message = g_strdup_vprintf(format, args);
  ui->message_style = style;
  va_end(args);
  keep_told(ui);
}

void ui_prompt(Ui *ui, const char *label, const char *text) {
  ui->prompt.label = label;
  ui->prompt.command = false;
  line_edit_set(&ui->prompt.edit, text);
}

void ui_menu(Ui *ui, Menu *menu) {
  menu_free(ui->menu);
  ui->menu = menu;
}

void ui_target(Ui *ui, Model *target) {
  if (target) model_ref(target);
  g_clear_pointer(&ui->target, model_unref);
  ui->target = target;
}

void app_tell_views(App *app, unsigned what) {
  for (int v = 0; v < VIEW_COUNT; v++)
    if (app_views[v]->changed) app_views[v]->changed(&app->ui, app->views[v], what);
  if (what & ~(unsigned)CHANGED_JOBS) app->dirty = true;
  else app->stale = true;
}

static void tell_error(App *app, const char *what, const GError *error) {
  if (error && !g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED))
    ui_tell(&app->ui, STYLE_BAD, "%s: %s", what, error->message);
}

static void take_wood(App *app, Snapshot *wood) {
  Snapshot *old = app->ui.wood;
  app->ui.wood = wood;
  app_tell_views(app, CHANGED_WOOD);
  engine_drop_wood(&app->ui.engine, old);
}

static bool on_oracle(gpointer user, guint64 id, gpointer result, const GError *error) {
  App *app = user;
  if (id == app->experts_job) app->experts_job = 0;
  tell_error(app, "The experts cannot be opened", error);
  if (!result) return true;
  open_experts_unref(app->ui.oracle);
  app->ui.oracle = result;
  app_tell_views(app, CHANGED_ORACLE);
  return false;
}

/* One job leads to the next, but not when somebody waits to leave. */
static bool may_start(const App *app) { return app->ui.wood && !app->quit_when_idle; }

static void open_experts(App *app) {
  if (may_start(app) && !app->experts_job)
    app->experts_job = engine_open_experts(&app->ui.engine, app->ui.wood, on_oracle, app);
}

static bool on_grown(gpointer user, guint64 id, gpointer result, const GError *error) {
  App *app = user;
  if (id == app->grow_job) app->grow_job = 0;
  tell_error(app, "The forest cannot be grown", error);
  if (result) take_wood(app, result);
  open_experts(app);
  return false;
}

static void grow(App *app) {
  if (may_start(app) && !app->grow_job) app->grow_job = engine_grow(&app->ui.engine, app->ui.wood, on_grown, app);
}

static bool on_scanned(gpointer user, guint64 id, gpointer result, const GError *error) {
  App *app = user;
  if (id == app->scan_job) app->scan_job = 0;
  app->ui.looking = app->scan_job != 0;
  tell_error(app, "The collection cannot be scanned", error);
  if (result) take_wood(app, result);
  grow(app);
  return false;
}

static void scan(App *app) {
  if (!app->quit_when_idle && !app->scan_job && !app->grow_job)
    app->scan_job = engine_scan(&app->ui.engine, on_scanned, app);
  app->ui.looking = app->scan_job != 0;
}

static bool on_loaded(gpointer user, guint64 id, gpointer result, const GError *error) {
  App *app = user;
  (void)id;
  tell_error(app, "The catalog cannot be read", error);
  if (result) take_wood(app, result);
  scan(app);
  return false;
}

static void show_page(App *app) {
  g_autoptr(GError) error = NULL;
  if (app->ui.read_only) ui_tell(&app->ui, STYLE_WARN, "No pager in a read-only session");
  else if (!pager_run(app->term, app->ui.page_text, &error)) tell_error(app, "No page", error);
  g_clear_pointer(&app->ui.page_text, g_free);
  app->dirty = true;
}

/* What views have asked for. */
static void start_wanted(App *app) {
  unsigned wanted = app->ui.wanted;
  app->ui.wanted = 0;
  if (wanted & WANT_SCAN) scan(app);
  if (wanted & WANT_EXPERTS) open_experts(app);
  if (wanted & WANT_PAGER) show_page(app);
  if (wanted & WANT_SAID) app_tell_views(app, CHANGED_SAID);
  if (wanted & WANT_SCORES) app_tell_views(app, CHANGED_SCORES);
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
  app->ui.told = g_ptr_array_new_with_free_func(told_free);
  app->dirty = true;
  app->tour = -1;
  app->last_key = g_get_monotonic_time();
  app->frames_wanted = options->frames;
  app->ui.config = options->config ? options->config : config_new();
  app->ui.read_only = options->read_only;
  app->ui.engine = (Engine){worker_new(), options->collection, ops};
  if (!app->ui.engine.worker) g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_IO, "cannot start a thread");
  if (!app->ui.engine.worker || !open_terminal(app, options, headless, error)) {
    app_free(app);
    return NULL;
  }
  open_views(app);
  term_set_mouse(app->term, app->ui.config->mouse);
  g_autofree char *name = g_path_get_basename(ops->root(options->collection));
  g_autofree char *title = g_strdup_printf("copse - %s", name);
  term_title(app->term, title);
  engine_load(&app->ui.engine, on_loaded, app);
  return app;
}

void app_free(App *app) {
  if (!app) return;
  worker_free(g_steal_pointer(&app->ui.engine.worker));
  for (int v = 0; v < VIEW_COUNT; v++)
    if (app->views[v]) app_views[v]->close(app->views[v]);
  signals_stop();
  term_close(app->term);
  cells_free(app->cells);
  line_edit_clear(&app->ui.prompt.edit);
  ui_target(&app->ui, NULL);
  g_clear_pointer(&app->ui.other, model_unref);
  g_clear_pointer(&app->ui.to_tag, g_ptr_array_unref);
  g_clear_pointer(&app->ui.said, g_hash_table_unref);
  g_clear_pointer(&app->ui.scores, g_hash_table_unref);
  g_clear_pointer(&app->commands, g_ptr_array_unref);
  g_clear_pointer(&app->candidates, g_array_unref);
  if (app->ui.copy) g_string_free(app->ui.copy, TRUE);
  ui_menu(&app->ui, NULL);
  config_free(app->ui.config);
  g_free(app->ui.question);
  g_free(app->ui.page_text);
  g_free(app->ui.message);
  g_free(app->ui.status_before);
  g_ptr_array_unref(app->ui.told);
  snapshot_unref(app->ui.wood);
  open_experts_unref(app->ui.oracle);
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
  app->dirty |= app->ui.redraw;
  app->ui.redraw = false;
  return next;
}

bool app_is_idle(App *app) { return worker_idle(app->ui.engine.worker) && !app->ui.wanted && tick(app) == 0; }

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
  start_wanted(app);
  leave_when_idle(app);
  tick(app);
}

void app_resize(App *app, int columns, int rows) {
  term_resize(app->term, columns, rows);
  app->dirty = true;
}

/* On a slow line, progress alone is worth a frame once a second. */
static bool is_due(const App *app) {
  if (app->dirty || !app->stale) return app->dirty;
  bool hold = app->ui.config->slow && worker_busy(app->ui.engine.worker);
  return !hold || g_get_monotonic_time() - app->last_frame >= G_USEC_PER_SEC;
}

void app_draw(App *app) {
  if (!is_due(app)) return;
  app->dirty = app->stale = false;
  app->last_frame = g_get_monotonic_time();
  int columns, rows;
  term_size(app->term, &columns, &rows);
  if (columns != app->cells->columns || rows != app->cells->rows) cells_resize(app->cells, columns, rows);
  app->ui.mono = term_scheme(app->term) == SCHEME_MONO;
  frame_draw(app, app->cells);
  term_paint(app->term, app->cells);
  app->frames++;
  if (app->frames_wanted && app->frames >= app->frames_wanted) app->quit = true;
}

void app_run(App *app) {
  while (!app->quit) {
    app_draw(app);
    if (!app->quit) app_wait(app, -1);
  }
}
