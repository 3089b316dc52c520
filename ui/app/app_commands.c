/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/app_commands.h"

#include <string.h>

#include "ui/desk/services.h"
#include "ui/app/config_file.h"
#include "ui/app/display_file.h"
#include "ui/app/frame.h"
#include "ui/app/command_line.h"
#include "ui/desk/typed.h"
#include "ui/toolkit/pager.h"
#include "ui/app/navigation.h"

static bool wrong(App *app, const char *verb, const char *problem) {
  ui_tell(&app->ui, STYLE_BAD, ":%s: %s", verb, problem);
  return false;
}

static Model *find_model(App *app, const char *verb, const char *what) {
  g_autoptr(GError) error = NULL;
  Model *model = app->ui.wood ? collection_find(app->ui.wood->models, what, &error) : NULL;
  if (!model) wrong(app, verb, error ? error->message : "the collection is still being read");
  return model;
}

static bool open_model(App *app, const char *verb, const char *argument) {
  g_autoptr(Model) model = find_model(app, verb, argument);
  return model && ui_ask_model(&app->ui, REQUEST_MODEL, model);
}

static bool open_diff(App *app, const char *verb, const char *argument) {
  g_auto(GStrv) names = g_strsplit(argument, " ", 3);
  if (g_strv_length(names) != 2) return wrong(app, verb, "two models are compared");
  g_autoptr(Model) p = find_model(app, verb, names[0]);
  g_autoptr(Model) x = p ? find_model(app, verb, names[1]) : NULL;
  return x && ui_ask_diff(&app->ui, p, x);
}

/* A command that belongs to a view. */
static bool run_in_view(App *app, ViewId view, const char *verb, const char *argument) {
  g_autofree char *problem = NULL;
  if (app_views[view]->command(&app->ui, app->views[view], verb, argument, &problem)) return true;
  return wrong(app, verb, problem ? problem : "that cannot be done");
}

/* Of the model at hand; where none is, of the experts. */
static bool open_layer(App *app, const char *verb, const char *argument) {
  ViewId view = app->current == VIEW_MODEL ? VIEW_MODEL : VIEW_EXPERTS;
  if (view != app->current) app_show(app, view);
  return run_in_view(app, view, verb, argument);
}

static bool save_display(App *app, const char *verb, const char *typed) {
  g_autofree char *path = typed_path(typed);
  app->dirty = true;
  app_draw(app);
  app->dirty = true;
  if (!*path) return wrong(app, verb, "a file's name is missing");
  engine_write_text(&app->ui.engine, path, display_file_text(app, path), ui_on_written, &app->ui);
  return true;
}

static bool set_theme(App *app, const char *verb, const char *name) {
  if (strcmp(name, "auto") != 0 && !scheme_known(name)) return wrong(app, verb, "a theme is auto, dark, light or mono");
  g_free(app->ui.config->theme);
  app->ui.config->theme = g_strdup(name);
  term_set_theme(app->term, name);
  return true;
}

static bool set_mouse(App *app, const char *verb, const char *text) {
  bool on = g_str_equal(text, "on");
  if (!on && !g_str_equal(text, "off")) return wrong(app, verb, "on or off");
  app->ui.config->mouse = on;
  term_set_mouse(app->term, on);
  return true;
}

static bool write_config(App *app) {
  g_autofree char *path = config_path();
  engine_write_text(&app->ui.engine, path, config_text(app->ui.config), ui_on_written, &app->ui);
  return true;
}

/* There is a file to be edited now. An editor has the terminal, and whoever uses it waits for it. */
static bool on_config_made(gpointer user, guint64 id, gpointer path, const GError *failed) {
  App *app = user;
  g_autoptr(GError) error = NULL;
  (void)id;
  app->dirty = true;
  if (failed) return wrong(app, "edit-config", failed->message), true;
  if (!editor_run(app->term, path, &error)) return wrong(app, "edit-config", error->message), true;
  ui_tell(&app->ui, STYLE_GOOD, "Changes are taken up when copse starts again");
  return true;
}

static bool edit_config(App *app) {
  g_autofree char *path = config_path();
  engine_make_text(&app->ui.engine, path, config_text(app->ui.config), on_config_made, app);
  return true;
}

/* The commands that are the app's own. */
static bool run_own(App *app, const char *verb, const char *argument, CommandNext *next) {
  if (g_str_equal(verb, "model")) return open_model(app, verb, argument);
  if (g_str_equal(verb, "layer")) return open_layer(app, verb, argument);
  if (g_str_equal(verb, "diff")) return open_diff(app, verb, argument);
  if (g_str_equal(verb, "save-display")) return save_display(app, verb, argument);
  if (g_str_equal(verb, "theme")) return set_theme(app, verb, argument);
  if (g_str_equal(verb, "set-mouse")) return set_mouse(app, verb, argument);
  if (g_str_equal(verb, "write-config")) return write_config(app);
  if (g_str_equal(verb, "edit-config")) return edit_config(app);
  next->tour = true;
  return true;
}

static bool run_action(App *app, const char *verb, CommandNext *next) {
  Action action = action_by_name(verb);
  unsigned context = app_context(app);
  if (action == ACTION_NONE) return wrong(app, verb, "there is no such command; Tab after : lists them");
  if (!(action_info(action)->contexts & context)) return wrong(app, verb, "this can be done in other places only");
  next->action = action;
  return true;
}

bool command_run(App *app, const char *line, CommandNext *next) {
  app->dirty = true;
  g_autofree char *verb = NULL, *argument = NULL;
  typed_split(line, &verb, &argument);
  const CommandInfo *c = command_info(verb);
  /* "diff" and "export" alone are actions. */
  bool bare = c && !*argument && *c->argument && c->kind != ARGUMENT_TEXT;
  if (!c || (bare && action_by_name(verb) != ACTION_NONE)) return run_action(app, verb, next);
  if (c->writes && app->ui.read_only) return wrong(app, verb, "not in a read-only session");
  if (bare) return wrong(app, verb, "something is missing: see the help");
  if (c->view < 0) return run_own(app, verb, argument, next);
  app_show(app, (ViewId)c->view);
  return run_in_view(app, (ViewId)c->view, verb, argument);
}
