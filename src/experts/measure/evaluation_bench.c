/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/measure/evaluation_bench.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "experts/probex/classify.h"
#include "experts/representation.h"

static Task *task_of(const Expert *x, Collection *collection, const GPtrArray *models, TextEncoder *encoder,
                     const Progress *progress, GError **error) {
  TaskOptions o = {.tree = x->tree,
                   .label = {x->label_key, x->stop_words, x->min_count, false},
                   .collection = collection,
                   .progress = progress,
                   .record = x->split,
                   .encoder = encoder,
                   .seed = x->seed,
                   .shapes = x->shapes,
                   .classes = encoder ? NULL : x->labels,
                   .raw_text = x->raw_text,
                   .text_mean = x->text_mean};
  return task_new(models, &o, error);
}

/* Puts the representations in the order of the task's models; drops models without one. */
static void fill_bench(EvaluationBench *b, const Representations *r) {
  Task *t = b->task;
  g_autoptr(GHashTable) row = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < r->models->len; i++)
    g_hash_table_insert(row, ((Model *)r->models->pdata[i])->path, GSIZE_TO_POINTER(i + 1));
  b->width = r->width;
  b->rep = g_new0(float, t->models->len * r->width + 1);
  for (guint i = 0; i < t->models->len; i++) {
    size_t at = GPOINTER_TO_SIZE(g_hash_table_lookup(row, ((Model *)t->models->pdata[i])->path));
    if (!at) {
      t->split[i] = SPLIT_COUNT; /* unreadable: in no group */
      continue;
    }
    memcpy(b->rep + i * r->width, r->rows + (at - 1) * r->width, r->width * sizeof(float));
  }
  if (t->has) return;
  b->mapped = g_new(float, t->labels->len * r->width + 1);
  expert_map_vectors(b->expert, (const char *const *)t->labels->pdata, t->text, t->labels->len, b->mapped);
}

void evaluation_panel_clear(EvaluationPanel *p) {
  g_free(p->members);
  g_free(p->logits);
  g_free(p->target);
  g_free(p->has);
}

EvaluationPanel evaluation_panel(const EvaluationBench *b, TaskSplit split) {
  const Task *t = b->task;
  EvaluationPanel p = {.first = split == SPLIT_HOLDOUT ? t->seen : 0};
  p.classes = split == SPLIT_HOLDOUT ? t->labels->len - t->seen : t->seen;
  p.members = g_new(size_t, t->models->len + 1);
  p.n = evaluation_members(t, split, p.members);
  p.logits = g_new0(float, (p.n * p.classes) + 1);
  p.target = g_new0(size_t, p.n + 1);
  p.has = g_new0(unsigned char, (p.n * p.classes) + 1);
  for (size_t i = 0; i < p.n; i++) {
    const float *e = b->rep + p.members[i] * b->width;
    float *y = p.logits + i * p.classes;
    if (t->has) {
      classify_logits(b->expert->probex, e, 1, y);
      memcpy(p.has + i * p.classes, t->has + p.members[i] * t->seen, t->seen);
    } else {
      p.target[i] = t->target[p.members[i]] - p.first;
      gemm(false, true, 1, p.classes, b->width, expf(*b->expert->probex->tau), e, b->width,
           b->mapped + p.first * b->width, b->width, 0, y, p.classes);
    }
  }
  return p;
}

Score evaluation_panel_score(const EvaluationPanel *p, bool classes) {
  if (!p->n || !p->classes) return score_none();
  if (classes) return score_from_logits(p->logits, p->has, p->n, p->classes);
  g_autofree size_t *ranks = g_new(size_t, p->n);
  for (size_t i = 0; i < p->n; i++) ranks[i] = score_rank(p->logits + i * p->classes, p->classes, p->target[i]);
  return score_from_ranks(ranks, p->target, p->n, p->classes);
}

/* The models that are on a measured side. */
static GPtrArray *measured_models(const Task *t) {
  GPtrArray *some = g_ptr_array_new_with_free_func((GDestroyNotify)model_unref);
  for (guint i = 0; i < t->models->len; i++)
    if (t->split[i] != SPLIT_TRAIN && t->split[i] != SPLIT_COUNT) g_ptr_array_add(some, model_ref(t->models->pdata[i]));
  return some;
}

EvaluationBench *evaluation_bench_new(Collection *collection, const GPtrArray *models, const Expert *x, bool all,
                                      const Progress *progress, GError **error) {
  bool align = x->task == EXPERT_ALIGN;
  g_autoptr(TextEncoder) encoder = align ? expert_open_encoder(x, error) : NULL;
  if (align && !encoder) return NULL;
  if (align && !expert_takes_encoder(x, encoder, error)) return NULL;
  if (!align && x->labels->len == 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "the checkpoint %s does not name its classes, so it cannot be judged: name them with --labels",
                x->name);
    return NULL;
  }
  g_autoptr(EvaluationBench) b = g_new0(EvaluationBench, 1);
  b->expert = x;
  b->task = task_of(x, collection, models, encoder, progress, error);
  if (!b->task) return NULL;
  g_autoptr(GPtrArray) some = all ? NULL : measured_models(b->task);
  g_autoptr(Representations) r = representations_open(collection, x, some ? some : models, NULL, progress, error);
  if (!r) return NULL;
  fill_bench(b, r);
  return g_steal_pointer(&b);
}

void evaluation_bench_free(EvaluationBench *b) {
  if (!b) return;
  task_free(b->task);
  g_free(b->rep);
  g_free(b->mapped);
  g_free(b);
}
