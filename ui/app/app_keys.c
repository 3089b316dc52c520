/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/app/app_keys.h"

#include "ui/app/navigation.h"
#include "ui/app/perform.h"
#include "ui/desk/services.h"

static bool is_typing(const App *app) { return app_context(app) & IN_TYPING; }

/* What is pasted is text and presses no keys: an end of line in it sends nothing off. True when the key
 * belongs to it. */
static bool paste(App *app, Key key) {
  if (key == UIKEY_PASTE_BEGIN && !is_typing(app))
    ui_tell(&app->ui, STYLE_DIM, "What is pasted is taken where one types: in a question, after : or /");
  if (key == UIKEY_PASTE_BEGIN || key == UIKEY_PASTE_END) {
    app->pasting = key == UIKEY_PASTE_BEGIN;
    return true;
  }
  if (app->pasting && is_typing(app)) app_type(app, key_is_text(key) ? key : ' ');
  return app->pasting;
}

/* A key that does nothing here says so, and who knows more. */
static void tell_unknown(App *app, unsigned context, Key key, Key before) {
  char first[KEY_NAME_MAX] = "", last[KEY_NAME_MAX];
  if (key == UIKEY_NONE) return;
  if (before != UIKEY_NONE) key_label(before, first);
  key_label(key, last);
  g_autofree char *menu = keymap_label(app->keymap, ACTION_ACTIONS, context, 1);
  g_autofree char *help = keymap_label(app->keymap, ACTION_HELP, context, 1);
  ui_hint(&app->ui, "%s%s does nothing here; %s lists what can be done, %s explains all keys", first, last, menu, help);
}

void app_key(App *app, Key key) {
  app->dirty = true;
  if (key == UIKEY_RESIZE || key == UIKEY_MOUSE || paste(app, key)) return;
  g_clear_pointer(&app->ui.message, g_free);
  unsigned context = app_context(app);
  if (context == IN_MENU && menu_find(app->ui.menu, key)) {
    app_choose(app);
    return;
  }
  Action action;
  KeymapResult found = keymap_find(app->keymap, context, app->prefix, key, &action);
  Key before = app->prefix;
  bool continued = before != UIKEY_NONE;
  app->prefix = found == KEYMAP_PREFIX ? key : UIKEY_NONE;
  if (found == KEYMAP_ACTION) app_perform(app, action);
  else if (found == KEYMAP_NONE && !continued && (context & IN_TYPING)) app_type(app, key);
  else if (found == KEYMAP_NONE && (context & IN_LISTS))
    tell_unknown(app, context, key, continued ? before : UIKEY_NONE);
}
