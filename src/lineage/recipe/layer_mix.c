/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/layer_mix.h"

#include <glib.h>
#include <math.h>

/* A plain child has 0.7 and more; what is above this is none of a plane's. */
static const double most_misfit = 1e-4;

enum { RATIO_BINS = 400, LEAST_MOVED = 64 };
static const double widest_ratio = 4, least_share = 0.97, most_chance = 0.5;

/* Where spherical and linear interpolation cannot be told apart. */
static const double least_angle = 0.0316; /* cosine .9995 */

static double slerp_of(const PlaneMix *m) {
  if (!(m->angle > least_angle)) return NAN;
  double t = 1 - asin(CLAMP(m->u * sin(m->angle), 0, 1)) / m->angle;
  double v = sin(t * m->angle) / sin(m->angle);
  return fabs(v - m->v) < 2e-3 ? t : NAN;
}

PlaneMix layer_mix_plane(const float *c, const float *a, const float *b, size_t n, double epsilon) {
  double aa = 0, bb = 0, ab = 0, ca = 0, cb = 0, cc = 0, rest = 0, to_a = 0, to_b = 0;
  for (size_t i = 0; i < n; i++) {
    aa += (double)a[i] * a[i], bb += (double)b[i] * b[i], ab += (double)a[i] * b[i];
    ca += (double)c[i] * a[i], cb += (double)c[i] * b[i], cc += (double)c[i] * c[i];
    to_a += ((double)c[i] - a[i]) * ((double)c[i] - a[i]), to_b += ((double)c[i] - b[i]) * ((double)c[i] - b[i]);
  }
  PlaneMix m = {.angle = acos(CLAMP(ab / sqrt(aa * bb), -1, 1)), .slerp_t = NAN};
  double det = aa * bb - ab * ab;
  if (!(det > 1e-12 * aa * bb)) return m;
  m.u = (ca * bb - cb * ab) / det, m.v = (cb * aa - ca * ab) / det;
  if (to_a == 0) m.u = 1, m.v = 0;
  if (to_b == 0) m.u = 0, m.v = 1;
  for (size_t i = 0; i < n; i++) rest += pow(c[i] - m.u * a[i] - m.v * b[i], 2);
  double nearest = fmin(to_a, to_b), allowed = most_misfit * nearest + epsilon * epsilon * cc;
  m.misfit = nearest > 0 ? rest / nearest : 0;
  m.fits = rest <= allowed && m.misfit < 0.1 && m.u > -0.02 && m.v > -0.02 && m.u < 1.02 && m.v < 1.02;
  if (m.fits && nearest > 0) m.slerp_t = slerp_of(&m);
  return m;
}

typedef struct {
  const float *c, *o, *a, *b;
  size_t n;
  double epsilon;
} Numbers;

static double change(const float *x, const Numbers *s, size_t i) { return (double)x[i] - s->o[i]; }

/* Rounding of the child, of both parents and of the base, at its worst. */
static double tolerance(const Numbers *s, size_t i) {
  double most =
      fmax(fmax(fabs((double)s->c[i]), fabs((double)s->o[i])), fmax(fabs((double)s->a[i]), fabs((double)s->b[i])));
  return 4 * s->epsilon * most + 1e-30;
}

/* Mean of the ratios within `width` of the centre; *count gets how many there are. */
static double mean_ratio(const float *x, const Numbers *s, double least, double centre, double width, size_t *count) {
  double sum = 0;
  *count = 0;
  for (size_t i = 0; i < s->n; i++) {
    double d = change(x, s, i), ratio = change(s->c, s, i) / d;
    if (fabs(d) < least || !(fabs(ratio - centre) <= width)) continue;
    sum += ratio, ++*count;
  }
  return *count ? sum / (double)*count : centre;
}

/* The peak's place to within rounding: ever narrower windows, until they cut into the peak itself. */
static double narrow(const float *x, const Numbers *s, double least, double centre) {
  size_t before, count;
  double width = 0.03, next = mean_ratio(x, s, least, centre, width, &before);
  for (; width > 1e-7; width /= 3, centre = next, before = count) {
    next = mean_ratio(x, s, least, centre, width, &count);
    if (count < 8 || 2 * count < before) break;
  }
  return centre;
}

/* The factor by which x's change most often appears in c's: the peak of the ratios' histogram, by the
 * larger half of the changes. NAN: none moved. */
