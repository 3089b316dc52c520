/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/model.h"

#include <math.h>
#include <string.h>

const char *model_kind_name(ModelKind kind) {
  static const char *const names[] = {"full", "lora", "embedding", "other", "adapter"};
  return (unsigned)kind < G_N_ELEMENTS(names) ? names[kind] : "other";
}

bool model_is_adapter(const Model *m) { return m->kind == MODEL_LORA || m->kind == MODEL_ADAPTER; }

Model *model_new(void) {
  Model *m = g_new0(Model, 1);
  m->scaling.alpha = NAN;
  m->kind = MODEL_OTHER;
  m->tree = -1;
  m->facts = g_ptr_array_new_with_free_func(g_free);
  atomic_init(&m->refs, 1);
  return m;
}

Model *model_ref(Model *m) {
  atomic_fetch_add(&m->refs, 1);
  return m;
}

void model_unref(Model *m) {
  if (!m || atomic_fetch_sub(&m->refs, 1) != 1) return;
  g_free(m->path);
  g_free(m->shown);
  g_free(m->file);
  g_free(m->name);
  g_free(m->format);
  g_free(m->shapes);
  g_ptr_array_unref(m->facts);
  g_free(m);
}

/* A fact and its three strings lie in one block: a large collection holds millions of them. */
static Fact *fact_new(const char *key, const char *value, const char *source) {
  size_t k = strlen(key) + 1, v = strlen(value) + 1, s = strlen(source) + 1;
  Fact *f = g_malloc(sizeof *f + k + v + s);
  f->key = (char *)(f + 1);
  f->value = f->key + k;
  f->source = f->value + v;
  memcpy(f->key, key, k);
  memcpy(f->value, value, v);
  memcpy(f->source, source, s);
  return f;
}

/* Most strings are plain ASCII and are taken as they are; *copy gets what must be freed. */
static const char *cleaned(const char *s, char **copy) {
  const char *p = s;
  while (*p >= 0x20 && *p < 0x7f) p++;
  if (*p == '\0' || text_is_safe(s, -1)) return s;
  return *copy = safe_text(s, -1);
}

void model_add_fact(Model *m, const char *key, const char *value, const char *source) {
  g_autofree char *k = NULL, *v = NULL, *s = NULL;
  const char *clean_key = cleaned(key, &k), *clean_value = cleaned(value, &v);
  g_ptr_array_add(m->facts, fact_new(clean_key, clean_value, cleaned(source, &s)));
}

const Fact *model_fact(const Model *m, const char *key) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, key) == 0) return f;
  }
  return NULL;
}

const char *model_value(const Model *m, const char *key) {
  const Fact *f = model_fact(m, key);
  return f ? f->value : NULL;
}

bool base_is_local_path(const char *base) {
  if (base[0] == '/' || base[0] == '.' || base[0] == '~') return true;
  if (strchr(base, '\\')) return true;
  const char *slash = strchr(base, '/');
  return slash && strchr(slash + 1, '/') != NULL;
}

/* A folder on somebody else's disk says less than a repository that another file names. */
const SafeText *model_title(const Model *model) {
  return model_value(model, "repository") ? model->name : model->shown;
}

const char *model_base(const Model *m) {
  const char *first = NULL;
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, "base") != 0) continue;
    if (!base_is_local_path(f->value)) return f->value;
    if (!first) first = f->value;
  }
  return first;
}

bool split_is_name(const char *name) {
  static const char *const splits[] = {"train", "val", "test", "val_holdout", "test_holdout"};
  for (size_t i = 0; i < G_N_ELEMENTS(splits); i++)
    if (strcmp(name, splits[i]) == 0) return true;
  return false;
}

const char *model_split(const Model *m) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, "split") == 0 && split_is_name(f->value)) return f->value;
  }
  return NULL;
}

/* Where labels come from when nobody names a key, the most telling first; tags are for want of anything better. */
static const char *const label_keys[] = {"concept", "imagenet_class_name", "imagenet_class_id",
                                         "dataset_chosen_targets", "tags"};

static bool is_tags(const char *key) { return g_str_equal(key, "tags"); }

/* A class id whose name is known goes by that. */
static const char *named_key(const Model *m, const char *key) {
  static const char id[] = "imagenet_class_id", name[] = "imagenet_class_name";
  return strcmp(key, id) == 0 && model_fact(m, name) ? name : key;
}

const char *model_concept_key(const Model *model, const char *label_key) {
  /* A tag may label a model, but it does not say what it shows. */
  if (label_key && !is_tags(label_key) && model_fact(model, label_key)) return named_key(model, label_key);
  for (size_t k = 0; k < G_N_ELEMENTS(label_keys) && !is_tags(label_keys[k]); k++)
    if (model_fact(model, label_keys[k])) return label_keys[k];
  return NULL;
}

const char *model_concept(const Model *model, const char *label_key) {
  const char *key = model_concept_key(model, label_key);
  return key ? model_value(model, key) : NULL;
}

const char *models_label_key(const GPtrArray *models) {
  for (size_t k = 0; k < G_N_ELEMENTS(label_keys); k++)
    for (guint i = 0; i < models->len; i++)
      if (model_fact(models->pdata[i], label_keys[k])) return label_keys[k];
  return NULL;
}
