/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/shortcut.h"

#include <math.h>
#include <string.h>

#include "collection/model.h"
#include "experts/kernel/kernel_scale.h"
#include "numerics/hash.h"
#include "numerics/linalg.h"
#include "numerics/rng.h"

/* Words fall into one of WORDS places by hash; numbers follow. */
enum { MOST = 1000, WORDS = 64, NUMBERS = 4, WIDTH = WORDS + NUMBERS };

static const char *const facts[] = {"library",
                                    "base",
                                    "rank",
                                    "ss_network_dim",
                                    "ss_network_alpha",
                                    "r",
                                    "lora_alpha",
                                    "software",
                                    "ss_sd_scripts_commit_hash",
                                    "author",
                                    "creator",
                                    "modelspec.author",
                                    "date",
                                    "modelspec.date",
                                    "peft_type",
                                    "trainer",
                                    "ss_training_comment"};

static void fill(const Model *m, float *row) {
  memset(row, 0, WIDTH * sizeof *row);
  for (size_t f = 0; f < G_N_ELEMENTS(facts); f++) {
    const char *value = model_value(m, facts[f]);
    if (!value) continue;
    ContentHash h = content_hash(f, value, strlen(value));
    row[h.lo % WORDS] += 1;
  }
  const double numbers[NUMBERS] = {log1p((double)m->bytes), log1p((double)m->params), (double)m->tensors,
                                   m->scaling.alpha};
  for (int k = 0; k < NUMBERS; k++) row[WORDS + k] = isfinite(numbers[k]) ? (float)numbers[k] : 0;
}

/* Each column to mean 0 and spread 1. False when no column differs. */
static bool standardise(float *x, size_t n) {
  bool any = false;
  for (size_t j = 0; j < WIDTH; j++) {
    double sum = 0, square = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i * WIDTH + j];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) square += pow((double)x[i * WIDTH + j] - mean, 2);
    double spread = sqrt(square / (double)n);
    for (size_t i = 0; i < n; i++)
      x[i * WIDTH + j] = spread > 1e-9 ? (float)(((double)x[i * WIDTH + j] - mean) / spread) : 0;
    any |= spread > 1e-9;
  }
  return any;
}

double shortcut_measure(const GPtrArray *models, const KernelTarget *target, uint64_t seed) {
  size_t n = MIN(target->n, (size_t)MOST);
  g_autofree size_t *some = g_new(size_t, target->n + 1);
  Rng rng;
  rng_init(&rng, seed, 79);
  for (size_t i = 0; i < target->n; i++) some[i] = i;
  rng_shuffle(&rng, some, target->n);
  g_autoptr(KernelTarget) t = kernel_target_pick(target, some, n);
  g_autofree float *x = g_new(float, n *WIDTH + 1), *k = g_new0(float, n *n + 1);
  for (size_t i = 0; i < n; i++) fill(models->pdata[some[i]], x + i * WIDTH);
  if (!standardise(x, n)) return NAN;
  gemm(false, true, n, n, WIDTH, 1.0f / WIDTH, x, WIDTH, x, WIDTH, 0, k, n);
  g_autoptr(KernelEigen) e = kernel_eigen_new(k, n, NULL);
  KernelLambda l;
  if (!e || !kernel_target_fit(t, e, false, true, &l, NULL)) return NAN;
  kernel_fit_free(l.fit);
  g_free(l.p);
  return l.fair;
}
