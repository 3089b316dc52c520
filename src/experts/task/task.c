/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/task.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "experts/probex/align.h"
#include "experts/task/split_labels.h"
#include "experts/task/task_private.h"

enum { MIN_LABELS = 2, MIN_TRAINING = 8 };

/* A task in the making. */
typedef struct {
  Task *task;
  const TaskOptions *options;
  const LabelSource *labels;
  GHashTable *index; /* label -> its index + 1 */
} Building;

static bool is_candidate(const Model *m, int tree, const LabelSource *labels) {
  return m->shapes && (tree < 0 || m->tree == tree) && label_source_first(labels, m);
}

/* The architecture that most labelled models share, or NULL. Borrowed. */
static const char *commonest_shapes(const GPtrArray *models, int tree, const LabelSource *labels) {
  g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
  const char *best = NULL;
  gsize top = 0;
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    if (!is_candidate(m, tree, labels)) continue;
    gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, m->shapes)) + 1;
    g_hash_table_insert(counts, m->shapes, GSIZE_TO_POINTER(n));
    if (n > top) top = n, best = m->shapes;
  }
  return best;
}

/* Keeps the labelled models of the tree and architecture. */
static void choose_models(Building *b, const GPtrArray *models) {
  Task *t = b->task;
  const TaskOptions *o = b->options;
  const char *shapes = o->shapes ? o->shapes : commonest_shapes(models, o->tree, b->labels);
  g_autofree char *unlabelled = g_strdup_printf("no label from '%s'", t->key);
  for (guint i = 0; i < models->len; i++) {
    Model *m = models->pdata[i];
    const char *label = label_source_first(b->labels, m);
    if (shapes && (!m->shapes || strcmp(m->shapes, shapes) != 0)) {
      if (label) left_out_add(t->left_out, "of another architecture than most labelled models", m->shown);
    } else if (is_candidate(m, o->tree, b->labels)) {
      g_ptr_array_add(t->models, model_ref(m));
    } else if (!label) {
      t->no_label++;
      left_out_add(t->left_out, unlabelled, m->shown);
    } else {
      left_out_add(t->left_out, "of another tree", m->shown);
    }
  }
}

/* The index of a label among those known, plus 1; 0 when it is new. */
static size_t label_index(GHashTable *index, const char *label) {
  return GPOINTER_TO_SIZE(g_hash_table_lookup(index, label));
}

/* Labels of a split that are not known yet, each once. Borrowed. */
static GPtrArray *new_labels(const Building *b, TaskSplit split) {
  const Task *t = b->task;
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  GPtrArray *labels = g_ptr_array_new();
  for (guint i = 0; i < t->models->len; i++) {
    const char *label = t->split[i] == split ? label_source_first(b->labels, t->models->pdata[i]) : NULL;
    if (label && !label_index(b->index, label) && g_hash_table_add(seen, (char *)label))
      g_ptr_array_add(labels, (char *)label);
  }
  return labels;
}

/* Encodes labels, all at once, and keeps those that have a vector. */
static bool learn_some(const Building *b, const GPtrArray *labels, GArray *vectors, GError **error) {
  Task *t = b->task;
  g_autofree float *x = g_new(float, labels->len * t->d_text + 1);
  g_autofree bool *known = g_new0(bool, labels->len + 1);
  if (!text_encoder_encode_many(b->options->encoder, (const char *const *)labels->pdata, labels->len, x, known, error))
    return false;
  for (guint i = 0; i < labels->len; i++) {
    if (!known[i]) continue;
    SafeText *copy = g_strdup(labels->pdata[i]);
    g_array_append_vals(vectors, x + i * t->d_text, (guint)t->d_text);
    g_ptr_array_add(t->labels, copy);
    g_hash_table_insert(b->index, copy, GSIZE_TO_POINTER(t->labels->len));
  }
  return true;
}

/* Labels of the training models first, then those of held-out models, with their vectors. */
static bool learn_labels(const Building *b, GError **error) {
  Task *t = b->task;
  g_autoptr(GArray) vectors = g_array_new(FALSE, FALSE, sizeof(float));
  for (int held_out = 0; held_out < 2; held_out++) {
    g_autoptr(GPtrArray) labels = new_labels(b, held_out ? SPLIT_HOLDOUT : SPLIT_TRAIN);
    if (!learn_some(b, labels, vectors, error)) return false;
    if (!held_out) t->seen = t->labels->len;
  }
  t->text = g_memdup2(vectors->data, vectors->len * sizeof(float));
  return true;
}

void task_centre_text(float *text, const float *mean, size_t d_text) {
  for (size_t j = 0; j < d_text; j++) text[j] -= mean[j];
  align_normalise(text, 1, d_text, NULL);
}

