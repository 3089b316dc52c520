/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/painter_adapter.h"

#include <math.h>
#include <string.h>

#include "numerics/adam.h"
#include "numerics/linalg.h"
#include "planter/loss.h"

enum { D = PAINTER_WIDTH, BASE_BATCH = 64, BATCH = 4, TOKENS = PAINTER_TOKENS * PAINTER_WIDTH };

const PainterPart adapter_parts[ADAPTER_PARTS] = {Q2, V2, O2, V1};

static const float noise_low = 0.4f, noise_high = 1.6f, base_rate = 3e-3f;

static void blur(Rng *rng, const float *clean, float *noisy) {
  float level = rng_range(rng, noise_low, noise_high);
  for (int i = 0; i < PAINTER_NUMBERS; i++) noisy[i] = clean[i] + level * rng_normal(rng);
}

/* Pictures of one batch with what the network is told of them. */
typedef struct {
  float *clean, *noisy, *d_out, *tokens;
} Batch;

static void batch_init(Batch *b, size_t n) {
  b->clean = g_new(float, n *PAINTER_NUMBERS);
  b->noisy = g_new(float, n *PAINTER_NUMBERS);
  b->d_out = g_new(float, n *PAINTER_NUMBERS);
  b->tokens = g_new(float, n *TOKENS);
}

static void batch_clear(Batch *b) {
  g_free(b->clean);
  g_free(b->noisy);
  g_free(b->d_out);
  g_free(b->tokens);
}

static void batch_add(Batch *b, size_t i, unsigned concept, const PromptHand *hand, const PromptMap *map, Rng *rng) {
  prompt_draw(concept, hand, rng, b->clean + i * PAINTER_NUMBERS);
  blur(rng, b->clean + i * PAINTER_NUMBERS, b->noisy + i * PAINTER_NUMBERS);
  prompt_tokens(map, concept, hand, b->tokens + i * TOKENS);
}

/* --- the base --------------------------------------------------------------------------------------- */

Painter *painter_train_base(const PromptMap *map, const unsigned *concepts, size_t n, uint64_t seed, unsigned steps,
                            const Progress *progress, GError **error) {
  g_autoptr(Painter) p = painter_new();
  g_autoptr(Painter) grad = painter_new(), m = painter_new(), v = painter_new();
  g_autoptr(PainterPass) pass = painter_pass_new(BASE_BATCH);
  Batch batch;
  Rng rng;
  rng_init(&rng, seed, 0);
  painter_start(p, &rng);
  batch_init(&batch, BASE_BATCH);
  bool ok = true;
  for (unsigned step = 0; ok && step < steps; step++) {
    AdamOptions adam = ADAM_DEFAULTS;
    adam.lr = base_rate * (1 - (float)step / (float)steps);
    for (size_t i = 0; i < BASE_BATCH; i++) batch_add(&batch, i, concepts[rng_below(&rng, n)], NULL, map, &rng);
    const float *out = painter_forward(pass, p, batch.noisy, batch.tokens, BASE_BATCH);
    double loss = loss_squares(out, batch.clean, BASE_BATCH, PAINTER_NUMBERS, batch.d_out);
    memset(grad->block, 0, grad->n * sizeof(float));
    painter_backward(pass, p, batch.noisy, batch.tokens, BASE_BATCH, batch.d_out, NULL, grad);
    adam_step(&adam, step + 1, p->block, grad->block, m->block, v->block, p->n, 1);
    ProgressNote note = {
        .phase = "growing the denoiser", .done = step + 1, .total = steps, .loss = loss, .accuracy = NAN};
    ok = progress_note(progress, &note, error);
  }
  batch_clear(&batch);
  return ok ? g_steal_pointer(&p) : NULL;
}

/* --- adapters --------------------------------------------------------------------------------------- */

struct PainterKit {
  PainterPass *pass;
  Painter *changed, *grad; /* the base with the adapter in it, and the gradient of that */
  Batch batch;
  PainterAdapter gradient, m, v;
};

