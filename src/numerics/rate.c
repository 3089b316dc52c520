/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/rate.h"

#include <glib.h>
#include <math.h>
#include <stdlib.h>

#include "numerics/interval.h"

void score_wilson(double hits, double n, double *low, double *high) {
  const double z = 1.959964;
  if (n <= 0) {
    *low = *high = NAN;
    return;
  }
  double p = hits / n, z2 = z * z / n;
  double middle = (p + z2 / 2) / (1 + z2);
  double half = z / (1 + z2) * sqrt(p * (1 - p) / n + z2 / (4 * n));
  *low = fmax(0, middle - half);
  *high = fmin(1, middle + half);
}

Score score_none(void) {
  return (Score){.top1 = NAN,
                 .top5 = NAN,
                 .accuracy = NAN,
                 .f1 = NAN,
                 .ap = NAN,
                 .chance = NAN,
                 .control = NAN,
                 .low = NAN,
                 .high = NAN};
}

double score_headline(const Score *s) { return isfinite(s->top1) ? s->top1 : s->accuracy; }

double score_above(double share, double chance) {
  double floor = isfinite(chance) ? fmin(fmax(chance, 0), 1) : 0;
  if (!isfinite(share)) return NAN;
  return share > floor ? fmin((share - floor) / (1 - floor), 1) : 0;
}

double score_merit(const Score *s) { return isfinite(s->top1) ? s->top1 : s->ap; }

bool score_shows_skill(const Score *s) {
  if (!s->n) return false;
  if (isfinite(s->top1)) return s->low > fmax(s->chance, isfinite(s->control) ? s->control : 0);
  return s->low > s->chance || s->ap > s->control + 2 * sqrt(s->control * (1 - s->control) / s->n);
}

Score score_from_ranks(const size_t *ranks, const size_t *label, size_t n, size_t classes) {
  Score s = score_none();
  if (n == 0 || classes == 0) return s;
  g_autofree double *right = g_new(double, n);
  size_t first = 0, five = 0;
  for (size_t i = 0; i < n; i++) {
    first += ranks[i] == 0;
    right[i] = ranks[i] == 0;
    five += ranks[i] < 5;
  }
  s.n = (unsigned)n;
  s.classes = (unsigned)classes;
  s.chance = 1.0 / (double)classes;
  s.top1 = (double)first / (double)n;
  s.top5 = (double)five / (double)n;
  interval_of_share(right, label, n, &s.low, &s.high);
  return s;
}

size_t score_rank(const float *scores, size_t n, size_t right) {
  size_t above = 0;
  for (size_t j = 0; j < n; j++)
    above += j != right && (!(scores[j] <= scores[right]) || (scores[j] == scores[right] && j < right));
  return above;
}

/* --- many labels a model -------------------------------------------------------------------------- */

/* One label's column: score and truth of each model. */
typedef struct {
  float score;
  unsigned char has;
} Judged;

static int by_score(const void *a, const void *b) {
  float x = ((const Judged *)a)->score, y = ((const Judged *)b)->score;
  return (x < y) - (x > y);
}

/* Mean precision at the places of the models that have the label; NAN when none has. */
static double average_precision(Judged *column, size_t n) {
  size_t right = 0;
  double sum = 0;
  qsort(column, n, sizeof *column, by_score);
  for (size_t i = 0; i < n; i++)
    if (column[i].has) sum += (double)++right / (double)(i + 1);
  return right ? sum / (double)right : NAN;
}

static double f1_of(const Judged *column, size_t n) {
  size_t both = 0, said = 0, is = 0;
  for (size_t i = 0; i < n; i++) {
    both += column[i].score > 0 && column[i].has;
    said += column[i].score > 0;
    is += column[i].has;
  }
  return said + is ? 2.0 * (double)both / (double)(said + is) : NAN;
}

/* The mean of the finite ones; NAN when there are none. */
static void add_mean(double *mean, size_t *count, double x) {
  if (!isfinite(x)) return;
  *mean = *count ? (*mean * (double)*count + x) / (double)(*count + 1) : x;
  ++*count;
}

Score score_from_logits(const float *logits, const unsigned char *has, size_t n, size_t classes) {
  Score s = score_none();
  if (n == 0 || classes == 0) return s;
  g_autofree double *right = g_new0(double, n); /* by model: share of labels judged rightly */
  g_autofree Judged *column = g_new(Judged, n);
  size_t with_ap = 0, with_f1 = 0, with_control = 0;
  double majority = 0;
  s.accuracy = 0;
  for (size_t j = 0; j < classes; j++) {
    size_t positive = 0;
    for (size_t i = 0; i < n; i++) {
      column[i] = (Judged){logits[i * classes + j], has[i * classes + j]};
      right[i] += ((column[i].score > 0) == column[i].has) / (double)classes;
      positive += column[i].has;
    }
    majority += (double)MAX(positive, n - positive) / (double)n / (double)classes;
    add_mean(&s.f1, &with_f1, f1_of(column, n));
    add_mean(&s.ap, &with_ap, average_precision(column, n));
    add_mean(&s.control, &with_control, positive ? (double)positive / (double)n : NAN);
  }
  for (size_t i = 0; i < n; i++) {
    right[i] = fmin(right[i], 1);
    s.accuracy += right[i] / (double)n;
  }
  s.n = (unsigned)n;
  s.classes = (unsigned)classes;
  s.chance = majority;
  interval_of_share(right, NULL, n, &s.low, &s.high);
  return s;
}