static void centre_labels(Task *t, const float *given, bool raw) {
  t->text_mean = g_new0(float, t->d_text + 1);
  if (given) memcpy(t->text_mean, given, t->d_text * sizeof *given);
  if (raw) return;
  for (size_t c = 0; c < t->seen && !given; c++)
    for (size_t j = 0; j < t->d_text; j++) t->text_mean[j] += t->text[c * t->d_text + j] / (float)t->seen;
  for (size_t c = 0; c < t->labels->len; c++) task_centre_text(t->text + c * t->d_text, t->text_mean, t->d_text);
}

/* Whether a model of this label (index plus 1) and split is of use: trained labels in the first three
 * splits, others in the last. */
static bool is_usable(const Task *t, size_t label, TaskSplit split) {
  if (label == 0 || split == SPLIT_COUNT) return false;
  return split >= SPLIT_HOLDOUT ? label > t->seen : label <= t->seen;
}

/* Why a model of a split takes no part though it has a label. */
static void tell_unusable(Task *t, const Model *m, size_t label, TaskSplit split) {
  if (split == SPLIT_COUNT) return; /* told where it was put there */
  t->no_vector += label == 0 && split == SPLIT_TRAIN;
  left_out_add(t->left_out,
               split == SPLIT_TRAIN     ? "the encoder knows no word of its label"
               : split >= SPLIT_HOLDOUT ? "kept for unseen labels, and its label is in training"
                                        : "its label is in no training model",
               m->shown);
}

/* Keeps the models for which keep() says so, with what belongs to them. */
static void keep_models(Building *b, bool (*keep)(Building *b, size_t from, size_t to)) {
  Task *t = b->task;
  GPtrArray *kept = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < t->models->len; i++) {
    TaskSplit split = t->split[i];
    if (!keep(b, i, kept->len)) continue;
    t->split[kept->len] = split;
    t->group[kept->len] = t->group[i];
    t->content[kept->len] = t->content[i];
    t->counts[split]++;
    g_ptr_array_add(kept, model_ref(t->models->pdata[i]));
  }
  g_ptr_array_unref(t->models);
  t->models = kept;
}

static bool keep_aligned(Building *b, size_t from, size_t to) {
  Task *t = b->task;
  const Model *m = t->models->pdata[from];
  size_t label = label_index(b->index, label_source_first(b->labels, m));
  bool usable = is_usable(t, label, t->split[from]);
  if (!usable) tell_unusable(t, m, label, t->split[from]);
  else t->target[to] = label - 1;
  return usable;
}

static bool align_labels(Building *b, GError **error) {
  Task *t = b->task;
  t->d_text = text_encoder_dim(b->options->encoder);
  if (!learn_labels(b, error)) return false;
  centre_labels(t, b->options->text_mean, b->options->raw_text);
  t->target = g_new(size_t, t->models->len + 1);
  keep_models(b, keep_aligned);
  return true;
}

/* --- classes ------------------------------------------------------------------------------------ */

static int by_name(gconstpointer a, gconstpointer b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The classes that are given, or the labels of training models, by name. */
static void learn_classes(Building *b) {
  Task *t = b->task;
  const GPtrArray *given = b->options->classes;
  for (guint k = 0; given && k < given->len; k++) g_ptr_array_add(t->labels, g_strdup(given->pdata[k]));
  for (guint i = 0; !given && i < t->models->len; i++) {
    if (t->split[i] != SPLIT_TRAIN) continue;
    const GPtrArray *own = label_source_all(b->labels, t->models->pdata[i]);
    for (guint k = 0; k < own->len; k++) {
      if (g_hash_table_contains(b->index, own->pdata[k])) continue;
      char *label = g_strdup(own->pdata[k]);
      g_ptr_array_add(t->labels, label);
      g_hash_table_add(b->index, label);
    }
  }
  if (!given) g_ptr_array_sort(t->labels, by_name);
  for (guint k = 0; k < t->labels->len; k++)
    g_hash_table_insert(b->index, t->labels->pdata[k], GSIZE_TO_POINTER(k + 1));
  t->seen = t->labels->len;
}

static bool keep_classed(Building *b, size_t from, size_t to) {
  Task *t = b->task;
  if (t->split[from] >= SPLIT_HOLDOUT) return false;
  const GPtrArray *own = label_source_all(b->labels, t->models->pdata[from]);
  unsigned char *row = t->has + to * t->seen;
  memset(row, 0, t->seen);
  for (guint k = 0; k < own->len; k++) {
    size_t label = label_index(b->index, own->pdata[k]);
    if (label) row[label - 1] = 1;
  }
  return true;
}

static bool class_labels(Building *b, GError **error) {
  Task *t = b->task;
  learn_classes(b);
  t->has = g_try_new0(unsigned char, t->models->len * t->seen + 1);
  if (!t->has) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO,
                "not enough memory for %zu classes of %u models: close other programs, or raise --min-count", t->seen,
                t->models->len);
    return false;
  }
  keep_models(b, keep_classed);
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

