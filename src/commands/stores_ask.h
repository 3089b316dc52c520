/* SPDX-License-Identifier: Apache-2.0 */
/* What to open when nothing was named: this machine's stores are proposed. */
#pragma once

#include "commands/command.h"

/* Fills the folders to open: the current one, or, on a terminal (`ask`) of a machine that has stores, those that the
 * user picks from a list with sizes. At least one path, NULL-terminated; NULL when the user wants none. The caller
 * frees it with g_strfreev(). */
char **stores_ask(bool ask);

/* Reads an answer: "" and "." are the current folder, "a" all stores, "1 3" some. NULL for anything else. */
char **stores_pick(const GPtrArray *stores, const char *answer);
