/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/command_prompt.h"

#include "ui/app/command_line.h"
#include "ui/app/navigation.h"
#include "ui/desk/services.h"

enum { CANDIDATES = 200 };

static bool on_listing(gpointer user, guint64 id, gpointer result, const GError *error) {
  App *app = user;
  (void)error;
  if (id != app->listing || !result) return true;
  app->listing = 0;
  listing_free(app->ui.listing);
  app->ui.listing = result;
  if (app->ui.prompt.label && app->ui.prompt.command) command_prompt_typed(app);
  app->dirty = true;
  return false;
}

/* Asks what lies in the folder of a path that is being typed: the disk may be slow. */
static void look_into_folder(App *app) {
  g_autofree char *folder = command_folder(&app->ui, app->ui.prompt.edit.text->str);
  const Listing *known = app->ui.listing;
  if (!folder || (known && g_str_equal(known->folder, folder))) return;
  if (app->listing) worker_cancel(app->ui.engine.worker, app->listing);
  app->listing = engine_list_folder(&app->ui.engine, folder, on_listing, app);
}

void command_prompt_typed(App *app) {
  g_clear_pointer(&app->candidates, g_array_unref);
  app->candidate_at = -1;
  const ViewOps *ops = app_views[app->current];
  unsigned context = ops->context(&app->ui, app->views[app->current]);
  app->candidates = command_candidates(&app->ui, context, app->ui.prompt.edit.text->str, CANDIDATES);
  look_into_folder(app);
}

void command_prompt_open(App *app) {
  app->command_at = -1;
  g_clear_pointer(&app->ui.listing, listing_free); /* it may have changed since */
  ui_prompt(&app->ui, ":", "");
  app->ui.prompt.command = true;
  command_prompt_typed(app);
}

static void close_command(App *app) {
  app->ui.prompt.label = NULL;
  app->ui.prompt.command = false;
  g_clear_pointer(&app->candidates, g_array_unref);
}

/* The next candidate in the place of what is typed. */
static void complete(App *app) {
  if (!app->candidates || app->candidates->len == 0) return;
  app->candidate_at = (app->candidate_at + 1) % (int)app->candidates->len;
  const Candidate *c = &g_array_index(app->candidates, Candidate, app->candidate_at);
  line_edit_set(&app->ui.prompt.edit, c->word);
  if (app->candidates->len == 1) command_prompt_typed(app);
}

static void recall(App *app, int by) {
  const GPtrArray *commands = app->ui.history[HISTORY_COMMANDS];
  int n = (int)commands->len, at = app->command_at < 0 ? n : app->command_at;
  at = CLAMP(at + by, 0, n);
  app->command_at = at == n ? -1 : at;
  line_edit_set(&app->ui.prompt.edit, at == n ? "" : commands->pdata[at]);
  command_prompt_typed(app);
}

bool command_prompt_action(App *app, Action action) {
  switch (action) {
    case ACTION_COMPLETE:
      complete(app);
      return true;
    case ACTION_OLDER:
      recall(app, -1);
      return true;
    case ACTION_NEWER:
      recall(app, 1);
      return true;
    case ACTION_LEAVE:
      close_command(app);
      return true;
    default:
      return false;
  }
}

char *command_prompt_take(App *app) {
  g_autofree char *line = g_strdup(app->ui.prompt.edit.text->str);
  close_command(app);
  if (!*g_strstrip(line)) return NULL;
  ui_remember(&app->ui, HISTORY_COMMANDS, line);
  return g_steal_pointer(&line);
}
