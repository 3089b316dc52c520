/* SPDX-License-Identifier: Apache-2.0 */
/* The user's configuration as a key file below $XDG_CONFIG_HOME. Nothing is written there unless somebody asks
 * for it; the file as it is written first is the documented default. */
#pragma once

#include "ui/desk/config.h"

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
