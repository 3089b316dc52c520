/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/model_fields.h"

#include <math.h>
#include <string.h>

#include "collection/purpose.h"

#define MODEL FIELD_OF_MODEL
#define FOREST FIELD_OF_FOREST
#define TEXT FIELD_IS_TEXT
#define NUMBER FIELD_IS_NUMBER
#define REAL FIELD_IS_REAL
#define DATE FIELD_IS_DATE
static const FieldInfo table[FIELD_COUNT] = {
#define FIELD(id, ...) [FIELD_##id] = {__VA_ARGS__},
#include "collection/fields.def"
#undef FIELD
};
#undef MODEL
#undef FOREST
#undef TEXT
#undef NUMBER
#undef REAL
#undef DATE

const FieldInfo *field_info(ModelField field) { return &table[field]; }

ModelField field_find(const char *name) {
  for (int f = 0; f < FIELD_COUNT; f++)
    if (g_ascii_strcasecmp(name, table[f].name) == 0 ||
        (table[f].second && g_ascii_strcasecmp(name, table[f].second) == 0))
      return (ModelField)f;
  return FIELD_COUNT;
}

char *field_list(void) {
  GString *s = g_string_new(NULL);
  for (int f = 0; f < FIELD_COUNT; f++) g_string_append_printf(s, "%s%s", f ? ", " : "", table[f].name);
  return g_string_free(s, FALSE);
}

/* The keys of facts that stand behind a field; the first that a model has counts. NULL: its name. */
static const char *const *fact_keys(ModelField field) {
  static const char *const dates[] = {"date", "modelspec.date", "ss_training_finished_at", "ss_training_started_at",
                                      NULL};
  static const char *const ranks[] = {"rank", "r", "ss_network_dim", NULL};
  return field == FIELD_DATE ? dates : field == FIELD_RANK ? ranks : NULL;
}

static void add_facts_of(const Model *m, const char *key, GPtrArray *texts) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (g_ascii_strcasecmp(f->key, key) == 0) g_ptr_array_add(texts, g_strdup(f->value));
  }
}

static void add_facts(const Model *m, ModelField field, const char *label_key, GPtrArray *texts) {
  const char *const *keys = fact_keys(field);
  const char *only = field == FIELD_CONCEPT ? model_concept_key(m, label_key) : keys ? NULL : table[field].name;
  if (only) add_facts_of(m, only, texts);
  for (guint had = texts->len; keys && *keys && texts->len == had; keys++) add_facts_of(m, *keys, texts);
}

static void add_dtypes(const Model *m, GPtrArray *texts) {
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (m->dtypes[d]) g_ptr_array_add(texts, g_strdup(dtype_name((Dtype)d)));
}

/* What the catalog itself holds; NULL for everything else. Borrowed. */
static const char *own_text(const Model *m, ModelField field) {
  switch (field) {
    case FIELD_PATH:
      return m->shown;
    case FIELD_NAME:
      return m->name;
    case FIELD_KIND:
      return model_kind_name(m->kind);
    case FIELD_FORMAT:
      return m->format;
    case FIELD_SPLIT:
      return model_split(m);
    default:
      return NULL;
  }
}

static bool is_own_text(ModelField field) {
  static const ModelField own[] = {FIELD_PATH, FIELD_NAME, FIELD_KIND, FIELD_FORMAT, FIELD_SPLIT};
  for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
    if (own[i] == field) return true;
  return false;
}

/* What the catalog counts; NAN for everything else. Trees are counted from 1. */
static double counted(const Model *m, ModelField field) {
  switch (field) {
    case FIELD_PARAMS:
      return (double)m->params;
    case FIELD_BYTES:
      return (double)m->bytes;
    case FIELD_TENSORS:
      return m->tensors;
    case FIELD_TREE:
      return m->tree >= 0 ? m->tree + 1 : NAN;
    default:
      return NAN;
  }
}

