/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/navigation.h"

const ViewOps *const app_views[VIEW_COUNT] = {
    [VIEW_FOREST] = &view_forest,
    [VIEW_QUERY] = &view_query,
    [VIEW_EXPERTS] = &view_experts,
    [VIEW_JOBS] = &view_jobs,
    [VIEW_MAP] = &view_map,
    [VIEW_MODEL] = &view_model,
    [VIEW_DIFF] = &view_diff,
    [VIEW_COMPARE] = &view_compare,
    [VIEW_REPORT] = &view_report,
    [VIEW_SKIPPED] = &view_skipped,
    [VIEW_MESSAGES] = &view_messages,
    [VIEW_HELP] = &view_help,
    [VIEW_DUPLICATES] = &view_duplicates,
    [VIEW_SPACE] = &view_space,
    [VIEW_CONFLICTS] = &view_conflicts,
};

unsigned app_context(const App *app) {
  if (app->asking_quit) return IN_QUIT;
  if (app->tour >= 0) return IN_TOUR;
  if (app->overlay.open) return IN_OVERLAY;
  if (app->ui.menu) return IN_MENU;
  if (app->ui.prompt.label) return app->ui.prompt.command ? IN_COMMAND : IN_PROMPT;
  return app_views[app->current]->context(&app->ui, app->views[app->current]);
}

/* Goes to a view from which one comes back to this one. */
void app_visit(App *app, ViewId view) {
  if (view == app->current) return;
  /* A view is left for one that it was opened from: the way back is the way there. */
  for (int i = 0; i < app->trail_length; i++)
    if (app->trail[i] == view) app->trail_length = i;
  if (app->trail_length < TRAIL_MOST) app->trail[app->trail_length++] = app->current;
  app->current = view;
}

void app_show(App *app, ViewId view) {
  if (view >= VIEW_MODEL) app_visit(app, view);
  else app->trail_length = 0, app->current = view;
}

void app_show_next(App *app, int by) {
  /* Views that are opened from others are no stop on the way round. */
  int at = app->current >= VIEW_MODEL ? (int)(app->trail_length ? app->trail[0] : VIEW_FOREST) : (int)app->current;
  app_show(app, (ViewId)((at + by + VIEW_MODEL) % VIEW_MODEL));
}

void app_ask_quit(App *app) {
  if (worker_busy(app->ui.engine.worker) == 0 || app->asking_quit || app->quit_when_idle) app->quit = true;
  else app->asking_quit = true;
}

void app_back(App *app) {
  if (app->trail_length > 0) app->current = app->trail[--app->trail_length];
  else if (app->current != VIEW_FOREST) app_show(app, VIEW_FOREST);
  else app_ask_quit(app);
}

void app_tell_views(App *app, unsigned what) {
  for (int v = 0; v < VIEW_COUNT; v++)
    if (app_views[v]->changed) app_views[v]->changed(&app->ui, app->views[v], what);
  if (what & ~(unsigned)CHANGED_JOBS) app->dirty = true;
  else app->stale = true;
}
