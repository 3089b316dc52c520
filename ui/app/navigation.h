/* SPDX-License-Identifier: Apache-2.0 */
/* From view to view, and back. */
#pragma once

#include "ui/app/app_state.h"

extern const ViewOps *const app_views[VIEW_COUNT];

/* The one context whose keys work now. */
unsigned app_context(const App *app);

/* Shows a view: one of those beside each other, or one that leads back here. */
void app_show(App *app, ViewId view);

/* Goes to a view from which one comes back to this one. */
void app_visit(App *app, ViewId view);

/* The next of the views beside each other, or the one before (by -1). */
void app_show_next(App *app, int by);

/* To where one came from; from the forest, out. */
void app_back(App *app);

/* Asks to leave: at once, or after a question when jobs are running. */
void app_ask_quit(App *app);

/* Tells all views that something has changed. */
void app_tell_views(App *app, unsigned what);
