/* SPDX-License-Identifier: Apache-2.0 */
/* What people begin a question with before they say what they look for: "show me a picture of", "which
 * of these models draws". A mean of words would be pulled towards pictures and models by it. */
#pragma once

#include <glib.h>

/* How many of the n first words are such a beginning: 0 when none is, or when nothing would be left.
 * "picture of a fox" has three, "picture frame" none. */
guint question_opening_length(const char *const *words, guint n);
