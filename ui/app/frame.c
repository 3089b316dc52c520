/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/frame.h"

#include <string.h>

#include "core/text.h"
#include "ui/app/command_line.h"
#include "ui/toolkit/glyph.h"
#include "ui/desk/job_text.h"
#include "ui/toolkit/paint.h"
#include "ui/app/navigation.h"
#include "ui/app/tour.h"

/* From WIDE_FROM columns on every view that a digit leads to has its name in the title; below, what is not there is named
 * by its digits. */
enum { LEAST_COLUMNS = 30, LEAST_ROWS = 6, TABS_FROM = 64, WIDE_FROM = 112, KEYS_FROM = 7 };

static void draw_too_small(Cells *cells) {
  g_autofree char *text =
      g_strdup_printf("copse needs %d x %d, this is %d x %d", LEAST_COLUMNS, LEAST_ROWS, cells->columns, cells->rows);
  paint_wrapped(cells, 0, 0, cells->columns, cells->rows, STYLE_TEXT, text);
}

/* "41 % sketching: Growing the forest": the share is the phase's, so that both are told, unless the title begins with
 * the phase. NULL when nothing runs. The caller frees it. */
static char *activity(const App *app) {
  JobStatus job = {0};
  if (!job_current(app->ui.engine.worker, &job)) return NULL;
  g_autofree char *amount = job_amount(&job);
  /* The share comes first, so that a narrow screen cuts the title and not the share. */
  const char *phase = *amount && !job.cancelling ? job.note.phase : NULL;
  bool named = phase && g_ascii_strncasecmp(job.title, phase, strlen(phase)) != 0;
  char *text = g_strdup_printf("%s %s%s%s", amount, named ? phase : "", named ? ": " : "",
                               job.cancelling ? "cancelling" : job.title);
  g_strchug(text);
  job_status_clear(&job);
  return text;
}

/* The digit that leads to a view, 0: none. */
static char view_digit(ViewId v) {
  if (v < VIEW_MODEL) return (char)('1' + v);
  return v >= VIEW_DUPLICATES && v <= VIEW_CONFLICTS ? (char)('1' + VIEW_MODEL + v - VIEW_DUPLICATES) : '\0';
}

/* Of one view; while one types, digits are text. Returns the columns it took. */
static int draw_tab(App *app, Cells *cells, int x, ViewId v, bool numbered) {
  char text[32], digit = app_context(app) & IN_TYPING ? ' ' : view_digit(v);
  if (numbered) g_snprintf(text, sizeof text, " %c %s ", digit, app_views[v]->name);
  else g_snprintf(text, sizeof text, " %s ", app_views[v]->name);
  app->tabs[v] = x;
  return cells_put(cells, x, 0, cells->columns - x, v == app->current ? STYLE_SELECTED : STYLE_TAB, text);
}

/* The tabs of the views that have a digit, and of the one that was opened from them. */
static int draw_tabs(App *app, Cells *cells, int x) {
  bool wide = cells->columns >= WIDE_FROM;
  for (int v = 0; v < VIEW_COUNT; v++) {
    bool main = v < VIEW_MODEL || (wide && view_digit((ViewId)v));
    app->tabs[v] = -1;
    if (main && (v == (int)app->current || cells->columns >= TABS_FROM)) x += draw_tab(app, cells, x, (ViewId)v, true);
  }
  if (app->tabs[app->current] < 0) x += draw_tab(app, cells, x, app->current, false);
  app->tabs[VIEW_COUNT] = x;
  return x;
}

/* The digits of the views whose names have no room; what runs needs the room more. */
static int draw_more(const App *app, Cells *cells, int x) {
  bool room = cells->columns >= TABS_FROM && cells->columns < WIDE_FROM && app->current < VIEW_MODEL;
  if (!room || app_context(app) & IN_TYPING) return 0;
  return cells_put(cells, x, 0, cells->columns - x, STYLE_TAB, " 6 7 8 more ");
}