void model_field_texts(const Model *m, ModelField field, const char *label_key, GPtrArray *texts) {
  double number = counted(m, field);
  const char *text = own_text(m, field);
  if (field == FIELD_WHAT) g_ptr_array_add(texts, model_purpose(m, label_key));
  else if (isfinite(number)) g_ptr_array_add(texts, g_strdup_printf("%.0f", number));
  else if (text) g_ptr_array_add(texts, g_strdup(text));
  else if (field == FIELD_DTYPE) add_dtypes(m, texts);
  else if (field != FIELD_TREE && table[field].owner == FIELD_OF_MODEL && !is_own_text(field))
    add_facts(m, field, label_key, texts);
}

void model_texts(const Model *m, ModelField field, const char *name, const char *label_key, GPtrArray *texts) {
  if (field < FIELD_COUNT) model_field_texts(m, field, label_key, texts);
  else add_facts_of(m, name, texts);
}

double model_field_number(const Model *m, ModelField field) {
  double number = counted(m, field);
  if (isfinite(number) || table[field].kind != FIELD_IS_NUMBER) return number;
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  model_field_texts(m, field, NULL, texts);
  char *end = NULL;
  double x = texts->len ? g_ascii_strtod(texts->pdata[0], &end) : NAN;
  return end && !*end ? x : NAN;
}

char *field_number_text(ModelField field, double number) {
  if (!isfinite(number)) return NULL;
  if (field == FIELD_PARAMS) return text_count((uint64_t)number);
  if (field == FIELD_BYTES) return text_bytes((uint64_t)number);
  if (field == FIELD_CONFIDENCE) return g_strdup_printf("%.2f", number);
  return g_strdup_printf(table[field].kind == FIELD_IS_REAL ? "%.3g" : "%.0f", number);
}

/* Trainers write seconds since 1970, people days: a number becomes "2024-05-17T12:30:05Z". Takes the text. */
static char *date_as_people_write(char *text) {
  char *end = NULL;
  double seconds = g_ascii_strtod(text, &end);
  if (end == text || *end || !(seconds >= 1e8 && seconds < 1e11)) return text;
  g_autoptr(GDateTime) date = g_date_time_new_from_unix_utc((gint64)seconds);
  g_free(text);
  return g_date_time_format(date, "%Y-%m-%dT%H:%M:%SZ");
}

char *model_field_text(const Model *m, ModelField field, const char *label_key) {
  if (field == FIELD_BASE) return g_strdup(model_base(m));
  if (field == FIELD_FAMILY || field == FIELD_FORM) return g_strdup(model_value(m, table[field].name));
  g_autoptr(GPtrArray) texts = g_ptr_array_new_with_free_func(g_free);
  model_field_texts(m, field, label_key, texts);
  if (!texts->len) return NULL;
  for (guint i = 0; i < texts->len && field == FIELD_DATE; i++) texts->pdata[i] = date_as_people_write(texts->pdata[i]);
  g_ptr_array_add(texts, NULL);
  return g_strjoinv("; ", (char **)texts->pdata);
}

char *model_field_shown(const Model *m, ModelField field, const char *label_key) {
  double number = model_field_number(m, field);
  if (field == FIELD_DTYPE && model_main_dtype(m)) return model_dtypes_text(m);
  if (isfinite(number)) return field_number_text(field, number);
  g_autofree char *text = model_field_text(m, field, label_key);
  return text && *text ? safe_text(text, -1) : NULL;
}

const char *model_main_dtype(const Model *model) {
  int best = -1;
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (model->dtypes[d] && (best < 0 || model->dtypes[d] > model->dtypes[best])) best = d;
  return best < 0 ? NULL : dtype_name((Dtype)best);
}

char *model_dtypes_text(const Model *m) {
  GString *out = g_string_new(NULL);
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (m->dtypes[d]) g_string_append_printf(out, "%s%s %u", out->len ? ", " : "", dtype_name((Dtype)d), m->dtypes[d]);
  return g_string_free(out, FALSE);
}
