/* SPDX-License-Identifier: Apache-2.0 */
/* What a node of the forest has in each field of collection/fields.def: what its model has, and what the forest knows
 * of it. Pure; safe in any thread. */
#pragma once

#include "collection/model_fields.h"
#include "lineage/forest/forest.h"

/* The same where `field` may be FIELD_COUNT: then of `name`, a key that its model's files declare. */
void node_texts(const Forest *forest, const ForestNode *node, ModelField field, const char *name, const char *label_key,
                GPtrArray *texts);

/* Its number in a field of kind NUMBER or REAL; NAN when it has none. */
double node_field_number(const ForestNode *node, ModelField field);

/* All its texts in one, with "; " between; NULL when it has none. The caller frees it. */
char *node_field_text(const Forest *forest, const ForestNode *node, ModelField field, const char *label_key);

/* What it has there as people read it, as model_field_shown(). NULL for nothing. The caller frees it. */
char *node_field_shown(const Forest *forest, const ForestNode *node, ModelField field, const char *label_key);