/* The collection's folder, the user's home as "~". The caller frees it. */
static char *root_text(const App *app) {
  const char *root = app->ui.engine.ops->root(app->ui.engine.collection), *home = g_get_home_dir();
  size_t n = strlen(home);
  g_autofree char *shown = g_filename_display_name(root);
  bool inside = n > 1 && strncmp(root, home, n) == 0 && root[n] == '/' && g_str_has_prefix(shown, home);
  return inside ? g_strconcat("~", shown + n, NULL) : g_steal_pointer(&shown);
}

static void draw_title(App *app, Cells *cells) {
  bool named = cells->columns < TABS_FROM || cells->columns >= WIDE_FROM;
  int x = 1 + (named ? cells_put(cells, 1, 0, cells->columns - 1, STYLE_TITLE, "copse") + 1 : 0);
  g_autofree char *busy = activity(app);
  x = draw_tabs(app, cells, x);
  if (!busy) x += draw_more(app, cells, x);
  x += 2;
  g_autofree char *root = root_text(app);
  int room = cells->columns - x - 1;
  if (room < 4) return;
  /* Of a path the end says most. */
  const char *text = busy ? busy : root;
  int width = MIN(room, text_width(text));
  if (busy) paint_left(cells, cells->columns - 1 - width, 0, width, STYLE_TITLE, text);
  else paint_tail(cells, cells->columns - 1 - width, 0, width, STYLE_DIM, text);
}

/* A message takes as many rows above the status line as it needs, up to half the screen. */
static void draw_message(const App *app, Cells *cells, int y) {
  const Ui *ui = &app->ui;
  int columns = cells->columns - 2, most = MAX(cells->rows / 2, 1);
  int needed = text_rows(ui->message, columns), rows = CLAMP(needed, 1, most);
  Rect area = {0, y - rows + 1, cells->columns, rows};
  cells_fill(cells, area, STYLE_TEXT);
  paint_wrapped(cells, 1, area.y, columns, rows, ui->message_style, ui->message);
  if (needed <= rows) return;
  g_autofree char *key = keymap_label(app->keymap, ACTION_MESSAGES, IN_FOREST, 1);
  g_autofree char *more = g_strdup_printf(" %s shows all", key);
  cells_put_right(cells, cells->columns - 1, y, columns, STYLE_KEY, more);
}

/* The line that is being typed, and what the view says of it. */
static void draw_prompt(const App *app, Cells *cells, int y) {
  const Ui *ui = &app->ui;
  const ViewOps *ops = app_views[app->current];
  bool asks = !ui->prompt.command && ops->prompt_note;
  g_autofree char *note = asks ? ops->prompt_note(ui, app->views[app->current]) : NULL;
  int x = 1 + cells_put(cells, 1, y, cells->columns - 2, STYLE_KEY, ui->prompt.label);
  int end = cells->columns - 1;
  if (note && x + text_width(note) + 12 < end)
    end -= text_width(note) + 1, cells_put(cells, end + 1, y, cells->columns - end - 1, STYLE_DIM, note);
  line_edit_draw(&ui->prompt.edit, cells, x, y, end - x, STYLE_INPUT);
}

static void draw_status(const App *app, Cells *cells, int y) {
  const Ui *ui = &app->ui;
  int columns = cells->columns - 2;
  if (ui->prompt.label) {
    draw_prompt(app, cells, y);
    return;
  }
  if (ui->message) {
    draw_message(app, cells, y);
    return;
  }
  if (app->quit_when_idle) {
    paint_left(cells, 1, y, columns, STYLE_WARN, "Quitting when the jobs have ended; Q quits at once");
    return;
  }
  const ViewOps *ops = app_views[app->current];
  if (!ops->status) return;
  g_autofree char *text = ops->status(ui, app->views[app->current]);
  paint_left(cells, 1, y, columns, STYLE_DIM, text);
}

