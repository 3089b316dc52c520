/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/ui.h"

#include <stdio.h>
#include <stdlib.h>

#include "ui/app/config_file.h"
#include "core/error.h"
#include "ui/app/app.h"
#include "ui/plain/plain.h"
#include "ui/app/script.h"

enum { LEAVE_PATIENCE = 10000 }; /* milliseconds that leaving waits for what is being written */

/* The user's configuration; NULL with an error when it is wrong. A guest's session looks as the host has
 * arranged it with options, not as a file says. */
static Config *own_config(bool read_only, GError **error) {
  g_autofree char *path = config_path();
  g_autoptr(Config) config = config_new();
  if (!read_only && !config_load(config, path, error)) return NULL;
  return g_steal_pointer(&config);
}

int ui_run(const UiOptions *options, GError **error) {
  /* A guest's environment is a stranger's: it starts no script, whose lines would name files. */
  const char *script = options->script ? options->script : options->read_only ? NULL : getenv("COPSE_SCRIPT");
  if (script && !*script) script = NULL;
  if (options->theme && !scheme_known(options->theme)) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "a theme is dark, light or mono");
    return 1;
  }
  if (options->plain) return plain_run(options, &engine_ops, stdin, stdout, error) ? 0 : 1;
  UiOptions all = *options;
  if (!all.config) all.config = own_config(all.read_only, error);
  if (!all.config) return 1;
  all.config->slow |= all.slow;
  if (all.idle_minutes) all.config->idle_minutes = all.idle_minutes;
  g_autoptr(App) app = app_new(&all, &engine_ops, script != NULL, error);
  if (!app) return 1;
  if (script) return script_run(app, script, error) ? 0 : 1;
  app_run(app);
  if (app_leave(app, LEAVE_PATIENCE, error)) return 0;
  if (options->stuck) *options->stuck = true;
  return 1;
}
