/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>

#include "planter/learner.h"
#include "planter/loss.h"
#include "planter/woods_private.h"

enum { BATCH = 32 };

/* One run of training. */
typedef struct {
  const Woods *woods;
  Treelet *t;
  Rng rng;
  float x[BATCH * WORLD_NUMBERS], d_out[BATCH * WORLD_MAX_CLASSES];
  uint32_t labels[BATCH];
} Run;

static MlpShape shape_of(const Woods *w, const Treelet *t) {
  MlpShape shape = w->styles[t->tree].shape;
  shape.out = t->task.classes;
  return shape;
}

static Mlp *copy_of(const Mlp *from) {
  Mlp *mlp = mlp_new(&from->shape);
  memcpy(mlp->data, from->data, from->count * sizeof(float));
  mlp->batches = from->batches;
  return mlp;
}

/* A batch through the network; leaves the loss's gradient in d_out. */
static void forward(Run *r, MlpPass *pass, const Mlp *mlp, const Lora *lora) {
  const World *world = r->t->depth ? &r->woods->shifted[r->t->tree] : &r->woods->world;
  world_draw(world, &r->t->task, &r->rng, BATCH, r->x, r->labels);
  const float *out = mlp_forward(pass, mlp, lora, r->x, BATCH);
  loss_cross_entropy(out, r->labels, BATCH, mlp->shape.out, r->d_out, NULL);
}

/* Weight decay apart from the gradient, on matrices alone. */
static void decay(const Treelet *t, Mlp *mlp) {
  const MlpShape *s = &mlp->shape;
  float keep = 1 - t->lr * t->decay;
  for (size_t i = 0; i < s->hidden * s->in; i++) mlp->w_in[i] *= keep;
  for (unsigned b = 0; b < s->blocks; b++)
    for (size_t i = 0; i < s->hidden * s->hidden; i++) mlp->w[b][i] *= keep;
  for (size_t i = 0; i < s->out * s->hidden; i++) mlp->w_out[i] *= keep;
}

/* Floats in front that a model with frozen layers keeps: the first layer and some blocks. */
static size_t frozen_floats(const Mlp *mlp, unsigned frozen) {
  if (frozen == 0) return 0;
  unsigned block = MIN(frozen, mlp->shape.blocks - 1);
  const float *next = mlp->gain[block] ? mlp->gain[block] : mlp->w[block];
  return (size_t)(next - mlp->data);
}

/* Trains all weights from where learner->mlp stands. */
static void train_all(Run *r, Learner *l) {
  const Treelet *t = r->t;
  size_t kept = frozen_floats(l->mlp, t->kind == TREELET_BASE ? 0 : t->frozen);
  g_autofree float *held = g_memdup2(l->mlp->data, (kept + 1) * sizeof(float));
  for (unsigned step = 0; step < t->steps; step++) {
    AdamOptions adam = ADAM_DEFAULTS;
    adam.lr = t->lr * schedule_factor(SCHEDULE_LINEAR, step, t->steps);
    if (t->kind == TREELET_BASE) adam.lr = 2e-3f * schedule_factor(SCHEDULE_COSINE, step, t->steps);
    forward(r, l->pass, l->mlp, NULL);
    mlp_track(l->pass, l->mlp);
    learner_step(l, &adam, r->x, BATCH, r->d_out);
    decay(t, l->mlp);
    memcpy(l->mlp->data, held, kept * sizeof(float));
  }
}

/* Trains a low-rank change beside the network, which stays; its head learns when it is fresh. */
static void train_low_rank(Run *r, Mlp *mlp, Lora *lora) {
  size_t head = (size_t)(mlp->data + mlp->count - mlp->w_out);
  g_autoptr(MlpPass) pass = mlp_pass_new(&mlp->shape, lora->rank, BATCH);
  g_autoptr(Mlp) grad = mlp_new(&mlp->shape);
  g_autoptr(Lora) lora_grad = lora_new(&mlp->shape, lora->rank);
  g_autofree float *moments = g_new0(float, 2 * lora->count + 2 * head);
  float *m = moments, *v = m + lora->count, *head_m = v + lora->count, *head_v = head_m + head;
  for (unsigned step = 0; step < r->t->steps; step++) {
    AdamOptions adam = ADAM_DEFAULTS;
    adam.lr = 4 * r->t->lr;
    forward(r, pass, mlp, lora);
    mlp_backward(pass, mlp, lora, r->x, BATCH, r->d_out, grad, lora_grad);
    adam_step(&adam, step + 1, lora->data, lora_grad->data, m, v, lora->count, 1);
    if (r->t->fresh_head) adam_step(&adam, step + 1, mlp->w_out, grad->w_out, head_m, head_v, head, 1);
  }
}

static void merge_low_rank(Mlp *mlp, const Lora *lora) {
  size_t d = lora->hidden;
  for (unsigned b = 0; b < lora->blocks; b++)
    for (size_t i = 0; i < d; i++)
      for (size_t j = 0; j < d; j++) {
        float sum = 0;
        for (size_t k = 0; k < lora->rank; k++) sum += lora->b[b][i * lora->rank + k] * lora->a[b][k * d + j];
        mlp->w[b][i * d + j] += sum;
      }
}

