/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app_keys.h"

unsigned app_context(const App *app) {
  if (app->asking_quit) return IN_QUIT;
  if (app->ui.prompt.label) return IN_PROMPT;
  return app_views[app->current]->context(&app->ui, app->views[app->current]);
}

void app_show(App *app, ViewId view) {
  if (view == VIEW_HELP && app->current != VIEW_HELP) app->before_help = app->current;
  app->current = view;
}

static void show_next(App *app, int by) {
  /* Help is no stop on the way round: its own key leads there. */
  int at = app->current == VIEW_HELP ? (int)app->before_help : (int)app->current;
  app_show(app, (ViewId)((at + by + VIEW_HELP) % VIEW_HELP));
}

void app_ask_quit(App *app) {
  if (worker_busy(app->ui.engine.worker) == 0 || app->asking_quit || app->quit_when_idle)
    app->quit = true;
  else
    app->asking_quit = true;
}

static void back(App *app) {
  if (app->current == VIEW_HELP)
    app_show(app, app->before_help);
  else if (app->current != VIEW_FOREST)
    app_show(app, VIEW_FOREST);
  else
    app_ask_quit(app);
}

static void cancel_all(App *app) {
  g_autoptr(GArray) jobs = worker_jobs(app->ui.engine.worker);
  for (guint i = 0; i < jobs->len; i++)
    worker_cancel(app->ui.engine.worker, g_array_index(jobs, JobStatus, i).id);
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
  if (ops->prompt)
    ops->prompt(&app->ui, app->views[app->current], event, app->ui.prompt.edit.text->str);
  if (event != PROMPT_TYPED) app->ui.prompt.label = NULL;
}

/* True when the action belongs to the prompt. */
static bool perform_in_prompt(App *app, Action action) {
  bool changed;
  if (!app->ui.prompt.label) return false;
  if (action == ACTION_ACCEPT)
    tell_prompt(app, PROMPT_ACCEPTED);
  else if (action == ACTION_LEAVE)
    tell_prompt(app, PROMPT_CANCELLED);
  else if (!line_edit_action(&app->ui.prompt.edit, action, &changed))
    return false;
  else if (changed)
    tell_prompt(app, PROMPT_TYPED);
  return true;
}

static void follow(App *app, Reaction reaction) {
  if (reaction & REACT_BACK) back(app);
  if (!(reaction & REACT_SHOW_MODEL)) return;
  app_show(app, VIEW_FOREST);
  app_views[VIEW_FOREST]->changed(&app->ui, app->views[VIEW_FOREST], 0);
}

/* True when the action is the program's and no view's. */
static bool perform_everywhere(App *app, Action action) {
  switch (action) {
    case ACTION_REDRAW: term_redraw(app->term); return true;
    case ACTION_SUSPEND: term_suspend(app->term); return true;
    case ACTION_QUIT: app_ask_quit(app); return true;
    case ACTION_QUIT_WAIT:
    case ACTION_QUIT_CANCEL:
    case ACTION_QUIT_STAY: answer_quit(app, action); return true;
    case ACTION_VIEW_FOREST: app_show(app, VIEW_FOREST); return true;
    case ACTION_VIEW_QUERY: app_show(app, VIEW_QUERY); return true;
    case ACTION_VIEW_EXPERTS: app_show(app, VIEW_EXPERTS); return true;
    case ACTION_VIEW_JOBS: app_show(app, VIEW_JOBS); return true;
    case ACTION_VIEW_NEXT: show_next(app, 1); return true;
    case ACTION_VIEW_PREVIOUS: show_next(app, -1); return true;
    case ACTION_HELP:
      if (app->current == VIEW_HELP) back(app);
      else app_show(app, VIEW_HELP);
      return true;
    case ACTION_BACK: back(app); return true;
    default: return false;
  }
}

void app_perform(App *app, Action action) {
  if (perform_everywhere(app, action) || perform_in_prompt(app, action)) return;
  if (app->asking_quit) return;
  follow(app, app_views[app->current]->action(&app->ui, app->views[app->current], action));
}

static void type(App *app, Key key) {
  const ViewOps *ops = app_views[app->current];
  if (app->ui.prompt.label) {
    if (line_edit_type(&app->ui.prompt.edit, key)) tell_prompt(app, PROMPT_TYPED);
  } else if (ops->type) {
    follow(app, ops->type(&app->ui, app->views[app->current], key));
  }
}

void app_key(App *app, Key key) {
  app->dirty = true;
  if (key == UIKEY_RESIZE) return;
  g_clear_pointer(&app->ui.message, g_free);
  unsigned context = app_context(app);
  Action action;
  KeymapResult found = keymap_find(app->keymap, context, app->prefix, key, &action);
  bool continued = app->prefix != UIKEY_NONE;
  app->prefix = found == KEYMAP_PREFIX ? key : UIKEY_NONE;
  if (found == KEYMAP_ACTION)
    app_perform(app, action);
  else if (found == KEYMAP_NONE && !continued && (context & IN_TYPING))
    type(app, key);
}
