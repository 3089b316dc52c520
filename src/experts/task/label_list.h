/* SPDX-License-Identifier: Apache-2.0 */
/* Labels as files write them: one name, or a Python or JSON list of names. */
#pragma once

#include <glib.h>

#include "core/text.h"

/* The labels in a value. "['apple', \"bear\"]" is read as a literal, and never evaluated: strings in
 * either quotes with the usual escapes, whole numbers, a comma between. Any
 * other text is one label as it stands; "" is none. Array of SafeText*, without repetitions. */
GPtrArray *label_list_parse(const char *value);

/* The same for people: "apple, bear". A value that is no list stays as it is. The caller frees it. */
SafeText *label_list_text(const char *value);
