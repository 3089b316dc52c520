/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file: what is taken over can be written, and read again to the same. */
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "ui/app/config_file.h"
#include "ui/desk/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void use(const Config *config) {
  g_autoptr(Keymap) keymap = keymap_new();
  g_autoptr(Config) again = config_new();
  g_autoptr(GError) error = NULL;
  if (!config_bind(config, keymap, &error)) abort(); /* keys were tried when they were read */
  g_autofree char *text = config_text(config);
  if (!config_read(again, text, strlen(text), &error)) abort();
  g_autofree char *same = config_text(again);
  if (strcmp(text, same) != 0) abort();
  for (Action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
    g_autofree char *label = keymap_label(keymap, a, action_info(a)->contexts, 9);
    if (!g_utf8_validate(label, -1, NULL)) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  g_autoptr(Config) config = config_new();
  g_autoptr(GError) error = NULL;
  bool good = config_read(config, (const char *)data, n, &error);
  if (good == (error != NULL)) abort();
  if (error && !text_is_safe(error->message, -1)) abort();
  if (good) use(config);
  return 0;
}
