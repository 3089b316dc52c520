/* SPDX-License-Identifier: Apache-2.0 */
/* What users may set. The file it comes from is read and written by ui/app/config_file.h. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "ui/toolkit/keymap.h"
#include "ui/toolkit/style.h"

typedef struct {
  char *theme; /* "auto", or a scheme's name */
  bool ascii, mouse;
  char *columns;              /* of the forest, by name */
  unsigned idle_minutes;      /* leave after so long without a key; 0: never */
  bool slow;                  /* progress once a second instead of four times */
  GHashTable *keys;           /* action name -> keys, where they are not the default */
  bool coloured[STYLE_COUNT]; /* looks[] has a look of the user's */
  Look looks[STYLE_COUNT];
} Config;

#define CONFIG_COLUMNS "kind params size dtype concept edge"

/* The defaults. */
Config *config_new(void);
void config_free(Config *config); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Config, config_free)

/* $XDG_CONFIG_HOME/copse/copse.conf. The caller frees it. */
char *config_path(void);

/* Gives the keymap the user's keys. False when a word of them is no key. */
bool config_bind(const Config *config, Keymap *keymap, GError **error);