PainterKit *painter_kit_new(void) {
  PainterKit *k = g_new0(PainterKit, 1);
  k->pass = painter_pass_new(BATCH);
  k->changed = painter_new();
  k->grad = painter_new();
  batch_init(&k->batch, BATCH);
  return k;
}

void painter_kit_free(PainterKit *k) {
  if (!k) return;
  painter_pass_free(k->pass);
  painter_free(k->changed);
  painter_free(k->grad);
  batch_clear(&k->batch);
  g_free(k);
}

/* down from the model's own numbers, large against what training adds to it, so that what is learnt lies in up alone;
 * up zero. */
static void start_adapter(const PainterRecipe *recipe, Rng *rng, PainterAdapter *out) {
  memset(out, 0, sizeof *out);
  out->rank = recipe->rank;
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < ADAPTER_PARTS; k++)
      rng_fill_normal(rng, out->a[b][k], (size_t)recipe->rank * D, 4 / (float)recipe->rank);
}

/* W + B A in the adapted places. */
static void put_in(const Painter *base, const PainterAdapter *l, Painter *changed) {
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < ADAPTER_PARTS; k++) {
      float *w = changed->part[b][adapter_parts[k]];
      memcpy(w, base->part[b][adapter_parts[k]], (size_t)D * D * sizeof *w);
      gemm(false, false, D, D, l->rank, 1, l->b[b][k], l->rank, l->a[b][k], D, 1, w, D);
    }
}

/* dB = dW A', dA = B' dW, and a step. */
static void adapter_step(PainterKit *kit, const AdamOptions *adam, uint64_t step, PainterAdapter *l) {
  size_t r = l->rank;
  for (int b = 0; b < PAINTER_BLOCKS; b++)
    for (int k = 0; k < ADAPTER_PARTS; k++) {
      const float *dw = kit->grad->part[b][adapter_parts[k]];
      PainterAdapter *g = &kit->gradient;
      gemm(false, true, D, r, D, 1, dw, D, l->a[b][k], D, 0, g->b[b][k], r);
      gemm(true, false, r, D, D, 1, l->b[b][k], r, dw, D, 0, g->a[b][k], D);
      adam_step(adam, step, l->a[b][k], g->a[b][k], kit->m.a[b][k], kit->v.a[b][k], r * D, 1);
      adam_step(adam, step, l->b[b][k], g->b[b][k], kit->m.b[b][k], kit->v.b[b][k], r * D, 1);
    }
}

void painter_train_adapter(PainterKit *kit, const Painter *base, const PromptMap *map, const PainterRecipe *recipe,
                           PainterAdapter *out) {
  bool wanted[PAINTER_PARTS] = {false};
  for (int k = 0; k < ADAPTER_PARTS; k++) wanted[adapter_parts[k]] = true;
  AdamOptions adam = ADAM_DEFAULTS;
  adam.lr = recipe->lr;
  Rng rng;
  rng_init(&rng, recipe->seed, 1);
  start_adapter(recipe, &rng, out);
  PromptHand hand;
  prompt_hand_draw(&rng, &hand);
  memset(&kit->m, 0, sizeof kit->m);
  memset(&kit->v, 0, sizeof kit->v);
  memcpy(kit->changed->block, base->block, base->n * sizeof(float));
  for (unsigned step = 0; step < recipe->steps; step++) {
    Batch *b = &kit->batch;
    put_in(base, out, kit->changed);
    for (size_t i = 0; i < BATCH; i++) batch_add(b, i, recipe->concept, &hand, map, &rng);
    const float *y = painter_forward(kit->pass, kit->changed, b->noisy, b->tokens, BATCH);
    loss_squares(y, b->clean, BATCH, PAINTER_NUMBERS, b->d_out);
    for (int k = 0; k < PAINTER_BLOCKS * ADAPTER_PARTS; k++)
      memset(kit->grad->part[k / ADAPTER_PARTS][adapter_parts[k % ADAPTER_PARTS]], 0, (size_t)D * D * sizeof(float));
    painter_backward(kit->pass, kit->changed, b->noisy, b->tokens, BATCH, b->d_out, wanted, kit->grad);
    adapter_step(kit, &adam, step + 1, out);
  }
}
