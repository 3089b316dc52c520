/* SPDX-License-Identifier: Apache-2.0 */
/* Where a collection lies: one folder; or several folders, archives and weight files, which are one collection
 * below the folder that they all lie in. */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
  char *root;      /* absolute, without links: all paths of the collection are relative to it */
  GPtrArray *list; /* of char*: bytes, folders and files relative to the root, by name; NULL: all of the root */
  char *identity;  /* tells one collection from another; of one folder or file it is its path */
} Places;

/* Takes `first` and `more` (NULL-terminated; may be NULL) as folders or regular files; one that lies in another is
 * left out. A file's own name is kept where it is a link, so that one in a Hub cache is called as it is there. False
 * with COPSE_ERROR_NOT_FOUND or _IO, or _UNSUPPORTED for what is neither. */
bool places_resolve(const char *first, const char *const *more, Places *places, GError **error);
void places_clear(Places *places);

/* True when the path (relative to the root) is one of the list or lies below one; of a NULL list, always. */
bool places_hold(const GPtrArray *list, const char *path);
