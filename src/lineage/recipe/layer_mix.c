/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/layer_mix.h"

#include <glib.h>
#include <math.h>

/* A plain child has 0.7 and more; what is above this is none of a plane's. */
static const double most_misfit = 1e-4;

/* What a quantised copy has lost may exceed what its levels make expect by so much; the nearer model alone must leave
 * clearly more, or it is a copy of that one. */
static const double most_noise = 1.3, worth_a_merge = 1.5;

/* Where spherical and linear interpolation cannot be told apart. */
static const double least_angle = 0.0316; /* cosine .9995 */

static double slerp_of(const PlaneMix *m, double off) {
  if (!(m->angle > least_angle)) return NAN;
  double t = 1 - asin(CLAMP(m->u * sin(m->angle), 0, 1)) / m->angle;
  double v = sin(t * m->angle) / sin(m->angle);
  return fabs(v - m->v) < 2e-3 + off ? t : NAN;
}

static bool is_within_noise(const PlaneMix *m, double noise2) {
  return noise2 > 0 && m->rest2 <= most_noise * noise2 && m->nearest2 > worth_a_merge * m->rest2;
}

PlaneMix layer_mix_plane(const float *c, const float *a, const float *b, size_t n, double epsilon, double noise2) {
  double aa = 0, bb = 0, ab = 0, ca = 0, cb = 0, cc = 0, rest = 0, to_a = 0, to_b = 0;
  for (size_t i = 0; i < n; i++) {
    aa += (double)a[i] * a[i], bb += (double)b[i] * b[i], ab += (double)a[i] * b[i];
    ca += (double)c[i] * a[i], cb += (double)c[i] * b[i], cc += (double)c[i] * c[i];
    to_a += ((double)c[i] - a[i]) * ((double)c[i] - a[i]), to_b += ((double)c[i] - b[i]) * ((double)c[i] - b[i]);
  }
  PlaneMix m = {.angle = acos(CLAMP(ab / sqrt(aa * bb), -1, 1)), .slerp_t = NAN, .nearest2 = fmin(to_a, to_b)};
  double det = aa * bb - ab * ab;
  if (!(det > 1e-12 * aa * bb)) return m;
  m.u = (ca * bb - cb * ab) / det, m.v = (cb * aa - ca * ab) / det;
  if (to_a == 0) m.u = 1, m.v = 0;
  if (to_b == 0) m.u = 0, m.v = 1;
  for (size_t i = 0; i < n; i++) rest += pow(c[i] - m.u * a[i] - m.v * b[i], 2);
  m.rest2 = rest;
  m.misfit = m.nearest2 > 0 ? rest / m.nearest2 : 0;
  bool exact = rest <= most_misfit * m.nearest2 + epsilon * epsilon * cc && m.misfit < 0.1;
  double off = is_within_noise(&m, noise2) ? 2 * sqrt(noise2 / fmin(aa, bb)) : 0;
  m.fits = (exact || off > 0) && fmin(m.u, m.v) > -0.02 - off && fmax(m.u, m.v) < 1.02 + off;
  if (m.fits && m.nearest2 > 0) m.slerp_t = slerp_of(&m, off);
  return m;
}
