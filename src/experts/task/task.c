/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/task.h"

#include <string.h>

#include "core/error.h"
#include "numerics/rng.h"
#include "experts/probex/align.h"
#include "experts/task/label_list.h"

enum { MIN_LABELS = 2, MIN_TRAINING = 8 };

static bool is_candidate(const Model *m, int tree, const char *key) {
  return m->shapes && (tree < 0 || m->tree == tree) && model_value(m, key);
}

/* The architecture that most labelled models share, or NULL. Borrowed. */
static const char *commonest_shapes(const GPtrArray *models, int tree, const char *key) {
  g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
  const char *best = NULL;
  gsize top = 0;
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    if (!is_candidate(m, tree, key)) continue;
    gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, m->shapes)) + 1;
    g_hash_table_insert(counts, m->shapes, GSIZE_TO_POINTER(n));
    if (n > top) top = n, best = m->shapes;
  }
  return best;
}

/* Keeps the labelled models of the tree and architecture. */
static void choose_models(Task *t, const GPtrArray *models, const TaskOptions *o, const char *key) {
  const char *shapes = o->shapes ? o->shapes : commonest_shapes(models, o->tree, key);
  for (guint i = 0; i < models->len; i++) {
    Model *m = models->pdata[i];
    if (shapes && (!m->shapes || strcmp(m->shapes, shapes) != 0)) continue;
    if (is_candidate(m, o->tree, key)) g_ptr_array_add(t->models, model_ref(m));
    else if (!model_value(m, key)) t->no_label++;
  }
}

static TaskSplit declared_split(const Model *m) {
  const char *s = model_split(m);
  if (!s) return SPLIT_COUNT;
  if (strcmp(s, "val") == 0) return SPLIT_VAL;
  if (strcmp(s, "test") == 0) return SPLIT_TEST;
  if (strcmp(s, "test_holdout") == 0) return SPLIT_HOLDOUT;
  return strcmp(s, "train") == 0 ? SPLIT_TRAIN : SPLIT_COUNT;
}

static bool splits_are_declared(const Task *t) {
  for (guint i = 0; i < t->models->len; i++)
    if (declared_split(t->models->pdata[i]) == SPLIT_TRAIN) return true;
  return false;
}

/* A tenth for validation, a tenth for test, by seed and path: a model keeps its split whatever else
 * comes into the collection or leaves it. */
static TaskSplit drawn_split(const Model *m, uint64_t seed) {
  uint64_t h = 0xcbf29ce484222325u;
  for (const char *p = m->path; *p; p++) h = (h ^ (unsigned char)*p) * 0x100000001b3u;
  Rng rng;
  rng_init(&rng, seed, h);
  uint64_t tenth = rng_below(&rng, 10);
  return tenth == 0 ? SPLIT_VAL : tenth == 1 ? SPLIT_TEST : SPLIT_TRAIN;
}

static void set_splits(Task *t, uint64_t seed) {
  t->split = g_new(TaskSplit, t->models->len + 1);
  bool declared = splits_are_declared(t);
  for (guint i = 0; i < t->models->len; i++) {
    const Model *m = t->models->pdata[i];
    t->split[i] = declared ? declared_split(m) : drawn_split(m, seed);
  }
}

/* The index of a label among those known, plus 1; 0 when it is new. */
static size_t label_index(GHashTable *index, const char *label) {
  return GPOINTER_TO_SIZE(g_hash_table_lookup(index, label));
}

/* Labels of a split that are not known yet, each once. Borrowed. */
static GPtrArray *new_labels(const Task *t, GHashTable *index, TaskSplit split) {
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  GPtrArray *labels = g_ptr_array_new();
  for (guint i = 0; i < t->models->len; i++) {
    const char *label = t->split[i] == split ? model_value(t->models->pdata[i], t->key) : NULL;
    if (label && !label_index(index, label) && g_hash_table_add(seen, (char *)label))
      g_ptr_array_add(labels, (char *)label);
  }
  return labels;
}

/* Encodes labels, all at once, and keeps those that have a vector. */
static bool learn_some(Task *t, GHashTable *index, const GPtrArray *labels, TextEncoder *encoder, GArray *vectors,
                       GError **error) {
  g_autofree float *x = g_new(float, labels->len * t->d_text + 1);
  g_autofree bool *known = g_new0(bool, labels->len + 1);
  if (!text_encoder_encode_many(encoder, (const char *const *)labels->pdata, labels->len, x, known, error))
    return false;
  for (guint i = 0; i < labels->len; i++) {
    if (!known[i]) continue;
    SafeText *copy = g_strdup(labels->pdata[i]);
    g_array_append_vals(vectors, x + i * t->d_text, (guint)t->d_text);
    g_ptr_array_add(t->labels, copy);
    g_hash_table_insert(index, copy, GSIZE_TO_POINTER(t->labels->len));
  }
  return true;
}

