/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/label_source.h"

#include <string.h>

#include "core/error.h"
#include "core/synset.h"
#include "experts/task/label_file.h"
#include "experts/task/label_list.h"

/* Tags that name a tool, a base, a form or a licence, and not what a model shows. */
static const char *const usual_stops[] = {"lora",
                                          "dreambooth",
                                          "text-to-image",
                                          "diffusers",
                                          "stable-diffusion",
                                          "sdxl",
                                          "sd15",
                                          "flux",
                                          "template:*",
                                          "base_model:*",
                                          "license:*",
                                          "region:*",
                                          "dataset:*",
                                          "autotrain*",
                                          "safetensors",
                                          "pytorch",
                                          "transformers",
                                          "generated*",
                                          "arxiv:*",
                                          "model-index",
                                          "peft",
                                          "endpoints_*",
                                          "tensorboard",
                                          "image-classification",
                                          "text-generation",
                                          "stable-diffusion-*",
                                          "image-to-image",
                                          "has_space",
                                          "en",
                                          "model",
                                          "adapter",
                                          "*-training",
                                          NULL};

/* Words of file names that say nothing either. */
static const char *const name_stops[] = {"lora",  "model", "models", "adapter", "sdxl",    "sd",         "xl",
                                         "final", "flux",  "fp16",   "bf16",    "pytorch", "weights",    "dev",
                                         "epoch", "step",  "steps",  "the",     "ckpt",    "checkpoint", "safetensors",
                                         "v",     "idx",   "last",   "best",    NULL};

void label_list_free(gpointer labels) { g_ptr_array_unref(labels); }

void label_source_free(LabelSource *s) {
  if (!s) return;
  g_free(s->source);
  g_clear_pointer(&s->labels, g_hash_table_unref);
  g_clear_pointer(&s->warnings, g_ptr_array_unref);
  g_free(s);
}

const GPtrArray *label_source_all(const LabelSource *s, const Model *m) {
  return g_hash_table_lookup(s->labels, m->path);
}

const char *label_source_first(const LabelSource *s, const Model *m) {
  const GPtrArray *all = label_source_all(s, m);
  return all && all->len ? all->pdata[0] : NULL;
}

/* --- facts ------------------------------------------------------------------------------------------- */

/* All facts of the key from the first source that has it, each a name or a list of names; for one label the first as it
 * stands. `by_hand`: from the user alone. */
static GPtrArray *labels_of_fact(const Model *m, const char *key, bool single, bool by_hand) {
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  const char *source = NULL; /* a key that two files repeat counts once */
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, key) != 0 || (source && strcmp(source, f->source) != 0)) continue;
    if (by_hand && strcmp(f->source, "by hand") != 0) continue;
    source = f->source;
    if (single) {
      g_ptr_array_add(all, g_strdup(f->value));
      break;
    }
    g_autoptr(GPtrArray) some = label_list_parse(f->value);
    g_ptr_array_extend_and_steal(all, g_steal_pointer(&some));
  }
  return all;
}

static bool stops(const char *tag, char *const *more) {
  g_autofree char *folded = g_ascii_strdown(tag, -1);
  for (size_t i = 0; usual_stops[i]; i++)
    if (g_pattern_match_simple(usual_stops[i], folded)) return true;
  for (; more && *more; more++)
    if (g_pattern_match_simple(g_strstrip(*more), folded)) return true;
  return false;
}

static GPtrArray *labels_of_tags(const Model *m, char *const *more) {
  g_autoptr(GPtrArray) all = labels_of_fact(m, "tags", false, false);
  GPtrArray *kept = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < all->len; i++)
    if (!stops(all->pdata[i], more)) g_ptr_array_add(kept, g_strdup(all->pdata[i]));
  return kept;
}

/* --- paths ------------------------------------------------------------------------------------------- */

static GPtrArray *one(const char *text) {
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  if (text && *text) g_ptr_array_add(all, safe_text(text, -1));
  return all;
}

/* The nearest folder above that is no part of a split. */
static GPtrArray *labels_of_folder(const Model *m) {
  g_autofree char *folder = g_path_get_dirname(m->path);
  while (strcmp(folder, ".") != 0) {
    g_autofree char *name = g_path_get_basename(folder), *up = g_path_get_dirname(folder);
    if (!split_is_name(name)) return one(name);
    g_free(folder);
    folder = g_steal_pointer(&up);
  }
  return one(NULL);
}

/* "Red_Fox-v2.lora" -> "red fox". */
static GPtrArray *labels_of_name(const Model *m) {
  g_autofree char *folded = g_utf8_strdown(m->name ? m->name : m->path, -1);
  g_auto(GStrv) words = g_strsplit_set(folded, "0123456789 _-.,()[]+#@/", -1);
  g_autoptr(GString) out = g_string_new(NULL);
  for (char **w = words; *w; w++) {
    if (strlen(*w) < 2 || g_strv_contains(name_stops, *w)) continue;
    g_string_append_printf(out, "%s%s", out->len ? " " : "", *w);
  }
  return one(out->str);
}

/* --- all of it --------------------------------------------------------------------------------------- */

