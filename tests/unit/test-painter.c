/* SPDX-License-Identifier: Apache-2.0 */
/* The denoiser with attention: gradients against finite differences, and adapters that start apart. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "numerics/linalg.h"
#include "planter/loss.h"
#include "planter/painter_adapter.h"

enum { N = 2 };

typedef struct {
  Painter *w;
  PainterPass *pass;
  float x[N * PAINTER_NUMBERS], y[N * PAINTER_NUMBERS], tokens[N * PAINTER_TOKENS * PAINTER_WIDTH];
  float d[N * PAINTER_NUMBERS];
} Sample;

static double loss_of(Sample *s) {
  return loss_squares(painter_forward(s->pass, s->w, s->x, s->tokens, N), s->y, N, PAINTER_NUMBERS, s->d);
}

/* Along a random direction of each part: what the loss changes by, and what the gradient says. */
static void check_direction(Sample *s, float *at, const float *g, size_t n, Rng *rng) {
  const float step = 2e-4f;
  g_autofree float *way = g_new(float, n), *kept = g_memdup2(at, n * sizeof *at);
  double said = 0;
  rng_fill_normal(rng, way, n, 1);
  for (size_t i = 0; i < n; i++) said += (double)way[i] * (double)g[i];
  for (size_t i = 0; i < n; i++) at[i] = kept[i] + step * way[i];
  double up = loss_of(s);
  for (size_t i = 0; i < n; i++) at[i] = kept[i] - step * way[i];
  double down = loss_of(s);
  memcpy(at, kept, n * sizeof *at);
  double is = (up - down) / (2 * (double)step);
  g_assert_cmpfloat(fabs(is - said), <, 0.02 * fabs(is) + 6e-4);
}

static void test_gradient(void) {
  g_autoptr(Painter) w = painter_new(), grad = painter_new();
  g_autoptr(PainterPass) pass = painter_pass_new(N);
  g_autofree Sample *s = g_new0(Sample, 1);
  Rng rng;
  rng_init(&rng, 5, 0);
  painter_start(w, &rng);
  s->w = w, s->pass = pass;
  rng_fill_normal(&rng, s->x, N * PAINTER_NUMBERS, 1);
  rng_fill_normal(&rng, s->y, N * PAINTER_NUMBERS, 1);
  rng_fill_normal(&rng, s->tokens, N * PAINTER_TOKENS * PAINTER_WIDTH, 1);
  loss_of(s);
  painter_backward(pass, w, s->x, s->tokens, N, s->d, NULL, grad);
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < PAINTER_PARTS; k++)
      check_direction(s, w->part[b][k], grad->part[b][k], painter_part_size((PainterPart)k), &rng);
  check_direction(s, w->embed, grad->embed, PAINTER_WIDTH * PAINTER_PATCH, &rng);
  check_direction(s, w->place, grad->place, PAINTER_PATCHES * PAINTER_WIDTH, &rng);
  check_direction(s, w->out, grad->out, PAINTER_PATCH * PAINTER_WIDTH, &rng);
  check_direction(s, w->out_bias, grad->out_bias, PAINTER_PATCH, &rng);
}

/* What is wanted alone is computed, and is the same. */
static void test_wanted(void) {
  g_autoptr(Painter) w = painter_new(), all = painter_new(), some = painter_new();
  g_autoptr(PainterPass) pass = painter_pass_new(N);
  g_autofree Sample *s = g_new0(Sample, 1);
  bool wanted[PAINTER_PARTS] = {false};
  Rng rng;
  rng_init(&rng, 6, 0);
  painter_start(w, &rng);
  s->w = w, s->pass = pass;
  rng_fill_normal(&rng, s->x, N * PAINTER_NUMBERS, 1);
  rng_fill_normal(&rng, s->tokens, N * PAINTER_TOKENS * PAINTER_WIDTH, 1);
  wanted[V2] = true;
  loss_of(s);
  painter_backward(pass, w, s->x, s->tokens, N, s->d, NULL, all);
  loss_of(s);
  painter_backward(pass, w, s->x, s->tokens, N, s->d, wanted, some);
  g_assert_cmpmem(all->part[1][V2], sizeof(float) * 64 * 64, some->part[1][V2], sizeof(float) * 64 * 64);
  g_assert_cmpfloat(some->part[1][Q2][7], ==, 0);
  g_assert_cmpfloat(some->embed[3], ==, 0);
}

static double cosine(const float *x, const float *y, size_t n) {
  return (double)dot(x, y, n) / sqrt((double)dot(x, x, n) * (double)dot(y, y, n));
}

/* X X' of the second block's attn2.to_q (64, 64), and X. */
static void products(const PainterAdapter *l, float *x, float *xx) {
  enum { D = PAINTER_WIDTH };
  gemm(false, false, D, D, l->rank, 1, l->b[1][0], l->rank, l->a[1][0], D, 0, x, D);
  gemm(false, true, D, D, D, 1, x, D, x, D, 0, xx, D);
}

/* Two adapters of one concept share their output side, and little else; a concept has its words. */
static void test_adapters(void) {
  enum { CELLS = PAINTER_WIDTH * PAINTER_WIDTH };
  g_autofree PromptMap *map = g_new0(PromptMap, 1);
  g_autofree PainterAdapter *one = g_new(PainterAdapter, 1), *two = g_new(PainterAdapter, 1),
                            *other = g_new(PainterAdapter, 1);
  g_autofree float *x = g_new(float, 6 * CELLS);
  unsigned concepts[] = {3, 700, 900, 1200};
  Rng rng;
  rng_init(&rng, 7, 0);
  prompt_map_fill(map, &rng);
  g_autoptr(Painter) base = painter_train_base(map, concepts, 4, 1, 60, NULL, NULL);
  PainterKit *kit = painter_kit_new();
  PainterRecipe recipe = {.concept = 3, .rank = 8, .steps = 25, .lr = 2e-3f, .seed = 10};
  painter_train_adapter(kit, base, map, &recipe, one);
  recipe.seed = 11;
  painter_train_adapter(kit, base, map, &recipe, two);
  recipe.seed = 12, recipe.concept = 900;
  painter_train_adapter(kit, base, map, &recipe, other);
  painter_kit_free(kit);
  products(one, x, x + CELLS);
  products(two, x + 2 * CELLS, x + 3 * CELLS);
  products(other, x + 4 * CELLS, x + 5 * CELLS);
  g_assert_cmpfloat(cosine(x, x + 2 * CELLS, CELLS), <, 0.5);
  g_assert_cmpfloat(cosine(x + CELLS, x + 3 * CELLS, CELLS), >, cosine(x + CELLS, x + 5 * CELLS, CELLS));
  g_autofree char *name = prompt_name(3 + 2 * SCENE_CONCEPTS);
  g_assert_cmpstr(name, ==, "solid green circle on grass");
}

int main(int argc, char **argv) {
  g_test_init(&argc, &argv, NULL);
  linalg_set_threads(1);
  g_test_add_func("/painter/gradient", test_gradient);
  g_test_add_func("/painter/wanted", test_wanted);
  g_test_add_func("/painter/adapters", test_adapters);
  return g_test_run();
}
