/* SPDX-License-Identifier: Apache-2.0 */
/* Names that must be told apart when there is no room for all of them: a long one is cut where it says what others say
 * too, so that what sets it apart stays. "Model-24B-Instruct-step100" and "Model-24B-Instruct-step200" become
 * "Model-2…-step100" and "Model-2…-step200". Immutable once made; safe from any thread. */
#pragma once

#include <glib.h>

#include "core/text.h"

typedef struct NameSet NameSet;

/* Keeps copies of the n names, which are valid UTF-8. */
NameSet *name_set_new(const char *const *names, guint n);
void name_set_free(NameSet *set); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(NameSet, name_set_free)

/* The i-th name in at most so many columns, not padded. `ellipsis` is "…" or "~". The caller frees it. */
char *name_set_fit(const NameSet *set, guint i, int columns, const char *ellipsis);
