/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the interface from a file instead of from a keyboard. A line each:
 *
 *   key KEY             one key: j, <Enter>, <C-d>
 *   keys KEYS           several: /fox<Enter>
 *   :wait-idle          until no job is left and no answer is due
 *   :wait-text TEXT     until the text stands on screen
 *   :save-display FILE  the screen as text, or as a picture (.svg)
 *   :command LINE       as if typed after a colon
 *   :resize 40x10       another size
 *   :quit               the end, without a question
 *
 * Empty lines and lines that begin with # are passed over. Waiting ends after a minute, and
 * then the script has failed. */
#pragma once

#include "ui/app/app.h"

/* Runs the script at `path` to its end. False with an error that names the line when it cannot
 * go on. */
bool script_run(App *app, const char *path, GError **error);
