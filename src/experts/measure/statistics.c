/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/measure/statistics.h"

#include <math.h>

#include "numerics/linalg.h"
#include "core/parallel.h"
#include "numerics/rng.h"
#include "numerics/sorted.h"

enum { MOMENTS = 4, QUANTILES = 9, GROUP = MOMENTS + QUANTILES, GROUPS = 3, SAMPLES = 4096 };

static const double quantile_at[QUANTILES] = {0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};

/* Mean, spread, skewness, kurtosis, then quantiles. Sorts x. */
static void describe(float *x, size_t n, float *out) {
  double mean = 0, m2 = 0, m3 = 0, m4 = 0;
  for (size_t i = 0; i < n; i++) mean += (double)x[i] / (double)n;
  for (size_t i = 0; i < n; i++) {
    double d = (double)x[i] - mean;
    m2 += d * d / (double)n;
    m3 += d * d * d / (double)n;
    m4 += d * d * d * d / (double)n;
  }
  double spread = sqrt(m2);
  out[0] = (float)mean;
  out[1] = (float)spread;
  out[2] = spread > 0 ? (float)(m3 / (spread * m2)) : 0;
  out[3] = m2 > 0 ? (float)(m4 / (m2 * m2)) : 0;
  sort_floats(x, n);
  for (int q = 0; q < QUANTILES; q++) out[MOMENTS + q] = x[(size_t)(quantile_at[q] * (double)(n - 1) + 0.5)];
}

/* What the threads share. */
typedef struct {
  const LayerSet *set;
  const size_t *positions; /* (samples): flat, row-major */
  size_t samples;
  float *features; /* (n, GROUP * GROUPS) */
} Job;

/* One entry of a low-rank layer. */
static float entry(const LayerSet *set, size_t model, size_t position) {
  size_t i = position / set->d_in, j = position % set->d_in;
  float sum = 0;
  for (size_t r = set->first[model]; r < set->first[model + 1]; r++)
    sum += set->bt[r * set->d_out + i] * set->a[r * set->d_in + j];
  return sum * set->scale[model];
}

/* Squared norms of the rows and columns of the sampled entries stand in for those of X: each entry
 * adds to its row and its column. */
static bool describe_model(void *user, size_t model, unsigned thread) {
  (void)thread;
  const Job *job = user;
  const LayerSet *set = job->set;
  float *out = job->features + model * GROUP * GROUPS;
  g_autofree float *x = g_new(float, job->samples);
  g_autofree float *rows = g_new0(float, set->d_out), *columns = g_new0(float, set->d_in);
  g_autofree float *scratch = set->form == LAYER_DENSE ? g_new(float, set->d_out * set->d_in) : NULL;
  const float *dense = scratch ? layer_set_get(set, model, scratch) : NULL;
  for (size_t s = 0; s < job->samples; s++) {
    x[s] = dense ? dense[job->positions[s]] : entry(set, model, job->positions[s]);
    rows[job->positions[s] / set->d_in] += x[s] * x[s];
    columns[job->positions[s] % set->d_in] += x[s] * x[s];
  }
  describe(x, job->samples, out);
  describe(rows, set->d_out, out + GROUP);
  describe(columns, set->d_in, out + 2 * GROUP);
  return true;
}

static void standardise(float *f, size_t n, size_t width, const size_t *train, size_t m) {
  for (size_t c = 0; c < width; c++) {
    double mean = 0, square = 0;
    for (size_t i = 0; i < m; i++) mean += (double)f[train[i] * width + c] / (double)m;
    for (size_t i = 0; i < m; i++) square += pow((double)f[train[i] * width + c] - mean, 2) / (double)m;
    double spread = square > 0 ? sqrt(square) : 1;
    for (size_t i = 0; i < n; i++) f[i * width + c] = (float)CLAMP(((double)f[i * width + c] - mean) / spread, -10, 10);
  }
}

float *statistics_features(const LayerSet *set, const size_t *train, size_t m, uint64_t seed, size_t *width) {
  size_t all = set->d_out * set->d_in;
  Job job = {.set = set, .samples = MIN(all, (size_t)SAMPLES)};
  g_autofree size_t *positions = g_new(size_t, job.samples);
  Rng rng;
  rng_init(&rng, seed, 0x57a7);
  for (size_t s = 0; s < job.samples; s++) positions[s] = job.samples == all ? s : rng_below(&rng, all);
  job.positions = positions;
  job.features = g_new(float, (set->n * GROUP) * GROUPS);
  parallel_for(set->n, linalg_threads(), describe_model, &job, NULL);
  *width = GROUP * GROUPS;
  standardise(job.features, set->n, *width, train, m);
  return job.features;
}
