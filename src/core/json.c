/* SPDX-License-Identifier: Apache-2.0 */
#include "core/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

cJSON *json_parse(const char *bytes, size_t n) { return cJSON_ParseWithLength(bytes, n); }

SafeText *json_dup_string(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) ? safe_text(item->valuestring, -1) : NULL;
}

double json_number(const cJSON *object, const char *key, double fallback) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

void json_add_u64(cJSON *object, const char *key, uint64_t value) {
  char digits[24];
  g_snprintf(digits, sizeof digits, "%" PRIu64, value);
  cJSON_AddRawToObject(object, key, digits);
}

void json_add_number(cJSON *object, const char *key, double value) {
  if (isfinite(value)) cJSON_AddNumberToObject(object, key, value);
  else cJSON_AddNullToObject(object, key);
}

void json_add_string(cJSON *object, const char *key, const char *s) {
  if (s) cJSON_AddStringToObject(object, key, s);
  else cJSON_AddNullToObject(object, key);
}

void json_print_line(cJSON *object) {
  char *s = cJSON_PrintUnformatted(object);
  if (s) puts(s);
  cJSON_free(s);
  cJSON_Delete(object);
}

void json_print(cJSON *object) {
  char *s = cJSON_Print(object);
  if (s) puts(s);
  cJSON_free(s);
  cJSON_Delete(object);
}
