/* SPDX-License-Identifier: Apache-2.0 */
/* One training step of the form of several views as published (all four branches, 128 / 128 / 512, batch 128), on one
 * thread, in processor time; tests/bench/views_torch.py does the same with PyTorch and runs both.
 *
 *   views-step SIDE RANK      RANK 0: dense
 *
 * Prints seconds of processor a step, the least of several, and the peak of memory in MB. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "experts/probex/align.h"
#include "experts/probex/multiview.h"
#include "experts/probex/probex_pass.h"
#include "numerics/adam.h"
#include "numerics/linalg.h"
#include "tests/bench/processor_time.h"

enum { BATCH = 128, PROBES = 128, REP = 512, CLASSES = 200, TEXT = 768, RUNS = 3 };

typedef struct {
  LayerSet *set;
  Probex *p, *grad, *m, *v;
  ProbexPass *pass;
  AlignPass *align;
  float *text, *e, *de;
  size_t members[BATCH], target[BATCH];
} Step;

/* Each model its own numbers, as in training. */
static LayerSet *random_set(size_t side, size_t rank, Rng *rng, GError **error) {
  Layer *layers = g_new0(Layer, BATCH);
  size_t n = rank ? 2 * side * rank : side * side;
  for (size_t i = 0; i < BATCH; i++) {
    float *x = g_new(float, n);
    rng_fill_normal(rng, x, n, 0.02f);
    layers[i] = (Layer){.form = rank ? LAYER_LOW_RANK : LAYER_DENSE, .d_out = side, .d_in = side, .rank = rank};
    layers[i].scale = 1, layers[i].x = layers[i].a = x, layers[i].b = x + side * rank;
  }
  LayerSet *set = layer_set_from_layers(layers, BATCH, error);
  for (size_t i = 0; i < BATCH; i++) g_free(layers[i].a);
  g_free(layers);
  return set;
}

static bool step_init(Step *s, size_t side, size_t rank, GError **error) {
  Rng rng;
  rng_init(&rng, 1, 0);
  ProbexShape shape = {.d_out = side, .d_in = side, .r_u = PROBES, .r_v = PROBES, .r_t = REP, .d_text = TEXT};
  shape.views = VIEW_ALL;
  *s = (Step){.set = random_set(side, rank, &rng, error)};
  Probex **all[] = {&s->p, &s->grad, &s->m, &s->v};
  for (size_t i = 0; i < G_N_ELEMENTS(all) && s->set; i++)
    if (!(*all[i] = probex_new(&shape, error))) return false;
  s->pass = s->set ? probex_pass_new(s->p, s->set, BATCH, error) : NULL;
  s->align = s->pass ? align_pass_new(s->p, BATCH, CLASSES, error) : NULL;
  if (!s->align) return false;
  probex_init(s->p, &rng);
  s->text = g_new(float, CLASSES *TEXT);
  s->e = g_new(float, BATCH *REP);
  s->de = g_new(float, BATCH *REP);
  rng_fill_normal(&rng, s->text, CLASSES * TEXT, 1);
  for (size_t i = 0; i < BATCH; i++) s->members[i] = s->target[i] = i;
  return true;
}

static void step_run(Step *s, uint64_t number) {
  AdamOptions adam = ADAM_DEFAULTS;
  probex_forward(s->pass, s->p, s->set, s->members, BATCH, s->e);
  align_loss(s->align, s->p, s->text, CLASSES, s->e, s->target, BATCH, s->de, s->grad);
  probex_backward(s->pass, s->p, s->set, s->de, s->grad);
  adam_step(&adam, number, s->p->block, s->grad->block, s->m->block, s->v->block, s->p->n, 1);
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  Step s;
  linalg_set_threads(1);
  if (argc < 3 || !step_init(&s, strtoul(argv[1], NULL, 10), strtoul(argv[2], NULL, 10), &error)) {
    fprintf(stderr, "views-step: %s\n", error ? error->message : "SIDE RANK");
    return 1;
  }
  double best = 1e9;
  for (unsigned i = 0; i < RUNS; i++) {
    double before = processor_seconds();
    step_run(&s, i + 1);
    best = MIN(best, processor_seconds() - before);
  }
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("%.4f %.0f\n", best, (double)u.ru_maxrss / 1024);
  return 0;
}