/* "k word" from column x; returns the columns it took, 0 when there is no room for all of it. */
static int draw_hint(const App *app, Cells *cells, int x, int y, int end, Action action, unsigned context) {
  const char *word = action_info(action)->hint;
  g_autofree char *keys = keymap_label(app->keymap, action, context, 1);
  int width = text_width(keys) + 1 + text_width(word);
  if (!*keys || !*word || x + width > end) return 0;
  x += cells_put(cells, x, y, end - x, STYLE_KEY, keys) + 1;
  cells_put(cells, x, y, end - x, STYLE_HINT, word);
  return width + 2;
}

static bool is_right_hint(Action action) {
  return action == ACTION_HELP || action == ACTION_QUIT || action == ACTION_LEAVE;
}

/* One hint of those that stand at the right end whatever else there is room for. */
typedef struct {
  char *keys; /* owned */
  const char *word;
} RightHint;

/* They depend on the place: how to leave it, or help and quit. Returns how many there are. */
static int right_hints(const App *app, unsigned context, RightHint hints[3]) {
  int n = 0;
  const Keymap *keys = app->keymap;
  if (context & (IN_TYPING | IN_MENU | IN_TOUR)) {
    g_autofree char *first = keymap_label(keys, ACTION_VIEW_FOREST, context, 1);
    if (*first) hints[n++] = (RightHint){g_strdup_printf("%s..%d", first, (int)VIEW_DIGITS), "views"};
    hints[n++] = (RightHint){keymap_label(keys, ACTION_LEAVE, context, 1), action_info(ACTION_LEAVE)->hint};
    return n;
  }
  if (context == IN_QUIT) return 0;
  if (app->trail_length) hints[n++] = (RightHint){keymap_label(keys, ACTION_LEAVE, context, 1), "back"};
  hints[n++] = (RightHint){keymap_label(keys, ACTION_HELP, context, 1), action_info(ACTION_HELP)->hint};
  hints[n++] = (RightHint){keymap_label(keys, ACTION_QUIT, context, 1), action_info(ACTION_QUIT)->hint};
  return n;
}

/* Returns where they begin. */
static int draw_right_hints(const App *app, Cells *cells, int y, unsigned context) {
  RightHint hints[3];
  int n = right_hints(app, context, hints), x = cells->columns;
  for (int i = n; i-- > 0;) {
    int width = text_width(hints[i].keys) + 1 + text_width(hints[i].word);
    x -= width + (i == n - 1 ? 1 : 2);
    int at = x + cells_put(cells, x, y, width, STYLE_KEY, hints[i].keys) + 1;
    cells_put(cells, at, y, cells->columns - at, STYLE_HINT, hints[i].word);
    g_free(hints[i].keys);
  }
  return x - 1;
}

static void draw_hints(const App *app, Cells *cells, int y) {
  unsigned context = app_context(app);
  int end = draw_right_hints(app, cells, y, context), x = 1;
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
    if ((action_info(a)->contexts & context) && !is_right_hint(a)) x += draw_hint(app, cells, x, y, end, a, context);
}

/* What may follow what is typed in the command line, the last ones nearest to it. */
static void draw_candidates(const App *app, Cells *cells, Rect area) {
  enum { SHOWN = 10 };
  const GArray *all = app->ui.prompt.command ? app->candidates : NULL;
  int n = all ? MIN((int)all->len, MIN((int)SHOWN, area.rows)) : 0;
  int first = CLAMP(app->candidate_at - SHOWN + 1, 0, MAX((all ? (int)all->len : 0) - n, 0));
  int y = area.y + area.rows - n, columns = 0, helps = 0;
  for (int i = 0; i < n; i++) {
    const Candidate *c = &g_array_index(all, Candidate, first + i);
    columns = MAX(columns, text_width(c->word)), helps |= c->help != NULL;
  }
  columns = MIN(columns + 2, area.columns);
  int width = helps ? area.columns : columns;
  for (int i = 0; i < n; i++, y++) {
    const Candidate *c = &g_array_index(all, Candidate, first + i);
    cells_fill(cells, (Rect){area.x, y, width, 1}, STYLE_TEXT);
    paint_left(cells, area.x + 1, y, columns - 1, STYLE_KEY, c->word);
    if (c->help) paint_left(cells, area.x + columns + 1, y, width - columns - 1, STYLE_DIM, c->help);
    if (first + i == app->candidate_at) cells_restyle(cells, area.x, y, width, STYLE_SELECTED);
  }
}

