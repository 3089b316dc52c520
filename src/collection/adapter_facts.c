/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/adapter_facts.h"

#include <string.h>

const char adapter_config_source[] = "adapter_config.json";

typedef enum { VALUE_TEXT, VALUE_JSON, VALUE_MLX } ValueKind;

static const struct {
  const char *key;
  ValueKind kind;
} keys[] = {
    {"peft_type", VALUE_TEXT},
    {"r", VALUE_JSON},
    {"lora_alpha", VALUE_JSON},
    {"alpha", VALUE_JSON},
    {"init_r", VALUE_JSON},
    {"use_rslora", VALUE_JSON},
    {"alpha_pattern", VALUE_JSON},
    {"rank_pattern", VALUE_JSON},
    {"scale", VALUE_MLX},
    {"use_cayley_neumann", VALUE_JSON},
    {"num_cayley_neumann_terms", VALUE_JSON},
};

static const Fact *fact_of_config(const Model *m, const char *key) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->source, adapter_config_source) == 0 && strcmp(f->key, key) == 0) return f;
  }
  return NULL;
}

static void add(cJSON *object, const Fact *f, ValueKind kind) {
  cJSON *value = kind == VALUE_TEXT ? cJSON_CreateString(f->value) : json_parse(f->value, strlen(f->value));
  if (!value) return;
  if (kind == VALUE_MLX) cJSON_AddItemToObject(cJSON_AddObjectToObject(object, "lora_parameters"), f->key, value);
  else cJSON_AddItemToObject(object, f->key, value);
}

static cJSON *config_of(const Model *m) {
  cJSON *object = NULL;
  for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
    const Fact *f = fact_of_config(m, keys[i].key);
    if (!f) continue;
    if (!object) object = cJSON_CreateObject();
    add(object, f, keys[i].kind);
  }
  return object;
}

AdapterConfig *model_adapter_config(const Model *m) {
  g_autoptr(cJSON) object = config_of(m);
  return object ? adapter_config_new(object, NULL) : NULL;
}

char *model_adapter_text(const Model *m) {
  g_autoptr(cJSON) object = config_of(m);
  char *printed = object ? cJSON_PrintUnformatted(object) : NULL;
  char *text = g_strdup(printed ? printed : "");
  if (printed) cJSON_free(printed);
  return text;
}
