/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/model_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collection/adapter_facts.h"
#include "collection/read/card.h"
#include "collection/read/metadata_facts.h"

enum { MAX_VALUE = 64 * 1024, MAX_METADATA = 4096, MAX_METADATA_BYTES = 4 * 1024 * 1024, MAX_LIST = 1024 };

static const char config_source[] = "config.json", pipeline_source[] = "model_index.json";

static const struct {
  const char *theirs, *ours;
} general_keys[] = {
    {"base_model", "base"},
    {"base_model_name_or_path", "base"},
    {"pretrained_model_name_or_path", "base"},
    {"base_model_relation", "base_relation"},
    {"pipeline_tag", "task"},
    {"library_name", "library"},
};

const char *fact_key(const char *key) {
  for (size_t i = 0; i < G_N_ELEMENTS(general_keys); i++)
    if (strcmp(key, general_keys[i].theirs) == 0) return general_keys[i].ours;
  return key;
}

/* A scalar as text, or NULL. The caller frees it. */
static char *scalar_text(const cJSON *item) {
  if (cJSON_IsString(item)) return *item->valuestring ? g_strdup(item->valuestring) : NULL;
  if (cJSON_IsBool(item)) return g_strdup(cJSON_IsTrue(item) ? "true" : "false");
  if (!cJSON_IsNumber(item) || !isfinite(item->valuedouble)) return NULL;
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  return g_strdup(g_ascii_formatd(digits, sizeof digits, "%.15g", item->valuedouble));
}

/* Adds a member that is a scalar, or each scalar of one that is a list. */
static void add_member(Model *m, const cJSON *config, const char *key, const char *source) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(config, key);
  g_autofree char *text = scalar_text(item);
  if (text) model_add_fact(m, fact_key(key), text, source);
  if (!cJSON_IsArray(item)) return;
  int n = 0;
  for (const cJSON *e = item->child; e && n < MAX_LIST; e = e->next, n++) {
    g_autofree char *each = scalar_text(e);
    if (each) model_add_fact(m, fact_key(key), each, source);
  }
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The order of target_modules differs between two saves of one run, so it is sorted. */
static void add_sorted(Model *m, const cJSON *config, const char *key, const char *source) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(config, key);
  if (!cJSON_IsArray(item)) {
    add_member(m, config, key, source);
    return;
  }
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  for (const cJSON *e = item->child; e && texts->len < MAX_LIST; e = e->next) {
    char *text = scalar_text(e);
    if (text) g_ptr_array_add(texts, text);
  }
  g_ptr_array_sort(texts, by_text);
  g_ptr_array_add(texts, NULL);
  g_autofree char *joined = g_strjoinv(", ", (char **)texts->pdata);
  if (*joined) model_add_fact(m, key, joined, source);
}

/* MLX writes the factor itself: as alpha it is scale · rank. */
static void take_mlx(Model *m, const cJSON *config) {
  add_member(m, config, "fine_tune_type", adapter_config_source);
  g_autofree char *base = scalar_text(cJSON_GetObjectItemCaseSensitive(config, "model"));
  if (base) model_add_fact(m, "base", base, adapter_config_source);
  const cJSON *lora = cJSON_GetObjectItemCaseSensitive(config, "lora_parameters");
  add_member(m, lora, "rank", adapter_config_source);
  add_member(m, lora, "scale", adapter_config_source);
  double rank = json_number(lora, "rank", NAN), scale = json_number(lora, "scale", NAN);
  if (isfinite(scale * rank)) m->scaling.alpha = scale * rank;
}

/* alpha_pattern and rank_pattern as they stand; AdaLoRA's lists of truth values are no ranks. */
static void add_pattern(Model *m, const cJSON *config, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(config, key);
  if (!cJSON_IsObject(item) || !cJSON_IsNumber(item->child)) return;
  char *text = cJSON_PrintUnformatted(item);
  if (text && strlen(text) <= MAX_VALUE) model_add_fact(m, key, text, adapter_config_source);
  cJSON_free(text);
}

