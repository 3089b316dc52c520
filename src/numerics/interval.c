/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/interval.h"

#include <glib.h>
#include <math.h>
#include <stdbool.h>

static const double outside = 0.025, normal = 1.959964;

/* --- distributions ------------------------------------------------------------------------------------- */

/* The continued fraction of the incomplete beta function (Abramowitz and Stegun 26.5.8), from its end. It converges
 * fast for x <= (a + 1) / (a + b + 2), in some sqrt(max(a, b)) terms. */
static double beta_fraction(double x, double a, double b) {
  int terms = 40 + (int)(4 * sqrt(fmin(fmax(a, b), 1e8)));
  double f = 1;
  for (int m = terms; m >= 1; m--) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double odd = -(a + m - 1) * (a + b + m - 1) * x / ((a + 2 * m - 2) * (a + 2 * m - 1));
    f = 1 + odd / (1 + even / f);
  }
  return 1 / f;
}

/* The share of the beta distribution below x. */
static double beta_below(double x, double a, double b) {
  if (x <= 0 || x >= 1) return x > 0;
  if (x > (a + 1) / (a + b + 2)) return 1 - beta_below(1 - x, b, a);
  double front = exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a;
  return front * beta_fraction(x, a, b);
}

double interval_beta_quantile(double p, double a, double b) {
  enum { HALVINGS = 60 };
  double from = 0, to = 1;
  for (int i = 0; i < HALVINGS; i++) {
    double middle = (from + to) / 2;
    if (beta_below(middle, a, b) < p) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}

double interval_student_t(double degrees) {
  double x = interval_beta_quantile(2 * outside, degrees / 2, 0.5);
  return sqrt(degrees * (1 - x) / x);
}

/* --- groups -------------------------------------------------------------------------------------------- */

typedef struct {
  double mean, variance; /* of the mean */
  size_t groups;
} Spread;

static double mean_of(const double *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i];
  return sum / (double)n;
}

/* The groups' sums of x - mean, in any order; returns how many there are. */
static size_t sums_of_groups(const double *x, const size_t *group, size_t n, double mean, double *sum) {
  g_autoptr(GHashTable) place = g_hash_table_new(NULL, NULL);
  size_t groups = 0;
  for (size_t i = 0; i < n; i++) {
    gpointer key = GSIZE_TO_POINTER(group ? group[i] : i), at;
    if (!g_hash_table_lookup_extended(place, key, NULL, &at)) {
      g_hash_table_insert(place, key, at = GSIZE_TO_POINTER(groups));
      sum[groups++] = 0;
    }
    sum[GPOINTER_TO_SIZE(at)] += x[i] - mean;
  }
  return groups;
}

static Spread spread_of(const double *x, const size_t *group, size_t n) {
  g_autofree double *sum = g_new(double, n + 1);
  Spread s = {.mean = mean_of(x, n)};
  s.groups = sums_of_groups(x, group, n, s.mean, sum);
  double g = (double)s.groups, squares = 0;
  for (size_t i = 0; i < s.groups; i++) squares += sum[i] * sum[i];
  if (s.groups > 1) s.variance = g / (g - 1) * squares / ((double)n * (double)n);
  return s;
}

/* --- intervals ----------------------------------------------------------------------------------------- */

static bool is_counted(const double *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (x[i] > 0 && x[i] < 1) return false;
  return true;
}

/* How many independent models would know the mean as well. Groups whose sums happen to agree do not make models that are
 * right or wrong count for more than they are. */
static double independent_models(const Spread *s, const double *x, size_t n) {
  double whole = s->mean * (1 - s->mean), factor = normal / interval_student_t((double)s->groups - 1);
  if (!(whole > 0)) return (double)s->groups;
  double worth = s->variance > 0 ? whole / s->variance : (double)n;
  return (is_counted(x, n) ? fmin(worth, (double)n) : worth) * factor * factor;
}

void interval_of_share(const double *x, const size_t *group, size_t n, double *low, double *high) {
  *low = *high = NAN;
  if (n == 0) return;
  Spread s = spread_of(x, group, n);
  *low = 0, *high = 1;
  if (s.groups < 2) return;
  double m = independent_models(&s, x, n), hits = s.mean * m;
  if (hits > 0) *low = interval_beta_quantile(outside, hits, m - hits + 1);
  if (hits < m) *high = interval_beta_quantile(1 - outside, hits + 1, m - hits);
}

void interval_of_mean(const double *x, const size_t *group, size_t n, double *low, double *high) {
  *low = *high = NAN;
  if (n == 0) return;
  Spread s = spread_of(x, group, n);
  double half = s.groups > 1 ? interval_student_t((double)s.groups - 1) * sqrt(s.variance) : INFINITY;
  *low = s.mean - half;
  *high = s.mean + half;
}
