/* SPDX-License-Identifier: Apache-2.0 */
#include "ui/desk/config.h"

#include "core/error.h"
#include "core/text.h"

Config *config_new(void) {
  Config *c = g_new0(Config, 1);
  c->theme = g_strdup("auto");
  c->columns = g_strdup(CONFIG_COLUMNS);
  c->keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
  return c;
}

void config_free(Config *c) {
  if (!c) return;
  g_free(c->theme);
  g_free(c->columns);
  g_hash_table_unref(c->keys);
  g_free(c);
}

char *config_path(void) { return g_build_filename(g_get_user_config_dir(), "copse", "copse.conf", NULL); }

bool config_bind(const Config *c, Keymap *keymap, GError **error) {
  GHashTableIter iter;
  gpointer name, keys;
  g_hash_table_iter_init(&iter, c->keys);
  while (g_hash_table_iter_next(&iter, &name, &keys))
    if (!keymap_bind(keymap, action_by_name(name), keys)) {
      g_autofree SafeText *shown = safe_text(name, -1);
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "[keys] %s: not all of its words are keys", shown);
      return false;
    }
  return true;
}
