/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/calibration.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void softmax_row(float *x, size_t classes, double temperature) {
  double top = -INFINITY, sum = 0;
  for (size_t c = 0; c < classes; c++) top = fmax(top, (double)x[c]);
  for (size_t c = 0; c < classes; c++) sum += (double)(x[c] = (float)exp(((double)x[c] - top) / temperature));
  for (size_t c = 0; c < classes; c++) x[c] = (float)((double)x[c] / sum);
}

/* What a temperature is judged by. */
typedef struct {
  const float *logits;
  const size_t *target;     /* one label a model */
  const unsigned char *has; /* or many */
  size_t n, classes;
} Sample;

static double softmax_nll(const Sample *s, double t) {
  double loss = 0;
  for (size_t i = 0; i < s->n; i++) {
    const float *x = s->logits + i * s->classes;
    double top = -INFINITY, sum = 0;
    for (size_t c = 0; c < s->classes; c++) top = fmax(top, (double)x[c]);
    for (size_t c = 0; c < s->classes; c++) sum += exp(((double)x[c] - top) / t);
    loss += log(sum) - ((double)x[s->target[i]] - top) / t;
  }
  return loss;
}

static double sigmoid_nll(const Sample *s, double t) {
  double loss = 0;
  for (size_t k = 0; k < s->n * s->classes; k++) {
    double y = (double)s->logits[k] / t;
    loss += fmax(y, 0) + log1p(exp(-fabs(y))) - (s->has[k] ? y : 0);
  }
  return loss;
}

static double nll(const Sample *s, double t) { return s->has ? sigmoid_nll(s, t) : softmax_nll(s, t); }

/* The best power of 2^(1/step) around `middle`. */
static double search(const Sample *s, double middle, double step, int reach) {
  double best = middle, least = INFINITY;
  for (int k = -reach; k <= reach; k++) {
    double t = middle * exp2((double)k * step), loss = nll(s, t);
    if (loss < least) least = loss, best = t;
  }
  return best;
}

static double fit(const Sample *s) {
  if (s->n == 0) return 1;
  double t = search(s, 1, 1, 6);
  t = search(s, t, 0.25, 4);
  t = search(s, t, 1.0 / 32, 8);
  /* A sample without a mistake would make every answer certain; no sample proves that much. */
  return fmax(t, 0.5);
}

double calibrate_softmax(const float *logits, const size_t *target, size_t n, size_t classes) {
  return fit(&(Sample){.logits = logits, .target = target, .n = n, .classes = classes});
}

double calibrate_sigmoid(const float *logits, const unsigned char *has, size_t n, size_t classes) {
  return fit(&(Sample){.logits = logits, .has = has, .n = n, .classes = classes});
}

double calibration_error(const Answer *answers, size_t n) {
  enum { BINS = 15 };
  double sure[BINS] = {0}, right[BINS] = {0}, error = 0;
  if (n == 0) return NAN;
  for (size_t i = 0; i < n; i++) {
    double c = answers[i].confidence >= 0 ? MIN(answers[i].confidence, 1) : 0; /* no number: not sure */
    int bin = MIN((int)(c * BINS), BINS - 1);
    sure[bin] += c;
    right[bin] += answers[i].right;
  }
  for (int b = 0; b < BINS; b++) error += fabs(sure[b] - right[b]) / (double)n;
  return error;
}

void reliability_bins(const Answer *answers, size_t n, ReliabilityBin bins[RELIABILITY_BINS]) {
  for (int b = 0; b < RELIABILITY_BINS; b++) bins[b] = (ReliabilityBin){0};
  for (size_t i = 0; i < n; i++) {
    double c = answers[i].confidence >= 0 ? MIN(answers[i].confidence, 1) : 0;
    ReliabilityBin *bin = &bins[MIN((int)(c * RELIABILITY_BINS), RELIABILITY_BINS - 1)];
    bin->n++;
    bin->confidence += c;
    bin->right += answers[i].right;
  }
  for (int b = 0; b < RELIABILITY_BINS; b++) {
    double of = bins[b].n ? (double)bins[b].n : NAN;
    bins[b].confidence /= of, bins[b].right /= of;
  }
}

static int surest_first(const void *a, const void *b) {
  double x = ((const Answer *)a)->confidence, y = ((const Answer *)b)->confidence;
  return (x < y) - (x > y);
}

double answer_threshold(const Answer *answers, size_t n, double wanted) {
  g_autofree Answer *sorted = n ? g_memdup2(answers, n * sizeof *answers) : NULL;
  if (n) qsort(sorted, n, sizeof *sorted, surest_first);
  double threshold = 2;
  size_t right = 0;
  for (size_t i = 0; i < n; i++) {
    right += sorted[i].right;
    bool tie = i + 1 < n && sorted[i + 1].confidence == sorted[i].confidence;
    if (!tie && (double)right >= wanted * (double)(i + 1)) threshold = sorted[i].confidence;
  }
  return threshold;
}

void answer_rates(const Answer *answers, size_t n, double threshold, double *answered, double *right) {
  size_t said = 0, good = 0;
  for (size_t i = 0; i < n; i++) {
    if (answers[i].confidence < threshold) continue;
    said++;
    good += answers[i].right;
  }
  *answered = n ? (double)said / (double)n : NAN;
  *right = said ? (double)good / (double)said : NAN;
}