static double commonest_ratio(const float *x, const Numbers *s) {
  double sum2 = 0, sums[RATIO_BINS] = {0};
  unsigned counts[RATIO_BINS] = {0};
  for (size_t i = 0; i < s->n; i++) sum2 += pow(change(x, s, i), 2);
  double least = 0.7 * sqrt(sum2 / (double)s->n);
  for (size_t i = 0; i < s->n; i++) {
    double d = change(x, s, i), e = change(s->c, s, i), ratio = e / d;
    if (fabs(d) < least || fabs(e) <= tolerance(s, i) || !(fabs(ratio) < widest_ratio)) continue;
    int bin = (int)((ratio + widest_ratio) * RATIO_BINS / (2 * widest_ratio));
    bin = CLAMP(bin, 0, RATIO_BINS - 1);
    counts[bin]++, sums[bin] += ratio;
  }
  int best = 1;
  for (int k = 1; k < RATIO_BINS - 1; k++)
    if (counts[k - 1] + counts[k] + counts[k + 1] > counts[best - 1] + counts[best] + counts[best + 1]) best = k;
  unsigned count = counts[best - 1] + counts[best] + counts[best + 1];
  return count >= 8 ? narrow(x, s, least, (sums[best - 1] + sums[best] + sums[best + 1]) / count) : NAN;
}

/* True when element `at` of c's change is one of the values that element i of the parents allows. */
static int kind_of(const ElementMix *m, const Numbers *s, size_t at, size_t i, bool both) {
  double e = change(s->c, s, at), da = change(s->a, s, i), db = change(s->b, s, i), allowed = tolerance(s, i);
  if (fabs(e) <= allowed) return 1;
  if (fabs(e - m->single[0] * da) <= allowed * fmax(1, fabs(m->single[0]))) return 2;
  if (fabs(e - m->single[1] * db) <= allowed * fmax(1, fabs(m->single[1]))) return 3;
  if (both && fabs(e - m->both[0] * da - m->both[1] * db) <= allowed * fmax(1, fabs(m->single[0]))) return 4;
  return 0;
}

/* Weights of both changes where neither alone explains the element. False: none such. */
static bool fit_both(ElementMix *m, const Numbers *s) {
  double aa = 0, bb = 0, ab = 0, ea = 0, eb = 0;
  for (size_t i = 0; i < s->n; i++) {
    if (kind_of(m, s, i, i, false)) continue;
    double e = change(s->c, s, i), da = change(s->a, s, i), db = change(s->b, s, i);
    aa += da * da, bb += db * db, ab += da * db, ea += e * da, eb += e * db;
  }
  double det = aa * bb - ab * ab;
  if (!(det > 1e-9 * aa * bb)) return false;
  m->both[0] = (ea * bb - eb * ab) / det, m->both[1] = (eb * aa - ea * ab) / det;
  return true;
}

static void count_kinds(ElementMix *m, const Numbers *s, size_t counts[5]) {
  size_t chance = 0;
  for (size_t i = 0; i < s->n; i++) {
    counts[kind_of(m, s, i, i, true)]++;
    chance += kind_of(m, s, (i + 1) % s->n, i, true) > 1;
  }
  m->share = 1 - (double)counts[0] / (double)s->n;
  m->chance = (double)chance / (double)s->n;
  m->density[0] = (double)(counts[2] + counts[4]) / (double)s->n;
  m->density[1] = (double)(counts[3] + counts[4]) / (double)s->n;
}

ElementMix layer_mix_elements(const float *c, const float *o, const float *a, const float *b, size_t n,
                              double epsilon) {
  ElementMix m = {.method = ELEMENTS_NONE};
  Numbers s = {c, o, a, b, n, epsilon};
  size_t counts[5] = {0};
  if (n < LEAST_MOVED) return m;
  m.single[0] = commonest_ratio(a, &s), m.single[1] = commonest_ratio(b, &s);
  if (!(m.single[0] > 0.02) || !(m.single[1] > 0.02) || !fit_both(&m, &s)) return m;
  count_kinds(&m, &s, counts);
  bool enough = MIN(counts[2], counts[3]) >= LEAST_MOVED / 2 && counts[4] >= LEAST_MOVED / 4;
  if (!enough || m.share < least_share || m.chance > most_chance) return m;
  double sums = fabs(m.both[0] - m.single[0]) / m.single[0] + fabs(m.both[1] - m.single[1]) / m.single[1];
  m.method = sums < 0.2 ? ELEMENTS_DARE : ELEMENTS_TIES;
  return m;
}
