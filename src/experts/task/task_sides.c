/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/task_private.h"

#include <stdlib.h>
#include <string.h>

#include "collection/hand/content_key.h"
#include "numerics/hash.h"
#include "numerics/rng.h"

/* --- what is declared, and what old experts drew ---------------------------------------------------- */

static TaskSplit declared_split(const Model *m, bool val_holdout) {
  const char *s = model_split(m);
  if (!s) return SPLIT_COUNT;
  if (strcmp(s, "val") == 0) return SPLIT_VAL;
  if (strcmp(s, "test") == 0) return SPLIT_TEST;
  if (strcmp(s, "test_holdout") == 0) return SPLIT_HOLDOUT;
  if (val_holdout && strcmp(s, "val_holdout") == 0) return SPLIT_VAL_HOLDOUT;
  return strcmp(s, "train") == 0 ? SPLIT_TRAIN : SPLIT_COUNT;
}

static bool is_declared(const Task *t, TaskSplit split) {
  for (guint i = 0; i < t->models->len; i++)
    if (declared_split(t->models->pdata[i], false) == split) return true;
  return false;
}

static void take_declared(Task *t, bool val_holdout) {
  for (guint i = 0; i < t->models->len; i++) {
    const Model *m = t->models->pdata[i];
    t->split[i] = declared_split(m, val_holdout);
    if (t->split[i] != SPLIT_COUNT) continue;
    const char *name = model_split(m);
    g_autofree char *why = name ? g_strdup_printf("in split %s, which is not used", name) : NULL;
    left_out_add(t->left_out, why ? why : "in no split, where others are", m->shown);
  }
}

/* A tenth for validation, a tenth for test, by seed and path: how experts drew that carry no record. */
static TaskSplit drawn_by_path(const Model *m, uint64_t seed) {
  Rng rng;
  rng_init(&rng, seed, hash_name_bytes(HASH_NAME_BEGIN, m->path, strlen(m->path)));
  uint64_t tenth = rng_below(&rng, 10);
  return tenth == 0 ? SPLIT_VAL : tenth == 1 ? SPLIT_TEST : SPLIT_TRAIN;
}

/* --- content ----------------------------------------------------------------------------------------- */

SplitKey task_content(Collection *c, const Model *m) {
  g_autofree char *digits = c ? content_key_close(c, m, NULL) : NULL;
  if (digits) {
    g_autofree char *high = g_strndup(digits, 16);
    return (SplitKey){g_ascii_strtoull(high, NULL, 16), g_ascii_strtoull(digits + 16, NULL, 16)};
  }
  ContentHash h = content_hash(5, m->path, strlen(m->path));
  return (SplitKey){h.hi, h.lo};
}

/* --- one side ---------------------------------------------------------------------------------------- */

static void put_out(Task *t, size_t i, const char *why) {
  t->split[i] = SPLIT_COUNT;
  left_out_add(t->left_out, why, ((const Model *)t->models->pdata[i])->shown);
}

static bool is_measured(TaskSplit s) { return s != SPLIT_TRAIN && s != SPLIT_COUNT; }

/* Where folders put kin on several sides, those that train stay, else those that test. */
static void keep_one_side(Task *t) {
  static const int rank[SPLIT_COUNT + 1] = {5, 2, 4, 3, 1, 0};
  g_autofree int *best = g_new0(int, t->groups + 1);
  for (guint i = 0; i < t->models->len; i++) best[t->group[i]] = MAX(best[t->group[i]], rank[t->split[i]]);
  for (guint i = 0; i < t->models->len; i++) {
    int first = best[t->group[i]];
    if (!is_measured(t->split[i]) || rank[t->split[i]] == first) continue;
    put_out(t, i, first == 5 ? "not measured: kin of a training model" : "not measured: kin of a measured model");
  }
}

static bool before(SplitKey a, SplitKey b) { return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo; }

