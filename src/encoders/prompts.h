/* SPDX-License-Identifier: Apache-2.0 */
/* Prompts: the sentences that a concept is put into before it is encoded. Several are averaged,
 * which evens out what each sentence adds. */
#pragma once

#include <glib.h>

typedef struct {
  char *name;       /* as it was asked for: "photo", or the templates joined by " | " */
  char **templates; /* each with one "{}", in whose place the text goes */
  guint count;      /* at least 1 */
} Prompts;

/* A set by its name (none, photo, photos, art), or templates of the user's own, separated by
 * "|", each with one "{}". Each template costs an encoding. COPSE_ERROR_USAGE otherwise. */
Prompts *prompts_new(const char *name, GError **error);
void prompts_free(Prompts *prompts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Prompts, prompts_free)

/* The set that suits an encoder of that description: "photo" for clip, else "none". Static. */
const char *prompts_default(const char *encoder);

/* The text in the i-th template. The caller frees it. */
char *prompts_fill(const Prompts *prompts, guint i, const char *text);

/* "" for none, else a short hash of the templates: part of an encoder's fingerprint. The caller
 * frees it. */
char *prompts_fingerprint(const Prompts *prompts);
