/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/app_mouse.h"

#include "ui/app/navigation.h"
#include "ui/app/perform.h"

enum { WHEEL_ROWS = 3 };

static void step(App *app, int rows) {
  Action action = rows < 0 ? ACTION_UP : ACTION_DOWN;
  if (!(action_info(action)->contexts & app_context(app))) return;
  for (int i = 0; i < ABS(rows); i++) app_perform(app, action);
}

/* Shows the view whose tab is there; false when there is none. What is being asked belongs to the view that asks: until
 * it is answered no other is shown. */
static bool click_tab(App *app, int x) {
  if (!(action_info(ACTION_VIEW_FOREST)->contexts & app_context(app))) return false;
  int at = -1; /* the last tab that begins at x or before */
  for (int v = 0; v < VIEW_COUNT; v++)
    if (app->tabs[v] >= 0 && app->tabs[v] <= x && (at < 0 || app->tabs[v] > app->tabs[at])) at = v;
  if (at < 0 || x >= app->tabs[VIEW_COUNT]) return false;
  app_show(app, (ViewId)at);
  return true;
}

void app_mouse_event(App *app, MouseEvent event, int x, int y) {
  app->dirty = true;
  if (event == MOUSE_WHEEL_UP) step(app, -WHEEL_ROWS);
  if (event == MOUSE_WHEEL_DOWN) step(app, WHEEL_ROWS);
  if (event != MOUSE_CLICK && event != MOUSE_DOUBLE) return;
  if (y == 0 && click_tab(app, x)) return;
  const ViewOps *ops = app_views[app->current];
  if (y == 1 && ops->click_title && (app_context(app) & IN_LISTS)) {
    ops->click_title(&app->ui, app->views[app->current], x);
    return;
  }
  /* The cursor rests on the selected row, and all lists have rows of one line. */
  if (app->cells->cursor_y < 0 || y == 0 || y >= app->cells->rows - 2) return;
  step(app, y - app->cells->cursor_y);
  Action open = app->ui.menu ? ACTION_MENU_CHOOSE : ACTION_SHOW;
  if (event == MOUSE_DOUBLE && (action_info(open)->contexts & app_context(app))) app_perform(app, open);
}

void app_mouse(App *app) {
  int x = 0, y = 0;
  MouseEvent event = term_mouse(app->term, &x, &y);
  if (event != MOUSE_NOTHING) app_mouse_event(app, event, x, y);
}