void model_take_adapter_config(Model *m, const cJSON *config) {
  static const char *const plain[] = {"base_model_name_or_path",
                                      "peft_type",
                                      "r",
                                      "lora_alpha",
                                      "alpha",
                                      "init_r",
                                      "use_rslora",
                                      "task_type",
                                      "use_cayley_neumann",
                                      "num_cayley_neumann_terms"};
  for (size_t i = 0; i < G_N_ELEMENTS(plain); i++) add_member(m, config, plain[i], adapter_config_source);
  add_sorted(m, config, "target_modules", adapter_config_source);
  add_pattern(m, config, "alpha_pattern");
  add_pattern(m, config, "rank_pattern");
  m->scaling.alpha = json_number(config, "lora_alpha", json_number(config, "alpha", NAN));
  m->scaling.rank_stabilised = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(config, "use_rslora"));
  if (cJSON_HasObjectItem(config, "fine_tune_type")) take_mlx(m, config);
}

static bool is_word_of_path(const char *word) {
  static const char *const words[] = {"checkpoints", "data",   "model",   "models", "out",  "output",
                                      "outputs",     "result", "results", "runs",   "save", "tmp"};
  for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
    if (g_ascii_strcasecmp(word, words[i]) == 0) return true;
  return strstr(word, "checkpoint-") != NULL;
}

/* "google/vit-base", "bert-base-uncased", but not "results/checkpoint-500" nor "my_model". */
static bool is_repository_like(const char *name) {
  static const char extra[] = "-_./";
  if (base_is_local_path(name)) return false;
  for (const char *p = name; *p; p++)
    if (!g_ascii_isalnum(*p) && !strchr(extra, *p)) return false;
  g_auto(GStrv) parts = g_strsplit(name, "/", 2);
  for (char **p = parts; *p; p++)
    if (!**p || is_word_of_path(*p)) return false;
  /* Repositories without an owner are few and carry a size or a variant in their name. */
  return strchr(name, '/') || strpbrk(name, "-0123456789");
}

/* A model saved by its own repository names itself: no base. */
static bool is_own_name(const Model *m, const char *name) {
  const char *ours = m->name ? m->name : "", *bare = strrchr(name, '/');
  return strcmp(ours, name) == 0 || (bare && strcmp(ours, bare + 1) == 0);
}

/* Of those whose fused q, k and v alternate by heads: what it takes to tell them apart. */
static void add_heads(Model *m, const cJSON *config) {
  static const char *const types[] = {"gpt_neox", "bloom", "falcon", "RefinedWeb", "RefinedWebModel"};
  static const char *const keys[] = {"num_attention_heads", "n_head"};
  const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "model_type"));
  bool known = false;
  for (size_t i = 0; type && i < G_N_ELEMENTS(types); i++) known |= strcmp(types[i], type) == 0;
  for (size_t i = 0; known && i < G_N_ELEMENTS(keys); i++) {
    double n = json_number(config, keys[i], 0);
    if (!(n >= 1 && n <= 1 << 16)) continue;
    g_autofree char *text = g_strdup_printf("%d", (int)n);
    model_add_fact(m, MODEL_HEADS, text, config_source);
    return;
  }
}

static void add_packing(Model *m, const cJSON *config) {
  const cJSON *packed = cJSON_GetObjectItemCaseSensitive(config, "quantization_config");
  const char *form = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(packed, "checkpoint_format"));
  if (form && strcmp(form, "gptq_v2") == 0) model_add_fact(m, MODEL_PACKING, form, config_source);
}

void model_take_config(Model *m, const cJSON *config) {
  add_member(m, config, "architectures", config_source);
  add_member(m, config, "_class_name", config_source);
  add_member(m, config, "model_type", config_source);
  add_heads(m, config);
  add_packing(m, config);
  const cJSON *labels = cJSON_GetObjectItemCaseSensitive(config, "id2label");
  if (cJSON_HasObjectItem(config, "num_labels")) {
    add_member(m, config, "num_labels", config_source);
  } else if (cJSON_IsObject(labels)) {
    g_autofree char *count = g_strdup_printf("%d", cJSON_GetArraySize(labels));
    model_add_fact(m, "num_labels", count, config_source);
  }
  const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(config, "_name_or_path"));
  if (!name || !*name || is_own_name(m, name)) return;
  model_add_fact(m, is_repository_like(name) ? "base" : "_name_or_path", name, config_source);
}

