/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/ui.h"

#include <stdlib.h>

#include "core/error.h"
#include "ui/app.h"
#include "ui/script.h"

int ui_run(const UiOptions *options, GError **error) {
  const char *script = options->script ? options->script : getenv("COPSE_SCRIPT");
  if (script && !*script) script = NULL;
  if (options->theme && !scheme_known(options->theme)) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE,
                        "a theme is dark, light or mono");
    return 1;
  }
  g_autoptr(App) app = app_new(options, &engine_ops, script != NULL, error);
  if (!app) return 1;
  if (script) return script_run(app, script, error) ? 0 : 1;
  app_run(app);
  return 0;
}
