/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/task/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/hash.h"

/* Shares that are drawn, and the labels that there must be for some to be held out. */
static const double part_share = 0.1, least_share = 0.05;
enum { LABELS_TO_HOLD_OUT = 6, HELD_OUT_LEAST = 2 };

/* --- drawing ---------------------------------------------------------------------------------------- */

/* A number in [0, 1) for a key. */
static double lot(uint64_t seed, SplitKey key) {
  uint64_t h = hash_mix(key.lo ^ hash_mix(key.hi ^ hash_mix(seed + 0x9e3779b97f4a7c15u)));
  return (double)(h >> 11) * 0x1p-53;
}

static bool key_less(SplitKey a, SplitKey b) { return a.hi != b.hi ? a.hi < b.hi : a.lo < b.lo; }

typedef struct {
  double lot;
  size_t index;
} Drawn;

static int by_lot(const void *a, const void *b) {
  const Drawn *x = a, *y = b;
  if (x->lot != y->lot) return x->lot > y->lot ? 1 : -1;
  return (x->index > y->index) - (x->index < y->index);
}

/* The lot of each group: that of its least content. */
static double *group_lots(const SplitPlan *p) {
  g_autofree SplitKey *least = g_new0(SplitKey, p->groups + 1);
  g_autofree bool *there = g_new0(bool, p->groups + 1);
  double *lots = g_new0(double, p->groups + 1);
  for (size_t i = 0; i < p->n; i++) {
    size_t g = p->group[i];
    if (!there[g] || key_less(p->key[i], least[g])) least[g] = p->key[i];
    there[g] = true;
  }
  for (size_t g = 0; g < p->groups; g++) lots[g] = lot(p->seed, least[g]);
  return lots;
}

/* The label of each group: its first model's. */
static size_t *group_labels(const SplitPlan *p) {
  size_t *label = g_new0(size_t, p->groups + 1);
  for (size_t i = p->n; i > 0; i--) label[p->group[i - 1]] = p->label[i - 1];
  return label;
}

/* Which labels are held out: those of the smallest lots. A label's lot is the least of its groups', turned once
 * more. */
static bool *held_out(const SplitPlan *p, const size_t *label, const double *lots) {
  bool *held = g_new0(bool, p->labels + 1);
  Drawn *order = g_new(Drawn, p->labels + 1);
  for (size_t l = 0; l < p->labels; l++) order[l] = (Drawn){2, l};
  for (size_t g = 0; g < p->groups; g++) order[label[g]].lot = fmin(order[label[g]].lot, lots[g]);
  for (size_t l = 0; l < p->labels; l++) {
    SplitKey key = {0, (uint64_t)(order[l].lot * 0x1p53)};
    order[l].lot = lot(p->seed + 1, key);
  }
  qsort(order, p->labels, sizeof *order, by_lot);
  size_t many = p->labels >= LABELS_TO_HOLD_OUT ? MAX((size_t)HELD_OUT_LEAST, p->labels * 3 / 20) : 0;
  for (size_t k = 0; k < many; k++) held[order[k].index] = true;
  g_free(order);
  return held;
}

/* Marks a group of each label that must train: the one in the middle of the draw. */
static bool *must_train(const SplitPlan *p, const size_t *label, const double *lots) {
  bool *must = g_new0(bool, p->groups + 1);
  g_autofree size_t *best = g_new0(size_t, p->labels + 1);
  for (size_t g = 0; g < p->groups; g++) {
    size_t *b = &best[label[g]];
    if (!*b || fabs(lots[g] - 0.5) < fabs(lots[*b - 1] - 0.5)) *b = g + 1;
  }
  for (size_t l = 0; l < p->labels; l++)
    if (best[l]) must[best[l] - 1] = true;
  return must;
}

/* Deals the groups that may be measured: the lowest lots test, the highest validate. */
static void deal(TaskSplit *part, Drawn *free_groups, size_t n, bool test) {
  qsort(free_groups, n, sizeof *free_groups, by_lot);
  size_t least = (size_t)ceil(least_share * (double)n);
  for (size_t k = 0; k < n; k++) {
    const Drawn *d = &free_groups[k];
    if (n - k <= least || d->lot >= 1 - part_share) part[d->index] = SPLIT_VAL;
    else if (test && (k < least || d->lot < part_share)) part[d->index] = SPLIT_TEST;
  }
}

/* The part of each group; those where `fixed` (may be NULL) is not SPLIT_TRAIN stay there. */
static void draw(const SplitPlan *p, const TaskSplit *fixed, bool all, TaskSplit *part) {
  g_autofree double *lots = group_lots(p);
  g_autofree size_t *label = p->label ? group_labels(p) : NULL;
  g_autofree bool *held = label && all ? held_out(p, label, lots) : NULL;
  g_autofree bool *must = label ? must_train(p, label, lots) : NULL;
  g_autofree Drawn *open = g_new(Drawn, p->groups + 1);
  size_t n = 0;
  for (size_t g = 0; g < p->groups; g++) {
    part[g] = fixed ? fixed[g] : SPLIT_TRAIN;
    if (held && held[label[g]]) part[g] = SPLIT_HOLDOUT;
    else if (part[g] == SPLIT_TRAIN && !(must && must[g])) open[n++] = (Drawn){lots[g], g};
  }
  deal(part, open, n, all);
}

