/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/score_json.h"

#include <math.h>

cJSON *score_json(const Score *s) {
  if (!s->n) return cJSON_CreateNull();
  cJSON *o = cJSON_CreateObject();
  if (isfinite(s->top1)) {
    json_add_number(o, "top1", s->top1);
    json_add_number(o, "top5", s->top5);
  } else {
    json_add_number(o, "accuracy", s->accuracy);
    json_add_number(o, "f1", s->f1);
    json_add_number(o, "ap", s->ap);
  }
  cJSON_AddNumberToObject(o, "n", s->n);
  cJSON_AddNumberToObject(o, "classes", s->classes);
  json_add_number(o, "chance", s->chance);
  json_add_number(o, "control", s->control);
  cJSON *ci = cJSON_AddArrayToObject(o, "ci95");
  cJSON_AddItemToArray(ci, cJSON_CreateNumber(s->low));
  cJSON_AddItemToArray(ci, cJSON_CreateNumber(s->high));
  return o;
}
