/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/app_keys.h"

#include <string.h>

#include "ui/app/app_commands.h"
#include "session/history.h"
#include "ui/toolkit/pager.h"
#include "ui/app/tour.h"

unsigned app_context(const App *app) {
  if (app->asking_quit) return IN_QUIT;
  if (app->tour >= 0) return IN_TOUR;
  if (app->ui.menu) return IN_MENU;
  if (app->ui.prompt.label) return app->ui.prompt.command ? IN_COMMAND : IN_PROMPT;
  return app_views[app->current]->context(&app->ui, app->views[app->current]);
}

/* Goes to a view from which one comes back to this one. */
static void visit(App *app, ViewId view) {
  if (view == app->current) return;
  /* A view is left for one that it was opened from: the way back is the way there. */
  for (int i = 0; i < app->trail_length; i++)
    if (app->trail[i] == view) app->trail_length = i;
  if (app->trail_length < TRAIL_MOST) app->trail[app->trail_length++] = app->current;
  app->current = view;
}

void app_show(App *app, ViewId view) {
  if (view >= VIEW_MODEL) visit(app, view);
  else app->trail_length = 0, app->current = view;
}

static void show_next(App *app, int by) {
  /* Views that are opened from others are no stop on the way round. */
  int at = app->current >= VIEW_MODEL ? (int)(app->trail_length ? app->trail[0] : VIEW_FOREST) : (int)app->current;
  app_show(app, (ViewId)((at + by + VIEW_MODEL) % VIEW_MODEL));
}

void app_ask_quit(App *app) {
  if (worker_busy(app->ui.engine.worker) == 0 || app->asking_quit || app->quit_when_idle) app->quit = true;
  else app->asking_quit = true;
}

static void back(App *app) {
  if (app->trail_length > 0) app->current = app->trail[--app->trail_length];
  else if (app->current != VIEW_FOREST) app_show(app, VIEW_FOREST);
  else app_ask_quit(app);
}

static void cancel_all(App *app) {
  g_autoptr(GArray) jobs = worker_jobs(app->ui.engine.worker);
  for (guint i = 0; i < jobs->len; i++) worker_cancel(app->ui.engine.worker, g_array_index(jobs, JobStatus, i).id);
}

/* The answer to the question whether to quit. */
static void answer_quit(App *app, Action action) {
  app->asking_quit = false;
  if (action == ACTION_QUIT_STAY) return;
  app->quit_when_idle = true;
  if (action == ACTION_QUIT_CANCEL) cancel_all(app);
  if (worker_busy(app->ui.engine.worker) == 0) app->quit = true;
}

static void tell_prompt(App *app, PromptEvent event) {
  const ViewOps *ops = app_views[app->current];
  if (ops->prompt) ops->prompt(&app->ui, app->views[app->current], event, app->ui.prompt.edit.text->str);
  if (event != PROMPT_TYPED) app->ui.prompt.label = NULL;
}

/* Another text in the line that is being typed. */
static void typed(App *app) {
  if (app->ui.prompt.command) app_command_typed(app);
  else tell_prompt(app, PROMPT_TYPED);
}

/* True when the action belongs to the prompt. */
static bool perform_in_prompt(App *app, Action action) {
  bool changed;
  if (!app->ui.prompt.label) return false;
  if (app->ui.prompt.command && app_command_action(app, action)) return true;
  if (action == ACTION_ACCEPT) tell_prompt(app, PROMPT_ACCEPTED);
  else if (action == ACTION_LEAVE) tell_prompt(app, PROMPT_CANCELLED);
  else if (!line_edit_action(&app->ui.prompt.edit, action, &changed)) return false;
  else if (changed) typed(app);
  return true;
}

/* Opens a view that is to show ui->target. */
static void show_target(App *app, ViewId view) {
  visit(app, view);
  app_views[view]->changed(&app->ui, app->views[view], CHANGED_TARGET);
}

