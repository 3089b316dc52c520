/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/kernel/kernel_scale.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>

/* A centred model this near to the mean of all has no direction of its own. */
#define LEAST 1e-6

KernelScale *kernel_scale_new(const float *mean, const float *spread, size_t n) {
  KernelScale *s = g_new0(KernelScale, 1);
  s->n = n;
  s->mean = mean ? g_memdup2(mean, n * sizeof *mean) : g_new0(float, n + 1);
  s->spread = spread ? g_memdup2(spread, n * sizeof *spread) : g_new0(float, n + 1);
  for (size_t j = 0; j < n; j++) s->grand += (double)s->mean[j] / (double)n;
  return s;
}

void kernel_scale_free(KernelScale *s) {
  if (!s) return;
  g_free(s->mean);
  g_free(s->spread);
  g_free(s);
}

/* Centres a row of the kernel whose mean is `mean` and divides it; `own` is the root of its centred diagonal. */
static void scale_row(const KernelScale *s, float *row, double mean, double own) {
  for (size_t j = 0; j < s->n; j++) {
    double centred = (double)row[j] - (double)s->mean[j] - mean + s->grand, by = own * (double)s->spread[j];
    row[j] = by > 0 ? (float)(centred / by) : 0;
  }
}

static double row_mean(const float *row, size_t n) {
  double sum = 0;
  for (size_t j = 0; j < n; j++) sum += (double)row[j];
  return sum / (double)n;
}

static double root_above(double square) { return square > LEAST ? sqrt(square) : 0; }

KernelScale *kernel_scale_fit(float *k, size_t n) {
  KernelScale *s = kernel_scale_new(NULL, NULL, n);
  for (size_t i = 0; i < n; i++) s->mean[i] = (float)row_mean(k + i * n, n);
  for (size_t j = 0; j < n; j++) s->grand += (double)s->mean[j] / (double)n;
  for (size_t i = 0; i < n; i++)
    s->spread[i] = (float)root_above((double)k[i * n + i] - 2 * (double)s->mean[i] + s->grand);
  for (size_t i = 0; i < n; i++) scale_row(s, k + i * n, (double)s->mean[i], (double)s->spread[i]);
  return s;
}

void kernel_scale_apply(const KernelScale *s, float *k, size_t m, const float *self) {
  for (size_t i = 0; i < m; i++) {
    double mean = row_mean(k + i * s->n, s->n);
    bool there = self[i] > 0; /* what is not there is like nothing */
    scale_row(s, k + i * s->n, mean, there ? root_above((double)self[i] - 2 * mean + s->grand) : 0);
  }
}
