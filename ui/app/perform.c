/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/perform.h"

#include <string.h>

#include "ui/app/app_commands.h"
#include "ui/app/command_prompt.h"
#include "ui/app/navigation.h"
#include "ui/app/requests.h"
#include "ui/app/tour.h"
#include "ui/desk/services.h"
#include "ui/toolkit/pager.h"

static void cancel_all(App *app) {
  g_autoptr(GArray) jobs = worker_jobs(app->ui.engine.worker);
  for (guint i = 0; i < jobs->len; i++) worker_cancel(app->ui.engine.worker, g_array_index(jobs, JobStatus, i).id);
}

/* The answer to the question whether to quit. */
static void answer_quit(App *app, Action action) {
  app->asking_quit = false;
  if (action == ACTION_QUIT_STAY) return;
  app->quit_when_idle = app->opening.held = true;
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
  if (app->ui.prompt.command) command_prompt_typed(app);
  else tell_prompt(app, PROMPT_TYPED);
}

/* The command line's own actions; true when it was one. */
static bool perform_in_command(App *app, Action action) {
  if (action != ACTION_ACCEPT) return command_prompt_action(app, action);
  g_autofree char *line = command_prompt_take(app);
  if (line) app_command(app, line);
  return true;
}

/* True when the action belongs to the prompt. */
static bool perform_in_prompt(App *app, Action action) {
  bool changed;
  if (!app->ui.prompt.label) return false;
  if (app->ui.prompt.command && perform_in_command(app, action)) return true;
  if (action == ACTION_ACCEPT) tell_prompt(app, PROMPT_ACCEPTED);
  else if (action == ACTION_LEAVE) tell_prompt(app, PROMPT_CANCELLED);
  else if (!line_edit_action(&app->ui.prompt.edit, action, &changed)) return false;
  else if (changed) typed(app);
  return true;
}

void app_choose(App *app) {
  Ui *ui = &app->ui;
  MenuLine *line = menu_line(ui->menu);
  if (!line) return;
  int id = ui->menu->id, chosen = line->line;
  bool stays = ui->menu->ticks;
  if (stays) line->ticked = !line->ticked;
  else ui_menu(ui, NULL);
  app_views[app->current]->choose(ui, app->views[app->current], id, chosen);
  app_serve(app);
}

/* True when the action belongs to the menu. */
static bool perform_in_menu(App *app, Action action) {
  Ui *ui = &app->ui;
  if (!ui->menu) return false;
  if (action == ACTION_MENU_CHOOSE) app_choose(app);
  else if (action == ACTION_LEAVE || action == ACTION_BACK) ui_menu(ui, NULL);
  else list_action(&ui->menu->list, action);
  return true;
}

/* Over what can be done in the view at hand. */
static void open_overlay(App *app, unsigned kinds) {
  unsigned context = app_views[app->current]->context(&app->ui, app->views[app->current]);
  overlay_open(&app->overlay, &app->ui, context, kinds);
}

/* Goes to what is at hand, or does it. */
static void choose_pick(App *app) {
  Pick pick;
  bool some = overlay_pick(&app->overlay, &pick);
  g_autoptr(Model) model = NULL;
  if (some && pick.kind == PICK_MODEL)
    model = model_ref(forest_node(app->overlay.picks->wood->forest, pick.number)->model);
  overlay_close(&app->overlay);
  if (!some) return;
  if (model) ui_ask_model(&app->ui, REQUEST_MODEL, model), app_serve(app);
  else if (pick.command) app_command(app, pick.command);
  else app_perform(app, (Action)pick.number);
  pick_clear(&pick);
}

/* True when the action belongs to it. */
static bool perform_in_overlay(App *app, Action action) {
  if (!app->overlay.open) return false;
  if (action == ACTION_OVERLAY_CHOOSE) choose_pick(app);
  else if (action == ACTION_LEAVE) overlay_close(&app->overlay);
  else overlay_action(&app->overlay, &app->ui, action);
  return true;
}

