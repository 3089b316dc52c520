/* SPDX-License-Identifier: Apache-2.0 */
#include "planter/loss.h"

#include <glib.h>
#include <math.h>

double loss_squares(const float *out, const float *target, size_t n, size_t width, float *d_out) {
  size_t count = n * width;
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    float difference = out[i] - target[i];
    sum += (double)difference * difference;
    if (d_out) d_out[i] = 2 * difference / (float)count;
  }
  return count ? sum / (double)count : 0;
}

/* One row of logits: -log softmax of the label; the gradient, over n, goes to d. */
static double row_loss(const float *z, uint32_t label, size_t classes, size_t n, float *d, size_t *best) {
  *best = 0;
  for (size_t k = 1; k < classes; k++)
    if (z[k] > z[*best]) *best = k;
  double sum = 0;
  for (size_t k = 0; k < classes; k++) sum += exp((double)z[k] - z[*best]);
  for (size_t k = 0; d && k < classes; k++)
    d[k] = (float)((exp((double)z[k] - z[*best]) / sum - (k == label)) / (double)n);
  return log(sum) - ((double)z[label] - z[*best]);
}

double loss_cross_entropy(const float *logits, const uint32_t *labels, size_t n, size_t classes, float *d_out,
                          size_t *hits) {
  double sum = 0;
  size_t right = 0;
  for (size_t i = 0; i < n; i++) {
    size_t best;
    float *d = d_out ? d_out + i * classes : NULL;
    sum += row_loss(logits + i * classes, labels[i], classes, n, d, &best);
    right += best == labels[i];
  }
  if (hits) *hits = right;
  return n ? sum / (double)n : 0;
}

const char *schedule_name(Schedule schedule) {
  static const char *const names[SCHEDULE_COUNT] = {"constant", "constant_with_warmup", "linear", "cosine",
                                                    "cosine_with_restarts"};
  return names[schedule];
}

float schedule_factor(Schedule schedule, unsigned step, unsigned steps) {
  const float pi = 3.14159265f;
  const float done = (float)step / (float)MAX(steps, 1);
  switch (schedule) {
    case SCHEDULE_CONSTANT:
      return 1;
    case SCHEDULE_WARMUP:
      return fminf(1, (done + 0.01f) / 0.1f);
    case SCHEDULE_LINEAR:
      return 1 - done;
    case SCHEDULE_COSINE:
      return 0.5f * (1 + cosf(pi * done));
    default:
      return 0.5f * (1 + cosf(pi * fmodf(2 * done, 1)));
  }
}
