/* SPDX-License-Identifier: Apache-2.0 */
/* Fields of a model (fields.def) as members of a JSON object, under their names. Safe in any thread. */
#pragma once

#include "collection/model_fields.h"
#include "core/json.h"

/* Adds a field's member: a number as a number, all else as text; null for what is not there. `number` is NAN and `text`
 * NULL where the field has none. */
void field_json_add(cJSON *object, ModelField field, double number, const char *text);

/* The same of what a model has there. `label_key` as in model_concept(). */
void field_json_add_model(cJSON *object, ModelField field, const Model *model, const char *label_key);

/* Adds every field that a model has by itself, in the table's order. */
void field_json_add_all(cJSON *object, const Model *model, const char *label_key);
