/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/read/sidecar.h"

#include <string.h>

#include "collection/read/metadata_facts.h"
#include "core/json.h"

enum { MOST_WORDS = 32, LONGEST_WORD = 512, LONGEST_DESCRIPTION = 2000 };

/* Where the tools put what we keep; a dot goes one object deeper. */
static const struct {
  const char *theirs, *ours;
} fields[] = {{"trainedWords", "trained_words"},
              {"TrainedWords", "trained_words"},
              {"trained_words", "trained_words"},
              {"activation text", "trained_words"},
              {"civitai.trainedWords", "trained_words"},
              {"model.name", "name"},
              {"ModelName", "name"},
              {"model_name", "name"},
              {"baseModel", "declared_family"},
              {"BaseModel", "declared_family"},
              {"base_model", "declared_family"},
              {"sd version", "declared_family"},
              {"model.tags", "tags"},
              {"Tags", "tags"},
              {"tags", "tags"},
              {"description", "description"},
              {"ModelDescription", "description"},
              {"model.description", "description"},
              {"modelDescription", "description"},
              {"notes", "description"}};

/* Descriptions are pages of HTML: what stands between the tags, white space as one space. The caller frees it. */
static char *plain_text(const char *html, size_t n) {
  GString *out = g_string_new(NULL);
  bool tag = false;
  for (size_t i = 0; i < n && html[i] && out->len < LONGEST_DESCRIPTION; i++) {
    bool ends_tag = tag && html[i] == '>';
    if (html[i] == '<' && i + 1 < n && (g_ascii_isalpha(html[i + 1]) || html[i + 1] == '/')) tag = true;
    bool space = tag || g_ascii_isspace(html[i]);
    if (space && out->len && out->str[out->len - 1] != ' ') g_string_append_c(out, ' ');
    else if (!space) g_string_append_c(out, html[i]);
    if (ends_tag) tag = false;
  }
  const char *end;
  if (!g_utf8_validate(out->str, (gssize)out->len, &end))
    g_string_truncate(out, (gsize)(end - out->str)); /* a cut character */
  g_strchomp(out->str);
  return g_string_free(out, FALSE);
}

static bool has_same(const Model *m, const char *key, const char *value) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, key) == 0 && strcmp(f->value, value) == 0) return true;
  }
  return false;
}

static void add_text(Model *m, const char *key, const char *value, const char *source) {
  bool long_one = strcmp(key, "description") == 0;
  if (!long_one && strlen(value) > LONGEST_WORD) return;
  g_autofree char *text = plain_text(value, strlen(value));
  if (*text && g_ascii_strcasecmp(text, "unknown") != 0 && !has_same(m, key, text))
    model_add_fact(m, key, text, source);
}

static const cJSON *member_at(const cJSON *object, const char *path) {
  const char *dot = strchr(path, '.');
  if (!dot) return cJSON_GetObjectItemCaseSensitive(object, path);
  g_autofree char *first = g_strndup(path, (gsize)(dot - path));
  const cJSON *inner = cJSON_GetObjectItemCaseSensitive(object, first);
  return cJSON_IsObject(inner) ? cJSON_GetObjectItemCaseSensitive(inner, dot + 1) : NULL;
}

static void add_field(Model *m, const cJSON *value, const char *key, const char *source) {
  if (cJSON_IsString(value)) add_text(m, key, value->valuestring, source);
  int n = 0;
  for (const cJSON *e = cJSON_IsArray(value) ? value->child : NULL; e && n < MOST_WORDS; e = e->next, n++)
    if (cJSON_IsString(e)) add_text(m, key, e->valuestring, source);
}

/* A training configuration or an index of shards that has the model's name says nothing in these fields. */
static void add_object(Model *m, const cJSON *object, const char *source) {
  for (size_t i = 0; i < G_N_ELEMENTS(fields); i++)
    add_field(m, member_at(object, fields[i].theirs), fields[i].ours, source);
}

void sidecar_add_facts(Model *m, const char *text, size_t n, const char *source) {
  if (n > SIDECAR_MAX_BYTES) {
    model_add_problem(m, "larger than 1 MB", source);
  } else if (strcmp(source, ".txt") == 0) {
    g_autofree char *copy = g_strndup(text, n);
    add_text(m, "description", copy, source);
  } else {
    g_autoptr(cJSON) object = json_parse(text, n);
    if (cJSON_IsObject(object)) add_object(m, object, source);
    else model_add_problem(m, "not a JSON object", source);
  }
}
