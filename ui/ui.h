/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal interface. */
#pragma once

#include <glib.h>

#include "ui/desk/ui_options.h"

/* Runs the interface until the user quits, on the thread that calls it, and gives the terminal
 * back. Returns the exit status: 0, or 1 with an error. */
int ui_run(const UiOptions *options, GError **error);
