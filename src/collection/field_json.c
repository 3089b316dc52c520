/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/field_json.h"

#include <math.h>

void field_json_add(cJSON *object, ModelField field, double number, const char *text) {
  const FieldInfo *info = field_info(field);
  if (info->kind == FIELD_IS_NUMBER && isfinite(number) && number >= 0)
    json_add_u64(object, info->name, (uint64_t)number);
  else if (info->kind == FIELD_IS_REAL || info->kind == FIELD_IS_NUMBER) json_add_number(object, info->name, number);
  else json_add_string(object, info->name, text);
}

void field_json_add_model(cJSON *object, ModelField field, const Model *model, const char *label_key) {
  g_autofree char *text = model_field_text(model, field, label_key);
  field_json_add(object, field, model_field_number(model, field), text);
}

void field_json_add_all(cJSON *object, const Model *model, const char *label_key) {
  for (int f = 0; f < FIELD_COUNT; f++)
    if (field_info((ModelField)f)->owner == FIELD_OF_MODEL)
      field_json_add_model(object, (ModelField)f, model, label_key);
}