static GPtrArray *labels_of(const Model *m, const char *source, const LabelRequest *r, char *const *more) {
  if (strcmp(source, "folder") == 0) return labels_of_folder(m);
  if (strcmp(source, "name") == 0) return labels_of_name(m);
  if (strcmp(source, "hand") == 0) return labels_of_fact(m, "label", r->single, true);
  if (strcmp(source, "tags") == 0) return labels_of_tags(m, more);
  return labels_of_fact(m, source, r->single, false);
}

/* Labels that are ids of WordNet's nouns, as ImageNet's classes are, go by their names. */
static void name_synsets(GPtrArray *labels) {
  for (guint i = 0; i < labels->len; i++) {
    char *name = synset_name(labels->pdata[i]);
    if (!name) continue;
    g_free(labels->pdata[i]);
    labels->pdata[i] = name;
  }
}

/* Drops labels that fewer than `least` models have; tags of models that keep one label begin with a kept one. */
static void drop_rare(LabelSource *s, unsigned least) {
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter it;
  gpointer path, value;
  g_hash_table_iter_init(&it, s->labels);
  while (g_hash_table_iter_next(&it, &path, &value))
    for (guint k = 0; k < ((GPtrArray *)value)->len; k++) {
      const char *label = ((GPtrArray *)value)->pdata[k];
      gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, label));
      g_hash_table_insert(counts, g_strdup(label), GSIZE_TO_POINTER(n + 1));
    }
  g_hash_table_iter_init(&it, s->labels);
  while (g_hash_table_iter_next(&it, &path, &value)) {
    GPtrArray *own = value;
    for (guint k = own->len; k > 0; k--)
      if (GPOINTER_TO_SIZE(g_hash_table_lookup(counts, own->pdata[k - 1])) < least)
        g_ptr_array_remove_index(own, k - 1);
    if (!own->len) g_hash_table_iter_remove(&it);
  }
  g_hash_table_iter_init(&it, counts);
  while (g_hash_table_iter_next(&it, &path, &value)) s->rare += GPOINTER_TO_SIZE(value) < least;
}

static LabelSource *nothing_found(const LabelRequest *r, const LabelSource *s, GError **error) {
  if (!r->source)
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
                        "no model carries a label (concept, imagenet_class_name, imagenet_class_id, "
                        "dataset_chosen_targets or tags); name another key with --label, or folder, name, hand or "
                        "@FILE.csv; `copse labels DIR` lists what there is");
  else if (s->rare)
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
                "'%s' gives %u labels, none on as many models as asked for: lower --min-count", s->source, s->rare);
  else
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
                "too few labels: no model has one from '%s'; `copse labels DIR` lists what there is%s%s", s->source,
                s->warnings->len ? "; " : "", s->warnings->len ? (char *)s->warnings->pdata[0] : "");
  return NULL;
}

/* Lists of targets are what classes are for; other keys serve both. */
static const char *default_source(const GPtrArray *models, bool single) {
  for (guint i = 0; i < models->len && !single; i++)
    if (model_value(models->pdata[i], "dataset_chosen_targets")) return "dataset_chosen_targets";
  return models_label_key(models);
}

bool label_source_has_lists(const GPtrArray *models, const char *source) {
  static const char *const others[] = {"folder", "name", "hand", "tags", NULL};
  guint declared = 0, lists = 0;
  if (!source) source = models_label_key(models);
  if (!source || source[0] == '@' || g_strv_contains(others, source)) return false;
  for (guint i = 0; i < models->len; i++) {
    const char *value = model_value(models->pdata[i], source);
    if (!value) continue;
    g_autoptr(GPtrArray) labels = label_list_parse(value);
    declared++;
    lists += labels->len > 1;
  }
  return 2 * lists > declared;
}

LabelSource *label_source_new(const GPtrArray *models, const LabelRequest *r, GError **error) {
  g_autoptr(LabelSource) s = g_new0(LabelSource, 1);
  const char *source = r->source ? r->source : default_source(models, r->single);
  s->source = source ? safe_text(source, -1) : NULL;
  s->labels = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, label_list_free);
  s->warnings = g_ptr_array_new_with_free_func(g_free);
  if (!source) return nothing_found(r, s, error);
  g_auto(GStrv) more = r->stop_words ? g_strsplit(r->stop_words, ",", -1) : NULL;
  bool file = source[0] == '@';
  if (file && !label_file_read(source + 1, models, r->single, s->labels, s->warnings, error)) return NULL;
  for (guint i = 0; i < models->len && !file; i++) {
    const Model *m = models->pdata[i];
    GPtrArray *some = labels_of(m, source, r, more);
    if (some->len) g_hash_table_insert(s->labels, g_strdup(m->path), some);
    else g_ptr_array_unref(some);
  }
  GHashTableIter it;
  gpointer own;
  g_hash_table_iter_init(&it, s->labels);
  while (g_hash_table_iter_next(&it, NULL, &own)) name_synsets(own);
  drop_rare(s, r->min_count ? r->min_count : strcmp(source, "tags") == 0 ? 2 : 1);
  if (!g_hash_table_size(s->labels)) return nothing_found(r, s, error);
  return g_steal_pointer(&s);
}
