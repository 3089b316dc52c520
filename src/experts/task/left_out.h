/* SPDX-License-Identifier: Apache-2.0 */
/* Models that take no part, counted by reason. */
#pragma once

#include <glib.h>

#include "core/text.h"

enum { LEFT_OUT_NAMED = 100 };

typedef struct {
  SafeText *reason; /* "has no label 'concept'" */
  unsigned count;
  GPtrArray *names; /* of SafeText: the first LEFT_OUT_NAMED */
} LeftOut;

/* An empty list, in the order in which reasons come up. Array of LeftOut*, owned. */
GPtrArray *left_out_new(void);

/* One more model, of a reason that may be there already. `shown` may be NULL. */
void left_out_add(GPtrArray *list, const char *reason, const char *shown);

/* Appends what another list holds. */
void left_out_join(GPtrArray *list, const GPtrArray *other);