/* Says what became of the text to copy: not every terminal that is told obeys. */
static void copy(App *app) {
  Ui *ui = &app->ui;
  g_autofree char *text = g_string_free(g_steal_pointer(&ui->copy), FALSE);
  gsize n = strlen(text);
  bool tmux = !ui->read_only && term_fd(app->term) >= 0 && tmux_copy(text);
  if (tmux || term_copy(app->term, text))
    ui_tell(ui, STYLE_GOOD, "%zu byte%s sent to %s", n, n == 1 ? "" : "s",
            tmux ? "tmux's buffer" : "the terminal's clipboard, if it takes them (OSC 52)");
  else ui_tell(ui, STYLE_WARN, "%zu bytes are more than terminals take: export them to a file", n);
}

void app_follow(App *app, Reaction reaction) {
  if (reaction & REACT_BACK) back(app);
  if ((reaction & REACT_RETURN) && app->trail_length) back(app);
  if (reaction & REACT_SHOW_SKIPPED) app_show(app, VIEW_SKIPPED);
  if (reaction & REACT_SHOW_MODEL) show_target(app, VIEW_MODEL);
  if (reaction & REACT_SHOW_DIFF) show_target(app, VIEW_DIFF);
  if (reaction & REACT_LOCATE) show_target(app, VIEW_FOREST);
  if (app->ui.copy) copy(app);
  if (!app->ui.to_tag) return;
  app_tell_views(app, CHANGED_TAGS);
  g_clear_pointer(&app->ui.to_tag, g_ptr_array_unref);
}

enum { MENU_ACTIONS = 1 };

/* True for what can be done in every view: moving, switching views, leaving. */
static bool is_general(const ActionInfo *info) { return (info->contexts & IN_LISTS) == IN_LISTS; }

/* Everything that can be done here, with its keys: what belongs to this place first. */
static void open_actions(App *app) {
  unsigned context = app_context(app);
  Menu *menu = menu_new(MENU_ACTIONS, context_name(context), false);
  menu->of_app = true;
  for (int general = 0; general < 2; general++)
    for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
      const ActionInfo *info = action_info(a);
      if (!(info->contexts & context) || a == ACTION_ACTIONS || is_general(info) != general) continue;
      g_autofree char *keys = keymap_label(app->keymap, a, context, 2);
      menu_add(menu, (int)a, UIKEY_NONE, info->help, keys, false);
    }
  ui_menu(&app->ui, menu);
}

static void choose(App *app) {
  Ui *ui = &app->ui;
  MenuLine *line = menu_line(ui->menu);
  if (!line) return;
  int id = ui->menu->id, chosen = line->line;
  bool of_app = ui->menu->of_app, stays = ui->menu->ticks;
  if (stays) line->ticked = !line->ticked;
  else ui_menu(ui, NULL);
  if (of_app) app_perform(app, (Action)chosen);
  else app_follow(app, app_views[app->current]->choose(ui, app->views[app->current], id, chosen));
}

/* True when the action belongs to the menu. */
static bool perform_in_menu(App *app, Action action) {
  Ui *ui = &app->ui;
  if (!ui->menu) return false;
  if (action == ACTION_MENU_CHOOSE) choose(app);
  else if (action == ACTION_LEAVE || action == ACTION_BACK) ui_menu(ui, NULL);
  else list_action(&ui->menu->list, action);
  return true;
}

/* All that the status line has told, or back from there. */
static void show_messages(App *app) {
  const ViewOps *ops = app_views[app->current];
  if (app->current == VIEW_MESSAGES) {
    back(app);
    return;
  }
  g_free(app->ui.status_before);
  app->ui.status_before = ops->status ? ops->status(&app->ui, app->views[app->current]) : NULL;
  visit(app, VIEW_MESSAGES);
}

static void toggle_mouse(App *app) {
  bool on = app->ui.config->mouse = !app->ui.config->mouse;
  term_set_mouse(app->term, on);
  ui_tell(&app->ui, STYLE_DIM,
          on ? "The mouse selects and scrolls; M gives it back to the terminal"
             : "The mouse belongs to the terminal again");
}

static void suspend(App *app) {
  if (app->ui.read_only) ui_tell(&app->ui, STYLE_WARN, "No shell in a read-only session");
  else term_suspend(app->term);
}