/* ["diffusers", "UNet2DConditionModel"]; [null, null] stands for a part that is left out. */
static void add_component_class(Model *m, const cJSON *item) {
  if (item->string[0] == '_' || cJSON_GetArraySize(item) != 2) return;
  const char *library = cJSON_GetStringValue(cJSON_GetArrayItem(item, 0));
  const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(item, 1));
  if (!library || !name) return;
  g_autofree char *text = g_strdup_printf("%s: %s %s", item->string, library, name);
  model_add_fact(m, "component_class", text, pipeline_source);
}

/* A diffusers pipeline's model_index.json: its class as "pipeline", and each of its networks as
 * "component_class" ("unet: diffusers UNet2DConditionModel"). */
static void model_take_pipeline(Model *m, const cJSON *index) {
  g_autofree char *name = scalar_text(cJSON_GetObjectItemCaseSensitive(index, "_class_name"));
  if (name) model_add_fact(m, "pipeline", name, pipeline_source);
  int n = 0;
  for (const cJSON *e = index->child; e && n < MAX_LIST; e = e->next, n++)
    if (cJSON_IsArray(e)) add_component_class(m, e);
}

void model_take_config_text(Model *m, const char *bytes, size_t n, const char *source) {
  static const char pointer[] = "version https://git-lfs";
  g_autoptr(cJSON) config = n <= CONFIG_MAX_BYTES ? json_parse(bytes, n) : NULL;
  if (n > CONFIG_MAX_BYTES) model_add_problem(m, "larger than 4 MB", source);
  else if (!cJSON_IsObject(config))
    model_add_problem(m,
                      n >= sizeof pointer && memcmp(bytes, pointer, sizeof pointer - 1) == 0
                          ? "a Git LFS pointer, never fetched"
                          : "not a JSON object",
                      source);
  else if (strcmp(source, adapter_config_source) == 0) model_take_adapter_config(m, config);
  else if (strcmp(source, pipeline_source) == 0) model_take_pipeline(m, config);
  else model_take_config(m, config);
}

static void take_card_entry(void *user, const char *key, const char *value) {
  model_add_fact(user, fact_key(key), value, "card");
}

void model_take_card_text(Model *m, const char *card, size_t n) {
  g_autoptr(GError) error = NULL;
  if (!card_take(card, n, take_card_entry, m, &error)) model_add_problem(m, error->message, "card");
}

/* The first MAX_VALUE bytes of a long value, without half a character at the end. */
static char *cut_value(const char *value) {
  size_t n = MAX_VALUE;
  while (n > 0 && ((unsigned char)value[n] & 0xc0) == 0x80) n--;
  return g_strndup(value, n);
}

void model_take_metadata(Model *m, GHashTable *metadata) {
  guint n;
  g_autofree char **keys = (char **)g_hash_table_get_keys_as_array(metadata, &n);
  qsort(keys, n, sizeof *keys, by_text);
  metadata_add_facts(m, metadata);
  size_t count = 0, bytes = 0;
  for (guint i = 0; i < n; i++) {
    if (strcmp(keys[i], "format") == 0 || metadata_is_bulk(keys[i])) continue;
    const char *value = g_hash_table_lookup(metadata, keys[i]);
    g_autofree char *cut = strlen(value) > MAX_VALUE ? cut_value(value) : NULL;
    if (cut) value = cut;
    bytes += strlen(keys[i]) + strlen(value);
    if (++count > MAX_METADATA || bytes > MAX_METADATA_BYTES) {
      model_add_problem(m, "too much metadata: the rest was left out", "metadata");
      return;
    }
    model_add_fact(m, fact_key(keys[i]), value, "metadata");
  }
}
