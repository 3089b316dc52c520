/* SPDX-License-Identifier: Apache-2.0 */
/* The interface as a whole: from opening to closing, and the loop. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/app/app_state.h"
#include "ui/desk/ui_options.h"

/* Opens everything and starts reading the collection. */
App *app_new(const UiOptions *options, const EngineOps *ops, bool headless, GError **error);

/* Gives the terminal back, cancels what runs and lets be written what is to be kept; app_free() alone may follow. False
 * with an error when that has no end in time: then the collection must stay open until the process ends. */
bool app_leave(App *app, int patience_ms, GError **error);

/* The same as long as it takes, and lets go of everything. */
void app_free(App *app);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(App, app_free)

/* Waits at most `timeout_ms` (-1: for ever) for keys, jobs and signals, and handles them. */
void app_wait(App *app, int timeout_ms);

/* True when no job is left, no answer is due, and nothing is to be started. */
bool app_is_idle(App *app);

/* The loop until somebody quits. */
void app_run(App *app);