/* True when the action is the program's and no view's. */
static bool perform_everywhere(App *app, Action action) {
  switch (action) {
    case ACTION_REDRAW:
      term_redraw(app->term);
      return true;
    case ACTION_SUSPEND:
      suspend(app);
      return true;
    case ACTION_QUIT:
      app_ask_quit(app);
      return true;
    case ACTION_QUIT_WAIT:
    case ACTION_QUIT_CANCEL:
    case ACTION_QUIT_STAY:
      answer_quit(app, action);
      return true;
    case ACTION_VIEW_FOREST:
      app_show(app, VIEW_FOREST);
      return true;
    case ACTION_VIEW_QUERY:
      app_show(app, VIEW_QUERY);
      return true;
    case ACTION_VIEW_EXPERTS:
      app_show(app, VIEW_EXPERTS);
      return true;
    case ACTION_VIEW_JOBS:
      app_show(app, VIEW_JOBS);
      return true;
    case ACTION_VIEW_MAP:
      app_show(app, VIEW_MAP);
      return true;
    case ACTION_COMMAND:
      app_open_command(app);
      return true;
    case ACTION_ACTIONS:
      open_actions(app);
      return true;
    case ACTION_MESSAGES:
      show_messages(app);
      return true;
    case ACTION_MOUSE:
      toggle_mouse(app);
      return true;
    case ACTION_VIEW_NEXT:
      show_next(app, 1);
      return true;
    case ACTION_VIEW_PREVIOUS:
      show_next(app, -1);
      return true;
    case ACTION_HELP:
      if (app->current == VIEW_HELP) back(app);
      else app_show(app, VIEW_HELP);
      return true;
    default:
      return false;
  }
}

/* True when the tour takes the action: it knows few, and lets one leave. */
static bool perform_in_tour(App *app, Action action) {
  if (app->tour < 0) return false;
  if (action == ACTION_QUIT || action == ACTION_REDRAW || action == ACTION_SUSPEND) return false;
  tour_action(app, action);
  return true;
}

void app_perform(App *app, Action action) {
  if (perform_in_tour(app, action) || perform_everywhere(app, action) || perform_in_menu(app, action) ||
      perform_in_prompt(app, action))
    return;
  if (app->asking_quit) return;
  if (action == ACTION_BACK) {
    back(app);
    return;
  }
  app_follow(app, app_views[app->current]->action(&app->ui, app->views[app->current], action));
}

static void type(App *app, Key key) {
  const ViewOps *ops = app_views[app->current];
  if (app->ui.prompt.label) {
    if (line_edit_type(&app->ui.prompt.edit, key)) typed(app);
  } else if (ops->type) {
    app_follow(app, ops->type(&app->ui, app->views[app->current], key));
  }
}

static bool is_typing(const App *app) { return app_context(app) & IN_TYPING; }

/* What is pasted is text and presses no keys: an end of line in it sends nothing off. True when the key
 * belongs to it. */
static bool paste(App *app, Key key) {
  if (key == UIKEY_PASTE_BEGIN && !is_typing(app))
    ui_tell(&app->ui, STYLE_DIM, "What is pasted is taken where one types: in a question, after : or /");
  if (key == UIKEY_PASTE_BEGIN || key == UIKEY_PASTE_END) {
    app->pasting = key == UIKEY_PASTE_BEGIN;
    return true;
  }
  if (app->pasting && is_typing(app)) type(app, key_is_text(key) ? key : ' ');
  return app->pasting;
}

void app_key(App *app, Key key) {
  app->dirty = true;
  if (key == UIKEY_RESIZE || key == UIKEY_MOUSE || paste(app, key)) return;
  g_clear_pointer(&app->ui.message, g_free);
  unsigned context = app_context(app);
  if (context == IN_MENU && menu_find(app->ui.menu, key)) {
    choose(app);
    return;
  }
  Action action;
  KeymapResult found = keymap_find(app->keymap, context, app->prefix, key, &action);
  bool continued = app->prefix != UIKEY_NONE;
  app->prefix = found == KEYMAP_PREFIX ? key : UIKEY_NONE;
  if (found == KEYMAP_ACTION) app_perform(app, action);
  else if (found == KEYMAP_NONE && !continued && (context & IN_TYPING)) type(app, key);
}
