/* SPDX-License-Identifier: Apache-2.0 */
/* How people spell the name of a base: what two spellings have in common, and which names say nothing. Pure functions,
 * for any thread. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* A base as cards write it: without a Hub address in front, a revision ("@main", "/tree/main") or slashes behind, the
 * backslashes of Windows as slashes and without its drive. NULL when it looks like neither a repository nor a path
 * ("", "None", a sentence). The caller frees it. */
char *base_name_clean(const char *base);

/* "vit" of "google/vit" and "./models/vit". Borrowed. */
const char *base_name_last(const char *name);

/* True for a last part that tools give to any model, and that therefore names none: "model", "final",
 * "checkpoint-20", the hash of a commit. */
bool base_name_is_generic(const char *last);

/* True for "org/name": a repository whoever says it. */
bool base_name_is_repository(const char *name);

/* The name without what quantisers put behind it ("-bnb-4bit", "-GPTQ", "-Q4_K_M"), or NULL when nothing such is
 * there. The caller frees it. */
char *base_name_unquantised(const char *name);

/* The folders that downloads of repository "org/name" go by: "org--name", "org__name", "org_name",
 * "models--org--name". NULL-terminated, the caller's; empty for other names. */
GStrv base_name_flattened(const char *name);

/* The other way: "org/name" of such a folder's name, every reading of it. NULL-terminated, the caller's. */
GStrv base_name_unflattened(const char *folder);