/* Of kin on one measured side the one of the least content stands for all: copies are no further evidence. */
static void count_once(Task *t) {
  for (TaskSplit s = SPLIT_VAL; s < SPLIT_COUNT; s++) {
    g_autofree size_t *first = g_new0(size_t, t->groups + 1);
    for (guint i = 0; i < t->models->len; i++) {
      size_t *at = &first[t->group[i]];
      if (t->split[i] == s && (!*at || before(t->content[i], t->content[*at - 1]))) *at = i + 1;
    }
    for (guint i = 0; i < t->models->len; i++)
      if (t->split[i] == s && first[t->group[i]] != i + 1) put_out(t, i, "not measured: kin of a measured model");
  }
}

static bool find_kin(Task *t, const TaskOptions *o, const TaskSides *s, GError **error) {
  KinQuestion q = {o->collection, s->label, !s->single, o->kin, o->kin_only};
  g_autoptr(Kin) kin = kin_find(t->models, &q, o->progress, error);
  if (!kin) return false;
  memcpy(t->group, kin->group, kin->n * sizeof *kin->group);
  memcpy(t->joined, kin->joined, sizeof kin->joined);
  t->groups = kin->groups;
  t->grouped = kin_grouped(kin);
  t->kin = kin_table(kin, t->models);
  return true;
}

static void draw(Task *t, const TaskOptions *o, const TaskSides *s) {
  SplitPlan plan = {t->models->len, t->groups, t->group, s->single ? s->label : NULL, s->labels, t->content, o->seed};
  t->drawn = !is_declared(t, SPLIT_TRAIN);
  t->val_drawn = !t->drawn && !is_declared(t, SPLIT_VAL);
  if (t->drawn) split_draw(&plan, t->split);
  else take_declared(t, o->val_holdout);
  if (t->val_drawn) split_draw_validation(&plan, t->split);
  keep_one_side(t);
  count_once(t);
}

typedef struct {
  SplitKey content;
  Model *model;
} Known;

static int by_content(const void *a, const void *b) {
  const Known *x = a, *y = b;
  if (before(x->content, y->content) || before(y->content, x->content)) return before(x->content, y->content) ? -1 : 1;
  return strcmp(x->model->path, y->model->path);
}

void task_order_by_content(Task *t, Collection *c) {
  guint n = t->models->len;
  g_autofree Known *known = g_new(Known, n + 1);
  for (guint i = 0; i < n; i++) known[i] = (Known){task_content(c, t->models->pdata[i]), t->models->pdata[i]};
  qsort(known, n, sizeof *known, by_content);
  t->content = g_new(SplitKey, n + 1);
  for (guint i = 0; i < n; i++) {
    t->content[i] = known[i].content;
    t->models->pdata[i] = known[i].model;
  }
}

/* As an expert that exists has it. */
static void recall(Task *t, const TaskOptions *o) {
  size_t n = t->groups = t->models->len;
  for (size_t i = 0; i < n; i++) t->group[i] = i;
  bool declared = is_declared(t, SPLIT_TRAIN);
  if (o->record) split_record_apply(o->record, t->content, n, t->split);
  else if (declared) take_declared(t, false);
  else
    for (size_t i = 0; i < n; i++) t->split[i] = drawn_by_path(t->models->pdata[i], o->seed);
  for (size_t i = 0; o->record && i < n; i++)
    if (t->split[i] == SPLIT_COUNT)
      left_out_add(t->left_out, "new since the expert was trained, or left out then",
                   ((const Model *)t->models->pdata[i])->shown);
}

bool task_take_sides(Task *t, const TaskOptions *o, const TaskSides *s, GError **error) {
  size_t n = t->models->len;
  t->split = g_new(TaskSplit, n + 1);
  t->group = g_new(size_t, n + 1);
  if (o->shapes) {
    recall(t, o);
    return true;
  }
  if (!find_kin(t, o, s, error)) return false;
  draw(t, o, s);
  return true;
}
