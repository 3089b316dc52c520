/* SPDX-License-Identifier: Apache-2.0 */
#include "experts/probex/multiview.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "numerics/simd.h"

static const double least_spread = 1e-8; /* upstream's */

static const char *view_branch_name(ViewBranch b) {
  static const char *const names[] = {"xu", "xxtu", "xtu", "xtxu"};
  return names[b];
}

const char *view_probe_name(ViewBranch b) {
  static const char *const names[] = {"probes_xu.weight", "probes_xxtu.weight", "probes_xtu.weight",
                                      "probes_xtxu.weight"};
  return names[b];
}

const char *view_projection_name(ViewBranch b) {
  static const char *const names[] = {"shared_probe_proj_row.weight", "shared_probe_proj_row2.weight",
                                      "shared_probe_proj_col.weight", "shared_probe_proj_col2.weight"};
  return names[b];
}

char *views_text(unsigned views) {
  GString *text = g_string_new(NULL);
  for (int b = 0; b < VIEW_BRANCHES; b++)
    if (views >> b & 1) g_string_append_printf(text, "%s%s", text->len ? "," : "", view_branch_name((ViewBranch)b));
  return g_string_free(text, FALSE);
}

static int branch_of(const char *word) {
  int b = 0;
  while (b < VIEW_BRANCHES && g_ascii_strcasecmp(word, view_branch_name((ViewBranch)b)) != 0) b++;
  return b;
}

bool views_parse(const char *text, unsigned *views, GError **error) {
  g_auto(GStrv) words = g_strsplit(text, ",", VIEW_BRANCHES + 2);
  unsigned found = 0;
  for (char **w = words; *w; w++) {
    int b = branch_of(g_strstrip(*w));
    if (strcmp(*w, "all") == 0) found |= VIEW_ALL;
    else if (b < VIEW_BRANCHES) found |= 1U << b;
    else found |= 1U << VIEW_BRANCHES;
  }
  *views = found;
  if (found && found < 1U << VIEW_BRANCHES) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "unknown views '%s'; there are: xu, xxtu, xtu, xtxu (several with commas), or all", text);
  return false;
}

ViewStandard view_standard(double sum, double squares, double n) {
  double mean = sum / n, variance = n > 1 ? (squares - n * mean * mean) / (n - 1) : 0;
  double spread = variance > 0 ? sqrt(variance) : 0;
  return (ViewStandard){n, mean, spread, 1 / (spread + least_spread)};
}

/* NaN stays, so that a diverged run shows. */
VECTOR_LOOP static void shift_scale(float *restrict z, const float *restrict off, float by, float most, size_t n) {
  for (size_t i = 0; i < n; i++) {
    float x = by * (z[i] - off[i]);
    z[i] = x <= most ? most : x;
  }
}

void view_finish(const ViewStandard *s, const float *p1, size_t r_u, size_t r_v, bool linear, float *z) {
  g_autofree float *off = g_new(float, r_v + 1);
  for (size_t v = 0; v < r_v; v++) off[v] = (float)(s->mean * (double)p1[v]);
  for (size_t l = 0; l < r_u; l++) shift_scale(z + l * r_v, off, (float)s->inverse, linear ? -INFINITY : 0, r_v);
}

/* One row: dz masked and scaled in place and added to `sums`; returns dz · h before the scaling. */
static double row_backward(const float *h, size_t n, bool linear, float inverse, float *dz, float *sums) {
  double along = 0;
  for (size_t v = 0; v < n; v++) {
    if (!linear && h[v] <= 0) dz[v] = 0;
    along += (double)dz[v] * (double)h[v];
    dz[v] *= inverse;
    sums[v] += dz[v];
  }
  return along;
}

ViewSlope view_finish_backward(const ViewStandard *s, const float *p1, const float *h, size_t r_u, size_t r_v,
                               bool linear, float *dz, float *dp1) {
  double along = 0, by_mean = 0;
  memset(dp1, 0, r_v * sizeof *dp1);
  for (size_t l = 0; l < r_u; l++)
    along += row_backward(h + l * r_v, r_v, linear, (float)s->inverse, dz + l * r_v, dp1);
  for (size_t v = 0; v < r_v; v++) {
    by_mean -= (double)dp1[v] * (double)p1[v];
    dp1[v] = (float)(-s->mean * (double)dp1[v]);
  }
  if (!(s->spread > 0)) return (ViewSlope){by_mean / s->n, 0}; /* nothing there: nothing to change */
  double by_spread = -s->inverse * along, by_squares = by_spread / (2 * s->spread * (s->n - 1));
  return (ViewSlope){by_mean / s->n - 2 * by_squares * s->mean, by_squares};
}
