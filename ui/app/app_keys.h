/* SPDX-License-Identifier: Apache-2.0 */
/* From a key to what happens: the part of app.h that decides. */
#pragma once

#include "ui/app/app.h"

/* Performs an action in the present context. */
void app_perform(App *app, Action action);

/* Shows a view. */
void app_show(App *app, ViewId view);

/* Does what a handler wants. */
void app_follow(App *app, Reaction reaction);

/* Tells all views that something has changed. */
void app_tell_views(App *app, unsigned what);
