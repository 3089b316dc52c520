/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/script.h"

#include <string.h>

#include "core/error.h"
#include "core/files.h"
#include "ui/app/app_keys.h"
#include "ui/app/display_file.h"
#include "ui/app/frame.h"
#include "ui/app/perform.h"

enum { SCRIPT_BYTES_MAX = 1 << 20 };

static const gint64 patience = 60 * G_USEC_PER_SEC;

static bool fail(GError **error, const char *what, const char *argument) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "%s: %s", what, argument);
  return false;
}

/* Lets the program run until the condition holds. */
static bool wait_until(App *app, bool (*enough)(App *app, const char *text), const char *text, GError **error) {
  gint64 deadline = g_get_monotonic_time() + patience;
  for (;;) {
    app_draw(app);
    if (enough(app, text) || app->quit) return true;
    if (g_get_monotonic_time() > deadline) return fail(error, "waited in vain for", text);
    app_wait(app, 50);
  }
}

static bool is_idle(App *app, const char *text) {
  (void)text;
  return app_is_idle(app);
}

static bool shows(App *app, const char *text) { return cells_contain(app->cells, text); }

static bool press_keys(App *app, const char *text, bool one, GError **error) {
  const char *at = text;
  while (*at && !app->quit) {
    Key key = key_parse(&at);
    if (key == UIKEY_NONE) return fail(error, "no such key", text);
    app_key(app, key);
    app_draw(app);
    if (one && *at) return fail(error, "one key was expected", text);
  }
  return true;
}

static bool save_display(App *app, const char *path, GError **error) {
  if (app->ui.read_only) return fail(error, "a read-only session writes no files", path);
  app_draw(app);
  return display_file_write(app, path, error);
}

static bool resize(App *app, const char *size, GError **error) {
  char *end;
  gint64 columns = g_ascii_strtoll(size, &end, 10), rows = 0;
  if (*end == 'x') rows = g_ascii_strtoll(end + 1, &end, 10);
  if (*end || columns < 1 || columns > 2000 || rows < 1 || rows > 2000)
    return fail(error, "a size is COLUMNSxROWS", size);
  app_resize(app, (int)columns, (int)rows);
  app_draw(app);
  return true;
}

static bool run_line(App *app, const char *command, const char *argument, GError **error) {
  if (g_str_equal(command, "key")) return press_keys(app, argument, true, error);
  if (g_str_equal(command, "keys")) return press_keys(app, argument, false, error);
  if (g_str_equal(command, ":wait-idle")) return wait_until(app, is_idle, "the end of all jobs", error);
  if (g_str_equal(command, ":wait-text")) return wait_until(app, shows, argument, error);
  if (g_str_equal(command, ":save-display")) return save_display(app, argument, error);
  if (g_str_equal(command, ":command"))
    return app_command(app, argument) || fail(error, "the command failed", argument);
  if (g_str_equal(command, ":resize")) return resize(app, argument, error);
  if (!g_str_equal(command, ":quit")) return fail(error, "no such command", command);
  app->quit = true;
  return true;
}

bool script_run(App *app, const char *path, GError **error) {
  g_autofree char *text = file_read_small(path, SCRIPT_BYTES_MAX, NULL, error);
  if (!text) return false;
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  app_draw(app);
  for (int i = 0; lines[i] && !app->quit; i++) {
    char *command = g_strchug(lines[i]);
    if (!*command || *command == '#') continue;
    char *argument = strchr(command, ' ');
    if (argument) *argument++ = '\0';
    if (run_line(app, command, argument ? argument : "", error)) continue;
    g_prefix_error(error, "script line %d: ", i + 1);
    return false;
  }
  return true;
}