void split_draw(const SplitPlan *p, TaskSplit *split) {
  g_autofree TaskSplit *part = g_new(TaskSplit, p->groups + 1);
  draw(p, NULL, true, part);
  for (size_t i = 0; i < p->n; i++) split[i] = part[p->group[i]];
}

void split_draw_validation(const SplitPlan *p, TaskSplit *split) {
  g_autofree TaskSplit *part = g_new(TaskSplit, p->groups + 1), *fixed = g_new(TaskSplit, p->groups + 1);
  for (size_t g = 0; g < p->groups; g++) fixed[g] = SPLIT_TRAIN;
  for (size_t i = 0; i < p->n; i++)
    if (split[i] != SPLIT_TRAIN) fixed[p->group[i]] = SPLIT_COUNT; /* it has kin elsewhere: it stays */
  draw(p, fixed, false, part);
  for (size_t i = 0; i < p->n; i++)
    if (split[i] == SPLIT_TRAIN && part[p->group[i]] == SPLIT_VAL) split[i] = SPLIT_VAL;
}

/* --- remembering ------------------------------------------------------------------------------------ */

SplitRecord *split_record_new(const SplitKey *key, const TaskSplit *part, size_t n) {
  SplitRecord *r = g_new0(SplitRecord, 1);
  r->n = n;
  r->key = g_new(SplitKey, n + 1);
  r->part = g_new(TaskSplit, n + 1);
  memcpy(r->key, key, n * sizeof *key);
  memcpy(r->part, part, n * sizeof *part);
  return r;
}

void split_record_free(SplitRecord *r) {
  if (!r) return;
  g_free(r->key);
  g_free(r->part);
  g_clear_pointer(&r->labels, g_ptr_array_unref);
  g_free(r);
}

guint split_key_hash(gconstpointer key) { return (guint)(((const SplitKey *)key)->lo); }

gboolean split_key_equal(gconstpointer a, gconstpointer b) {
  const SplitKey *x = a, *y = b;
  return x->hi == y->hi && x->lo == y->lo;
}

void split_record_apply(const SplitRecord *r, const SplitKey *key, size_t n, TaskSplit *split) {
  g_autoptr(GHashTable) next =
      g_hash_table_new(split_key_hash, split_key_equal); /* key -> place of the next entry + 1 */
  g_autofree size_t *after = g_new0(size_t, r->n + 1);   /* of each entry, the next of its key + 1 */
  for (size_t k = r->n; k > 0; k--) {
    after[k - 1] = GPOINTER_TO_SIZE(g_hash_table_lookup(next, &r->key[k - 1]));
    g_hash_table_insert(next, &r->key[k - 1], GSIZE_TO_POINTER(k));
  }
  for (size_t i = 0; i < n; i++) {
    size_t at = GPOINTER_TO_SIZE(g_hash_table_lookup(next, &key[i]));
    split[i] = at ? r->part[at - 1] : SPLIT_COUNT;
    if (at) g_hash_table_insert(next, &r->key[at - 1], GSIZE_TO_POINTER(after[at - 1]));
  }
}

/* In files "on no side" has the number that it had before there was a fifth side. */
enum { NUMBER_NONE = 4, NUMBER_VAL_HOLDOUT = 5 };

static int number_of_part(TaskSplit part) {
  return part == SPLIT_COUNT ? NUMBER_NONE : part == SPLIT_VAL_HOLDOUT ? NUMBER_VAL_HOLDOUT : (int)part;
}

static TaskSplit part_of_number(int number) {
  return number == NUMBER_NONE ? SPLIT_COUNT : number == NUMBER_VAL_HOLDOUT ? SPLIT_VAL_HOLDOUT : (TaskSplit)number;
}

float *split_record_pack(const SplitRecord *r) {
  float *out = g_new(float, r->n *SPLIT_RECORD_WIDTH + 1);
  for (size_t i = 0; i < r->n; i++) {
    float *row = out + i * SPLIT_RECORD_WIDTH;
    for (int k = 0; k < 4; k++) {
      row[k] = (float)(r->key[i].hi >> (16 * k) & 0xffff);
      row[4 + k] = (float)(r->key[i].lo >> (16 * k) & 0xffff);
    }
    row[8] = (float)number_of_part(r->part[i]);
  }
  return out;
}

SplitRecord *split_record_unpack(const float *numbers, size_t n) {
  g_autoptr(SplitRecord) r = g_new0(SplitRecord, 1);
  r->n = n;
  r->key = g_new0(SplitKey, n + 1);
  r->part = g_new0(TaskSplit, n + 1);
  for (size_t i = 0; i < n; i++) {
    const float *row = numbers + i * SPLIT_RECORD_WIDTH;
    for (int k = 0; k < SPLIT_RECORD_WIDTH; k++)
      if (!(row[k] >= 0 && row[k] < 65536)) return NULL;
    for (int k = 0; k < 4; k++) {
      r->key[i].hi |= (uint64_t)row[k] << (16 * k);
      r->key[i].lo |= (uint64_t)row[4 + k] << (16 * k);
    }
    if (row[8] > NUMBER_VAL_HOLDOUT) return NULL;
    r->part[i] = part_of_number((int)row[8]);
  }
  return g_steal_pointer(&r);
}