/* Labels of the training models first, then those of held-out models, with their vectors. */
static bool learn_labels(Task *t, GHashTable *index, TextEncoder *encoder, GError **error) {
  g_autoptr(GArray) vectors = g_array_new(FALSE, FALSE, sizeof(float));
  for (int held_out = 0; held_out < 2; held_out++) {
    g_autoptr(GPtrArray) labels = new_labels(t, index, held_out ? SPLIT_HOLDOUT : SPLIT_TRAIN);
    if (!learn_some(t, index, labels, encoder, vectors, error)) return false;
    if (!held_out) t->seen = t->labels->len;
  }
  t->text = g_memdup2(vectors->data, vectors->len * sizeof(float));
  return true;
}

void task_centre_text(float *text, const float *mean, size_t d_text) {
  for (size_t j = 0; j < d_text; j++) text[j] -= mean[j];
  align_normalise(text, 1, d_text, NULL);
}

static void centre_labels(Task *t, const float *given) {
  t->text_mean = g_new0(float, t->d_text + 1);
  if (given) memcpy(t->text_mean, given, t->d_text * sizeof *given);
  for (size_t c = 0; c < t->seen && !given; c++)
    for (size_t j = 0; j < t->d_text; j++) t->text_mean[j] += t->text[c * t->d_text + j] / (float)t->seen;
  for (size_t c = 0; c < t->labels->len; c++) task_centre_text(t->text + c * t->d_text, t->text_mean, t->d_text);
}

/* Whether a model of this label (index plus 1) and split is of use: trained labels in the first three
 * splits, others in the last. */
static bool is_usable(const Task *t, size_t label, TaskSplit split) {
  if (label == 0 || split == SPLIT_COUNT) return false;
  return split == SPLIT_HOLDOUT ? label > t->seen : label <= t->seen;
}

/* Keeps the models for which keep() says so, with their splits. */
static void keep_models(Task *t, bool (*keep)(Task *t, size_t from, size_t to, void *user), void *user) {
  GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < t->models->len; i++) {
    TaskSplit split = t->split[i];
    if (!keep(t, i, kept->len, user)) continue;
    t->split[kept->len] = split;
    t->counts[split]++;
    g_ptr_array_add(kept, model_ref(t->models->pdata[i]));
  }
  g_ptr_array_unref(t->models);
  t->models = kept;
}

static bool keep_aligned(Task *t, size_t from, size_t to, void *index) {
  size_t label = label_index(index, model_value(t->models->pdata[from], t->key));
  TaskSplit split = t->split[from];
  if (label == 0 && split == SPLIT_TRAIN) t->no_vector++;
  if (!is_usable(t, label, split)) return false;
  t->target[to] = label - 1;
  return true;
}

static bool align_labels(Task *t, TextEncoder *encoder, const float *text_mean, GError **error) {
  g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
  t->d_text = text_encoder_dim(encoder);
  if (!learn_labels(t, index, encoder, error)) return false;
  centre_labels(t, text_mean);
  t->target = g_new(size_t, t->models->len + 1);
  keep_models(t, keep_aligned, index);
  return true;
}

/* --- classes ------------------------------------------------------------------------------------ */

/* Every label of a model: all facts of the key, each a name or a list of names. */
static GPtrArray *labels_of(const Model *m, const char *key) {
  GPtrArray *all = g_ptr_array_new_with_free_func(g_free);
  const char *source = NULL; /* a key that two files repeat counts once */
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, key) != 0 || (source && strcmp(source, f->source) != 0)) continue;
    source = f->source;
    g_autoptr(GPtrArray) some = label_list_parse(f->value);
    g_ptr_array_extend_and_steal(all, g_steal_pointer(&some));
  }
  return all;
}

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void take_classes(Task *t, GHashTable *index, const GPtrArray *classes) {
  for (guint k = 0; k < classes->len; k++) {
    char *label = g_strdup(classes->pdata[k]);
    g_ptr_array_add(t->labels, label);
    g_hash_table_insert(index, label, GSIZE_TO_POINTER(k + 1));
  }
  t->seen = t->labels->len;
}

