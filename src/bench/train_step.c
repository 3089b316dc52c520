/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/train_step.h"

#include <glib.h>
#include <math.h>

#include "bench/clock.h"
#include "numerics/adam.h"
#include "numerics/linalg.h"
#include "experts/probex/align.h"
#include "experts/probex/layer_set.h"
#include "experts/probex/probex_pass.h"

typedef struct {
  const char *name;
  LayerForm form;
  size_t side, rank, r_t;
} Case;

enum { BATCH = 128, PROBES = 128, CLASSES = 200, TEXT = 768, MODELS = 256 };

static const Case cases[] = {
    {"LoRA r16 768x768, 128/128/512", LAYER_LOW_RANK, 768, 16, 512},
    {"LoRA r16 1280x1280, 128/128/512", LAYER_LOW_RANK, 1280, 16, 512},
    {"dense 768x768, 128/128/512", LAYER_DENSE, 768, 0, 512},
    {"dense 768x768, 128/128/128", LAYER_DENSE, 768, 0, 128},
    {"  the same, compressed to 192x192", LAYER_DENSE, 192, 0, 128},
};

typedef struct {
  LayerSet *set;
  Probex *p, *grad, *m, *v;
  ProbexPass *pass;
  AlignPass *align;
  float *text, *e, *de;
  size_t members[BATCH], target[BATCH];
  uint64_t steps;
} Step;

/* Random layers of the case: few distinct ones in memory, as they cost the same. */
static LayerSet *random_set(const Case *c, Rng *rng, GError **error) {
  size_t n = c->form == LAYER_DENSE ? BATCH : MODELS;
  g_autofree Layer *layers = g_new0(Layer, n);
  size_t factor = c->side * c->rank, full = c->side * c->side;
  float *numbers = g_new(float, c->form == LAYER_DENSE ? full : 2 * factor);
  rng_fill_normal(rng, numbers, c->form == LAYER_DENSE ? full : 2 * factor, 0.02f);
  for (size_t i = 0; i < n; i++)
    layers[i] = (Layer){.form = c->form,
                        .d_out = c->side,
                        .d_in = c->side,
                        .rank = c->rank,
                        .scale = 1,
                        .x = numbers,
                        .a = numbers,
                        .b = numbers + factor};
  LayerSet *set = layer_set_from_layers(layers, n, error);
  g_free(numbers);
  return set;
}

static void step_fill(Step *s, Rng *rng) {
  probex_init(s->p, rng);
  s->text = g_new(float, (CLASSES * TEXT));
  s->e = g_new(float, BATCH * s->p->shape.r_t);
  s->de = g_new(float, BATCH * s->p->shape.r_t);
  rng_fill_normal(rng, s->text, CLASSES * TEXT, 1);
  for (size_t i = 0; i < BATCH; i++) {
    s->members[i] = rng_below(rng, s->set->n);
    s->target[i] = i % CLASSES;
  }
}

static bool step_init(Step *s, const Case *c, GError **error) {
  Rng rng;
  rng_init(&rng, 1, 0);
  ProbexShape shape = {.d_out = c->side, .d_in = c->side, .r_u = PROBES, .r_v = PROBES, .r_t = c->r_t, .d_text = TEXT};
  *s = (Step){.set = random_set(c, &rng, error)};
  if (!s->set) return false;
  Probex **all[] = {&s->p, &s->grad, &s->m, &s->v};
  for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
    if (!(*all[i] = probex_new(&shape, error))) return false;
  s->pass = probex_pass_new(s->p, s->set, BATCH, error);
  s->align = s->pass ? align_pass_new(s->p, BATCH, CLASSES, error) : NULL;
  if (s->align) step_fill(s, &rng);
  return s->align != NULL;
}

static void step_clear(Step *s) {
  layer_set_free(s->set);
  probex_free(s->p);
  probex_free(s->grad);
  probex_free(s->m);
  probex_free(s->v);
  probex_pass_free(s->pass);
  align_pass_free(s->align);
  g_free(s->text);
  g_free(s->e);
  g_free(s->de);
}

static void step_run(void *user) {
  Step *s = user;
  AdamOptions adam = ADAM_DEFAULTS;
  probex_forward(s->pass, s->p, s->set, s->members, BATCH, s->e);
  align_loss(s->align, s->p, s->text, CLASSES, s->e, s->target, BATCH, s->de, s->grad);
  probex_backward(s->pass, s->p, s->set, s->de, s->grad);
  adam_step(&adam, ++s->steps, s->p->block, s->grad->block, s->m->block, s->v->block, s->p->n, linalg_threads());
}

/* Multiplications and additions of one step. */
static double step_flops(const Case *c) {
  double n = BATCH, u = PROBES, v = PROBES, d = (double)c->side, t = (double)c->r_t;
  double encoder = 3 * 2 * n * u * v * t;
  if (c->form == LAYER_LOW_RANK) {
    double rows = n * (double)c->rank;
    return encoder + 2 * (2 * rows * d * u + 2 * rows * d * v) + 3 * 2 * rows * u * v;
  }
  return encoder + 2 * 2 * n * d * d * u + 3 * 2 * n * d * u * v;
}

size_t train_step_count(void) { return G_N_ELEMENTS(cases); }

bool train_step_measure(size_t i, const Floors *floors, StepFigure *figure, GError **error) {
  Step s;
  bool ok = step_init(&s, &cases[i], error);
  if (ok) {
    double seconds = bench_seconds(step_run, &s, 5, 3);
    *figure = (StepFigure){cases[i].name, BATCH / seconds, step_flops(&cases[i]) / floors->sgemm / seconds};
  }
  step_clear(&s);
  return ok;
}