/* All that the status line has told, or back from there. */
static void show_messages(App *app) {
  const ViewOps *ops = app_views[app->current];
  if (app->current == VIEW_MESSAGES) {
    app_back(app);
    return;
  }
  ui_ask_text(&app->ui, REQUEST_MESSAGES, ops->status ? ops->status(&app->ui, app->views[app->current]) : NULL);
  app_serve(app);
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

/* True when the action asks for one of the views. */
static bool show_asked(App *app, Action action) {
  static const struct {
    Action action;
    ViewId view;
  } views[] = {
      {ACTION_VIEW_FOREST, VIEW_FOREST},   {ACTION_VIEW_QUERY, VIEW_QUERY},
      {ACTION_VIEW_EXPERTS, VIEW_EXPERTS}, {ACTION_VIEW_JOBS, VIEW_JOBS},
      {ACTION_VIEW_MAP, VIEW_MAP},         {ACTION_VIEW_DUPLICATES, VIEW_DUPLICATES},
      {ACTION_VIEW_SPACE, VIEW_SPACE},     {ACTION_VIEW_CONFLICTS, VIEW_CONFLICTS},
  };
  for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
    if (views[i].action != action) continue;
    app_show(app, views[i].view);
    return true;
  }
  return false;
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
    case ACTION_COMMAND:
      command_prompt_open(app);
      return true;
    case ACTION_ACTIONS:
      open_overlay(app, 1 << PICK_ACTION);
      return true;
    case ACTION_OVERLAY:
      open_overlay(app, PICK_ALL);
      return true;
    case ACTION_MESSAGES:
      show_messages(app);
      return true;
    case ACTION_MOUSE:
      toggle_mouse(app);
      return true;
    case ACTION_VIEW_NEXT:
      app_show_next(app, 1);
      return true;
    case ACTION_VIEW_PREVIOUS:
      app_show_next(app, -1);
      return true;
    case ACTION_HELP:
      if (app->current == VIEW_HELP) app_back(app);
      else app_show(app, VIEW_HELP);
      return true;
    default:
      return show_asked(app, action);
  }
}

/* What works here and now, as a key would have it. */
static void perform_if_possible(App *app, Action action) {
  if (action_info(action)->contexts & app_context(app)) app_perform(app, action);
}

static void perform_all(App *app, const TourAct *acts) {
  for (const TourAct *a = acts; a->action != ACTION_NONE || a->typed; a++) {
    if (a->action != ACTION_NONE) perform_if_possible(app, a->action);
    for (const char *c = a->typed; c && *c; c = g_utf8_next_char(c)) app_type(app, g_utf8_get_char(c));
  }
}

/* Shows a step of the tour, which steps aside while it acts. */
static void begin_step(App *app, int step) {
  app->tour = -1;
  app->ui.touring = true;
  perform_all(app, tour_home);
  perform_all(app, tour_acts(step));
  app->ui.touring = false;
  g_clear_pointer(&app->ui.message, g_free);
  app->tour = step;
}

/* True when the tour takes the action: it knows few, and lets one leave. */
static bool perform_in_tour(App *app, Action action) {
  if (app->tour < 0) return false;
  if (action == ACTION_QUIT || action == ACTION_REDRAW || action == ACTION_SUSPEND) return false;
  int step = tour_next(app->tour, action);
  if (step >= 0 && step != app->tour) begin_step(app, step);
  else app->tour = step;
  return true;
}

void app_perform(App *app, Action action) {
  if (perform_in_tour(app, action) || perform_everywhere(app, action) || perform_in_overlay(app, action) ||
      perform_in_menu(app, action) || perform_in_prompt(app, action))
    return;
  if (app->asking_quit) return;
  if (action == ACTION_BACK) {
    app_back(app);
    return;
  }
  app_views[app->current]->action(&app->ui, app->views[app->current], action);
  app_serve(app);
}

void app_type(App *app, Key key) {
  const ViewOps *ops = app_views[app->current];
  if (app->overlay.open) {
    overlay_type(&app->overlay, key);
  } else if (app->ui.prompt.label) {
    if (line_edit_type(&app->ui.prompt.edit, key)) typed(app);
  } else if (ops->type) {
    ops->type(&app->ui, app->views[app->current], key);
    app_serve(app);
  }
}

bool app_command(App *app, const char *line) {
  CommandNext next = {0};
  bool ok = command_run(app, line, &next);
  app_serve(app);
  if (next.tour) begin_step(app, 0);
  if (next.action != ACTION_NONE) app_perform(app, next.action);
  return ok;
}