/* The classes are the labels of training models, by name. */
static void learn_classes(Task *t, GHashTable *index) {
  for (guint i = 0; i < t->models->len; i++) {
    if (t->split[i] != SPLIT_TRAIN) continue;
    g_autoptr(GPtrArray) own = labels_of(t->models->pdata[i], t->key);
    for (guint k = 0; k < own->len; k++) {
      if (g_hash_table_contains(index, own->pdata[k])) continue;
      char *label = g_strdup(own->pdata[k]);
      g_ptr_array_add(t->labels, label);
      g_hash_table_add(index, label);
    }
  }
  g_ptr_array_sort(t->labels, by_name);
  for (guint k = 0; k < t->labels->len; k++) g_hash_table_insert(index, t->labels->pdata[k], GSIZE_TO_POINTER(k + 1));
  t->seen = t->labels->len;
}

static bool keep_classed(Task *t, size_t from, size_t to, void *index) {
  if (t->split[from] >= SPLIT_HOLDOUT) return false;
  g_autoptr(GPtrArray) own = labels_of(t->models->pdata[from], t->key);
  unsigned char *row = t->has + to * t->seen;
  memset(row, 0, t->seen);
  for (guint k = 0; k < own->len; k++) {
    size_t label = label_index(index, own->pdata[k]);
    if (label) row[label - 1] = 1;
  }
  return own->len > 0;
}

static bool class_labels(Task *t, const GPtrArray *classes, GError **error) {
  g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
  if (classes) take_classes(t, index, classes);
  else learn_classes(t, index);
  t->has = g_try_new0(unsigned char, t->models->len * t->seen + 1);
  if (!t->has) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "not enough memory for %zu classes of %u models", t->seen,
                t->models->len);
    return false;
  }
  keep_models(t, keep_classed, index);
  return true;
}

static bool check_enough(const Task *t, const TaskOptions *o, GError **error) {
  if (t->seen >= MIN_LABELS && t->counts[SPLIT_TRAIN] >= MIN_TRAINING) return true;
  g_autoptr(GString) why = g_string_new(NULL);
  if (t->no_label) g_string_append_printf(why, "; %u have no '%s'", t->no_label, t->key);
  if (t->no_vector)
    g_string_append_printf(why, "; %u have labels of which the encoder '%s' knows no word", t->no_vector,
                           text_encoder_name(o->encoder));
  if (o->tree >= 0) g_string_append_printf(why, "; only tree %d was looked at", o->tree + 1);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
              "too few labels: '%s' gives %zu training model%s of %zu different label%s, and %d "
              "models of %d are needed%s",
              t->key, t->counts[SPLIT_TRAIN], t->counts[SPLIT_TRAIN] == 1 ? "" : "s", t->seen, t->seen == 1 ? "" : "s",
              MIN_TRAINING, MIN_LABELS, why->str);
  return false;
}

/* Lists of targets are what classes are for; other keys serve both. */
static const char *default_key(const GPtrArray *models, bool classes) {
  for (guint i = 0; i < models->len && classes; i++)
    if (model_value(models->pdata[i], "dataset_chosen_targets")) return "dataset_chosen_targets";
  return models_label_key(models);
}

Task *task_new(const GPtrArray *models, const TaskOptions *o, GError **error) {
  const char *key = o->key ? o->key : default_key(models, !o->encoder);
  if (!key) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_TOO_FEW,
                        "no model carries a label (concept, imagenet_class_name, "
                        "imagenet_class_id, dataset_chosen_targets or tags); name another key "
                        "with --label");
    return NULL;
  }
  g_autoptr(Task) t = g_new0(Task, 1);
  t->key = g_strdup(key);
  t->models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  t->labels = g_ptr_array_new_with_free_func(g_free);
  choose_models(t, models, o, key);
  set_splits(t, o->seed);
  bool labelled = o->encoder ? align_labels(t, o->encoder, o->text_mean, error) : class_labels(t, o->classes, error);
  if (!labelled) return NULL;
  return check_enough(t, o, error) ? g_steal_pointer(&t) : NULL;
}

void task_free(Task *t) {
  if (!t) return;
  g_clear_pointer(&t->models, g_ptr_array_unref);
  g_clear_pointer(&t->labels, g_ptr_array_unref);
  g_free(t->target);
  g_free(t->has);
  g_free(t->split);
  g_free(t->text);
  g_free(t->text_mean);
  g_free(t->key);
  g_free(t);
}
