/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of concepts as users give them. */
#pragma once

#include <glib.h>

/* "a, b, c" gives the three; "@imagenet" a list linked into the program (cifar100, imagenet,
 * tiny-imagenet: data/labels); "@FILE", with a path or an ending, that file's lines, without
 * empty ones and those that begin with "#". Each concept comes once, in order. NULL-terminated;
 * g_strfreev. COPSE_ERROR_USAGE when there is no such list or it is empty. */
char **concept_list_open(const char *list, GError **error);
