/* SPDX-License-Identifier: Apache-2.0 */
/* What users may set, in a key file below $XDG_CONFIG_HOME. Nothing is written there unless somebody asks
 * for it; the file as it is written first is the documented default. */
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

/* Takes over what the file says; one that is not there says nothing. False, with the file, the group and
 * the key in the error, at the first thing that is wrong; what came before it stays taken over. */
bool config_load(Config *config, const char *path, GError **error);

/* The same of a file's bytes. */
bool config_read(Config *config, const char *text, size_t n, GError **error);

/* The whole file as text, with comments. The caller frees it. */
char *config_text(const Config *config);

/* Writes config_text(): whole or not at all, through a symbolic link to the file it names, and never over
 * anything but a regular file. */
bool config_write(const Config *config, const char *path, GError **error);

/* Gives the keymap the user's keys. False when a word of them is no key. */
bool config_bind(const Config *config, Keymap *keymap, GError **error);
