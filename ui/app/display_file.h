/* SPDX-License-Identifier: Apache-2.0 */
/* The screen in a file: as text, or as a picture where the name ends in .svg. */
#pragma once

#include "ui/app/app_state.h"

/* What stands in it. The caller frees it. */
char *display_file_text(const App *app, const char *path);

/* Writes it, where waiting for the disk is no matter: for scripts. */
bool display_file_write(const App *app, const char *path, GError **error);
