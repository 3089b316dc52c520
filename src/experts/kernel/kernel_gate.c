/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_gate.h"

#include "numerics/linalg.h"

void kernel_gate_free(KernelGate *g) {
  if (!g) return;
  g_free(g->model);
  g_free(g->form);
  g_free(g->slope);
  g_free(g);
}

void kernel_gate_scores(const KernelGate *g, const float *sum, size_t m, size_t n, double *score) {
  g_autofree float *c = g_new(float, m * g->n + 1);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < g->n; j++) c[i * g->n + j] = sum[i * n + g->model[j]];
  quadratic_scores(g->form, g->slope, g->offset, c, m, g->n, score);
}