/* The label that near kin and runs are told by: equal words, equal numbers. */
static size_t *label_numbers(const Building *b, size_t *labels) {
  const GPtrArray *models = b->task->models;
  g_autoptr(GHashTable) numbers = g_hash_table_new(g_str_hash, g_str_equal);
  size_t *number = g_new(size_t, models->len + 1);
  *labels = 0;
  for (guint i = 0; i < models->len; i++) {
    const char *label = label_source_first(b->labels, models->pdata[i]);
    gsize at = GPOINTER_TO_SIZE(g_hash_table_lookup(numbers, label));
    if (!at) g_hash_table_insert(numbers, (gpointer)label, GSIZE_TO_POINTER(at = ++*labels));
    number[i] = at - 1;
  }
  return number;
}

static bool build(Building *b, const GPtrArray *models, GError **error) {
  size_t labels;
  choose_models(b, models);
  task_order_by_content(b->task, b->options->collection);
  g_autofree size_t *label = label_numbers(b, &labels);
  TaskSides sides = {label, labels, b->options->encoder != NULL};
  return task_take_sides(b->task, b->options, &sides, error) &&
         (b->options->encoder ? align_labels : class_labels)(b, error) && check_enough(b->task, b->options, error);
}

/* As an expert that exists was told. */
static LabelSource *recall_labels(const GPtrArray *models, const TaskOptions *o) {
  g_autofree SplitKey *content = g_new0(SplitKey, models->len + 1);
  for (guint i = 0; i < models->len; i++)
    if (((const Model *)models->pdata[i])->shapes) content[i] = task_content(o->collection, models->pdata[i]);
  return split_labels_recall(o->record, o->label.source, models, content);
}

Task *task_new(const GPtrArray *models, const TaskOptions *o, GError **error) {
  LabelRequest request = o->label;
  request.single = o->encoder != NULL;
  bool kept = o->record && o->record->labels && request.source;
  g_autoptr(LabelSource) labels = kept ? recall_labels(models, o) : label_source_new(models, &request, error);
  if (!labels) return NULL;
  g_autoptr(Task) t = g_new0(Task, 1);
  t->key = g_strdup(labels->source);
  t->models = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  t->labels = g_ptr_array_new_with_free_func(g_free);
  t->left_out = left_out_new();
  t->warnings = g_ptr_array_ref(labels->warnings);
  g_autoptr(GHashTable) index = g_hash_table_new(g_str_hash, g_str_equal);
  Building b = {t, o, labels, index};
  return build(&b, models, error) ? g_steal_pointer(&t) : NULL;
}

/* By model, what it is called. */
static GPtrArray *labels_by_model(const Task *t) {
  GPtrArray *all = g_ptr_array_new_with_free_func(label_list_free);
  for (guint i = 0; i < t->models->len; i++) {
    GPtrArray *own = g_ptr_array_new_with_free_func(g_free);
    if (!t->has) g_ptr_array_add(own, g_strdup(t->labels->pdata[t->target[i]]));
    for (size_t c = 0; t->has && c < t->seen; c++)
      if (t->has[i * t->seen + c]) g_ptr_array_add(own, g_strdup(t->labels->pdata[c]));
    g_ptr_array_add(all, own);
  }
  return all;
}

SplitRecord *task_record(const Task *t) {
  SplitRecord *r = split_record_new(t->content, t->split, t->models->len);
  r->drawn = t->drawn, r->val_drawn = t->val_drawn;
  r->grouped = t->grouped, r->groups = t->groups;
  if (split_labels_wanted(t->key)) r->labels = labels_by_model(t);
  return r;
}

double task_control(const Task *t, TaskSplit split) {
  size_t n = t->counts[split];
  if (t->has || !n || !t->target) return NAN;
  if (split == SPLIT_HOLDOUT) return 1 / (double)MAX(t->labels->len - t->seen, (size_t)1);
  g_autofree size_t *train = g_new0(size_t, t->seen + 1), *own = g_new0(size_t, t->seen + 1);
  size_t best = 0;
  for (guint i = 0; i < t->models->len; i++) {
    if (t->split[i] == SPLIT_TRAIN) train[t->target[i]]++;
    if (t->split[i] == split) own[t->target[i]]++;
  }
  for (size_t c = 1; c < t->seen; c++) /* of equal ones the first by name, wherever its models lie */
    if (train[c] > train[best] || (train[c] == train[best] && strcmp(t->labels->pdata[c], t->labels->pdata[best]) < 0))
      best = c;
  return (double)own[best] / (double)n;
}

void task_free(Task *t) {
  if (!t) return;
  g_clear_pointer(&t->models, g_ptr_array_unref);
  g_clear_pointer(&t->labels, g_ptr_array_unref);
  g_clear_pointer(&t->left_out, g_ptr_array_unref);
  g_clear_pointer(&t->warnings, g_ptr_array_unref);
  g_clear_pointer(&t->kin, g_hash_table_unref);
  g_free(t->group);
  g_free(t->content);
  g_free(t->target);
  g_free(t->has);
  g_free(t->split);
  g_free(t->text);
  g_free(t->text_mean);
  g_free(t->key);
  g_free(t);
}