/* Numbers that all models of a tree share. */
static Rng theme_of(const Run *r) {
  Rng theme;
  rng_init(&theme, r->woods->planting->seed, STREAM_THEMES + r->t->tree);
  return theme;
}

/* The network as training finds it: the parent's, under its own or a fresh head. */
static void start(Run *r, Mlp *mlp, const Treelet *parent) {
  if (!parent) {
    mlp_init(mlp, &r->rng);
    return;
  }
  mlp_copy_trunk(mlp, parent->mlp);
  float bound = 1 / sqrtf((float)mlp->shape.hidden);
  if (!r->t->fresh_head) {
    size_t head = (size_t)(mlp->data + mlp->count - mlp->w_out);
    memcpy(mlp->w_out, parent->mlp->w_out, head * sizeof(float));
  } else if (r->woods->styles[r->t->tree].one_task) {
    Rng theme = theme_of(r);
    mlp_init_head(mlp, &theme);
  } else if (r->t->seed % 2) {
    mlp_init_head(mlp, &r->rng);
  } else {
    rng_fill_uniform(&r->rng, mlp->w_out, mlp->shape.out * mlp->shape.hidden, bound);
  }
}

/* Of a tree whose fine-tunes are alike: a variation of one task. */
static void draw_alike(Run *r) {
  Rng theme = theme_of(r);
  world_task_draw(&r->t->task, r->t->classes, &theme);
  if (!r->woods->styles[r->t->tree].one_task) world_task_drift(&r->t->task, 0.4f, &r->rng);
}

static void draw_task(Run *r, const Treelet *parent) {
  Treelet *t = r->t;
  if (parent && t->fresh_head && (r->woods->styles[t->tree].alike || r->woods->styles[t->tree].one_task)) {
    draw_alike(r);
    return;
  }
  if (!parent || t->fresh_head) {
    world_task_draw(&t->task, t->classes, &r->rng);
  } else {
    t->task = parent->task;
    world_task_drift(&t->task, t->drift, &r->rng);
  }
}

static void train(const Woods *w, Treelet *t, const Treelet *parent) {
  g_autofree Run *r = g_new0(Run, 1);
  r->woods = w, r->t = t;
  rng_init(&r->rng, t->seed, 0);
  draw_task(r, parent);
  MlpShape shape = shape_of(w, t);
  if (t->kind == TREELET_LOW_RANK || t->kind == TREELET_ADAPTER) {
    t->mlp = mlp_new(&shape);
    start(r, t->mlp, parent);
    t->lora = lora_new(&shape, t->rank);
    lora_init(t->lora, &r->rng);
    train_low_rank(r, t->mlp, t->lora);
    if (t->kind == TREELET_LOW_RANK) merge_low_rank(t->mlp, t->lora);
    return;
  }
  g_autoptr(Learner) l = learner_new(&shape, BATCH);
  start(r, l->mlp, parent);
  train_all(r, l);
  t->mlp = copy_of(l->mlp);
}

/* Each row to 255 levels and back. */
static void quantise(float *x, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++, x += columns) {
    float most = 1e-20f;
    for (size_t j = 0; j < columns; j++) most = fmaxf(most, fabsf(x[j]));
    for (size_t j = 0; j < columns; j++) x[j] = rintf(x[j] * 127 / most) * (most / 127);
  }
}

static void quantise_all(Mlp *mlp) {
  const MlpShape *s = &mlp->shape;
  quantise(mlp->w_in, s->hidden, s->in);
  for (unsigned b = 0; b < s->blocks; b++) quantise(mlp->w[b], s->hidden, s->hidden);
}

/* The weighted sum of the parents' trunks, under the first one's head. */
static void merge(const Woods *w, Treelet *t) {
  const Treelet *first = woods_treelet(w, (unsigned)t->parent[0]);
  t->task = first->task;
  t->mlp = copy_of(first->mlp);
  size_t trunk = (size_t)(t->mlp->w_out - t->mlp->data);
  for (size_t i = 0; i < trunk; i++) {
    double sum = 0;
    for (int k = 0; k < TREELET_PARENTS; k++)
      if (t->parent[k] >= 0) sum += t->weight[k] * (double)woods_treelet(w, (unsigned)t->parent[k])->mlp->data[i];
    t->mlp->data[i] = (float)sum;
  }
}

void woods_grow(const Woods *w, Treelet *t) {
  const Treelet *parent = t->parent[0] >= 0 ? woods_treelet(w, (unsigned)t->parent[0]) : NULL;
  if (t->kind == TREELET_MERGE) {
    merge(w, t);
  } else if (parent && t->kind >= TREELET_COPY && t->kind <= TREELET_QUANTISED) {
    t->mlp = copy_of(parent->mlp);
    t->task = parent->task;
    if (t->kind == TREELET_QUANTISED && !t->gguf) quantise_all(t->mlp);
  } else {
    train(w, t, parent);
  }
}