/* The keys that may follow a prefix. */
static void draw_which_key(const App *app, Cells *cells, Rect area) {
  unsigned context = app_context(app);
  const GArray *bindings = keymap_bindings(app->keymap);
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  int columns = 0;
  for (guint i = 0; i < bindings->len; i++) {
    const Binding *b = &g_array_index(bindings, Binding, i);
    if (b->keys[0] != app->prefix || b->keys[1] == UIKEY_NONE || !binding_applies(b, context)) continue;
    char label[KEY_NAME_MAX];
    key_label(b->keys[1], label);
    char *line = g_strdup_printf("%-2s %s", label, action_info(b->action)->help);
    columns = MAX(columns, text_width(line));
    g_ptr_array_add(lines, line);
  }
  char title[KEY_NAME_MAX];
  key_label(app->prefix, title);
  int rows = MIN((int)lines->len + 2, area.rows);
  Rect box = {area.x + 1, area.y + area.rows - rows, MIN(columns + 4, area.columns - 2), rows};
  Rect in = paint_box(cells, box, title);
  for (int i = 0; i < in.rows && i < (int)lines->len; i++)
    paint_left(cells, in.x, in.y + i, in.columns, STYLE_TEXT, lines->pdata[i]);
  g_ptr_array_unref(lines);
}

static void draw_quit_question(const App *app, Cells *cells, Rect area) {
  g_autoptr(GArray) jobs = worker_jobs(app->ui.engine.worker);
  unsigned busy = worker_busy(app->ui.engine.worker);
  Rect in = paint_box(cells, rect_centre(area, 60, (int)busy + 4), "Quit? These jobs are not done");
  int y = in.y, last = in.y + in.rows - 1;
  for (guint i = 0; i < jobs->len && y < last; i++) {
    const JobStatus *job = &g_array_index(jobs, JobStatus, i);
    if (!job_is_open(job)) continue;
    g_autofree char *amount = job_amount(job);
    g_autofree char *line = g_strdup_printf("%s %s  %s", glyph(cells->ascii, job_glyph(job)), job->title, amount);
    paint_left(cells, in.x, y++, in.columns, STYLE_TEXT, line);
  }
  const char *text =
      in.columns >= 50 ? "w wait, then quit   c cancel them and quit   s stay" : "w wait  c cancel  s stay";
  paint_left(cells, in.x, last, in.columns, STYLE_KEY, text);
}

static void draw_all(App *app, Cells *cells) {
  cells_clear(cells);
  if (cells->columns < LEAST_COLUMNS || cells->rows < LEAST_ROWS) {
    draw_too_small(cells);
    return;
  }
  bool keys = cells->rows >= KEYS_FROM;
  Rect area = {0, 1, cells->columns, cells->rows - (keys ? 3 : 2)};
  const ViewOps *ops = app_views[app->current];
  draw_title(app, cells);
  ops->draw(&app->ui, app->views[app->current], cells, area);
  draw_status(app, cells, area.y + area.rows);
  if (keys) draw_hints(app, cells, cells->rows - 1);
  draw_candidates(app, cells, area);
  if (app->ui.menu) menu_draw(app->ui.menu, cells, area);
  if (app->overlay.open) overlay_draw(&app->overlay, &app->ui, cells, area);
  if (app->prefix != UIKEY_NONE) draw_which_key(app, cells, area);
  tour_draw(app, cells, area);
  if (app->asking_quit) draw_quit_question(app, cells, area);
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
  draw_all(app, app->cells);
  term_paint(app->term, app->cells);
  app->frames++;
  if (app->frames_wanted && app->frames >= app->frames_wanted) app->quit = true;
}
