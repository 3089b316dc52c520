/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/recipe/element_mix.h"

#include <glib.h>
#include <math.h>

#include "lineage/recipe/ratio_peak.h"
#include "numerics/simd.h"

enum { LEAST_MOVED = 64, SAMPLE = 1 << 16 };
static const double least_share = 0.97, most_chance = 0.5;

static double change(const Elements *e, const float *x, size_t i) { return (double)x[i] - e->o[i]; }

static double larger(double most, double x) { return x > most ? x : most; }

/* Rounding of the child, of all parents and of the base, at its worst. */
static double tolerance(const Elements *e, size_t i) {
  double most = larger(fabs((double)e->c[i]), fabs((double)e->o[i]));
  for (unsigned k = 0; k < e->parents; k++) most = larger(most, fabs((double)e->x[k][i]));
  return 4 * e->epsilon * most + 1e-30 + (e->half ? 1.05 * (double)e->half[i] : 0);
}

/* ---- which factor a parent has ---- */

/* Every so many elements, so that at most SAMPLE are looked at. */
static size_t stride_of(const Elements *e) { return (e->n + SAMPLE - 1) / SAMPLE; }

/* All elements' changes of parent k and of the child, and what rounding may have done to them. */
VECTOR_LOOP static void gather(const Elements *e, unsigned k, Ratios *r) {
  const float *restrict x = e->x[k], *restrict c = e->c, *restrict o = e->o;
  double *restrict from = r->from, *restrict to = r->to, *restrict off = r->off;
  for (size_t i = 0; i < e->n; i++) {
    double most = larger(fabs((double)c[i]), fabs((double)o[i]));
    from[i] = (double)x[i] - (double)o[i], to[i] = (double)c[i] - (double)o[i], off[i] = most;
  }
  for (unsigned q = 0; q < e->parents; q++) {
    const float *restrict other = e->x[q];
    for (size_t i = 0; i < e->n; i++) off[i] = larger(off[i], fabs((double)other[i]));
  }
  const double epsilon = e->epsilon;
  for (size_t i = 0; i < e->n; i++) off[i] = 4 * epsilon * off[i] + 1e-30;
  for (size_t i = 0; e->half && i < e->n; i++) off[i] += 1.05 * (double)e->half[i];
  r->n = e->n;
}

static double alone_ratio(const Elements *e, unsigned k) {
  size_t stride = stride_of(e);
  Ratios r = ratios_new(e->n / stride + 1);
  if (stride == 1) gather(e, k, &r);
  for (size_t i = 0; stride > 1 && i < e->n; i += stride)
    ratios_add(&r, change(e, e->x[k], i), change(e, e->c, i), tolerance(e, i));
  double ratio = ratios_peak(&r);
  ratios_clear(&r);
  return ratio;
}

/* ---- which parents an element is of ---- */

/* What the parents in `set` make of element i. */
static double made_of(const ElementMix *m, const Elements *e, unsigned set, size_t i) {
  double sum = 0, weights = 0;
  for (unsigned k = 0; k < e->parents; k++) {
    if (!(set >> k & 1)) continue;
    sum += (m->means ? m->weight[k] : m->factor[k]) * change(e, e->x[k], i);
    weights += m->weight[k];
  }
  return m->means && set ? m->factor[0] * sum / weights : sum;
}

/* The least set of parents that makes of element i what the child has at `at`; none: 1 << parents. */
static unsigned set_of(const ElementMix *m, const Elements *e, size_t at, size_t i, bool alone) {
  double is = change(e, e->c, at), allowed = tolerance(e, i), most = 1;
  unsigned sets = 1u << e->parents, best = sets;
  int least = ELEMENT_PARENTS + 1;
  for (unsigned k = 0; k < e->parents; k++) most = fmax(most, fabs(m->factor[k]));
  if (fabs(is) <= allowed) return 0;
  for (unsigned set = 1; set < sets; set++) {
    int size = __builtin_popcount(set);
    if (size >= least || (alone && size > 1)) continue;
    if (fabs(is - made_of(m, e, set, i)) <= allowed * most) best = set, least = size;
  }
  return best;
}

/* ---- weights of means ---- */

/* w_k / (w_0 + w_k), from elements that are a mean of parents 0 and k: (e / f - d_k) / (d_0 - d_k) is one minus it. */
static double pair_share(const ElementMix *m, const Elements *e, unsigned k) {
  size_t stride = stride_of(e);
  Ratios r = ratios_new(e->n / stride + 1);
  for (size_t i = 0; i < e->n; i += stride) {
    double a = change(e, e->x[0], i), b = change(e, e->x[k], i);
    if (a * b <= 0 || set_of(m, e, i, i, true) < 1u << e->parents) continue;
    ratios_add(&r, a - b, change(e, e->c, i) / m->factor[0] - b, tolerance(e, i));
  }
  double ratio = ratios_peak(&r);
  ratios_clear(&r);
  return 1 - ratio;
}

/* Of means all factors are one. False where they are not, or the weights cannot be told. */
static bool fit_means(ElementMix *m, const Elements *e) {
  static const double one_factor = 0.02;
  double sum = 1;
  for (unsigned k = 1; k < e->parents; k++)
    if (fabs(m->factor[k] - m->factor[0]) > one_factor * m->factor[0]) return false;
  m->weight[0] = 1;
  for (unsigned k = 1; k < e->parents; k++) {
    double share = pair_share(m, e, k);
    if (!(share > 0.02 && share < 0.98)) return false;
    sum += m->weight[k] = share / (1 - share);
  }
  for (unsigned k = 0; k < e->parents; k++) m->weight[k] /= sum;
  m->means = true;
  return true;
}

/* ---- counting ---- */

typedef struct {
  size_t alone[ELEMENT_PARENTS], with[ELEMENT_PARENTS], none, several, signs_apart, unexplained, chance;
  double all_size, dropped_size; /* sums of parents' |changes|: of all elements, of those that none is kept in */
} Counts;

static bool has_both_signs(const Elements *e, unsigned set, size_t i) {
  bool up = false, down = false;
  for (unsigned k = 0; k < e->parents; k++) {
    if (!(set >> k & 1)) continue;
    up |= change(e, e->x[k], i) > 0, down |= change(e, e->x[k], i) < 0;
  }
  return up && down;
}

static void count_one(Counts *n, const Elements *e, unsigned set, size_t i) {
  int size = __builtin_popcount(set);
  double moved = 0;
  for (unsigned k = 0; k < e->parents; k++) {
    moved += fabs(change(e, e->x[k], i));
    n->with[k] += set >> k & 1;
    n->alone[k] += set == 1u << k;
  }
  n->all_size += moved;
  if (set == 0) n->none++, n->dropped_size += moved;
  if (size > 1) n->several++, n->signs_apart += has_both_signs(e, set, i);
}

static Counts count_sets(const ElementMix *m, const Elements *e) {
  Counts n = {.none = 0};
  unsigned sets = 1u << e->parents;
  for (size_t i = 0; i < e->n; i++) {
    unsigned set = set_of(m, e, i, i, false), moved = set_of(m, e, (i + 1) % e->n, i, false);
    n.chance += moved > 0 && moved < sets;
    if (set == sets) n.unexplained++;
    else count_one(&n, e, set, i);
  }
  return n;
}

/* What was dropped is small when it was trimmed, as large as anything when chance dropped it. */
static ElementMethod method_of(const ElementMix *m, const Elements *e, const Counts *n) {
  static const double small = 0.75, elected = 0.02;
  bool signs = (double)n->signs_apart < elected * (double)n->several;
  double usual = n->all_size / (double)e->n, dropped = n->none ? n->dropped_size / (double)n->none : 0;
  if (!m->means && !signs) return ELEMENTS_DARE;
  return n->none * 50 > e->n && dropped > small * usual ? ELEMENTS_DARE_TIES : ELEMENTS_TIES;
}

static bool conclude(ElementMix *m, const Elements *e) {
  Counts n = count_sets(m, e);
  bool enough = n.several >= LEAST_MOVED / 4;
  m->share = 1 - (double)n.unexplained / (double)e->n;
  m->chance = (double)n.chance / (double)e->n;
  for (unsigned k = 0; k < e->parents; k++) {
    enough &= n.alone[k] >= LEAST_MOVED / 2;
    m->density[k] = (double)n.with[k] / (double)e->n;
  }
  if (!enough || m->share < least_share || m->chance > most_chance) return false;
  m->method = method_of(m, e, &n);
  return true;
}

/* ---- other rules ---- */

/* Where all parents moved one way no rule that keeps or drops their changes moves the other way, and some elements
 * stand still although all parents moved. */
static bool is_of_these(const Elements *e) {
  enum { LEAST = 200 };
  static const double most_against = 0.005, least_still = 0.05;
  size_t still = 0, one_way = 0, against = 0, clear = 0;
  for (size_t i = 0; i < e->n; i++) {
    double allowed = tolerance(e, i), is = change(e, e->c, i), first = change(e, e->x[0], i);
    bool moved = true, same = true;
    for (unsigned k = 0; k < e->parents; k++) {
      double d = change(e, e->x[k], i);
      moved &= fabs(d) > 4 * allowed, same &= d * first > 0;
    }
    if (!moved) continue;
    clear++;
    if (fabs(is) <= allowed) still++;
    else if (same) one_way++, against += is * first < 0;
  }
  return one_way >= LEAST && (double)still >= least_still * (double)clear &&
         (double)against <= most_against * (double)one_way;
}

/* Each parent gives some of the elements: the child's change leans to it where the others' changes are opposed. */
static bool all_take_part(const Elements *e) {
  for (unsigned k = 0; k < e->parents; k++) {
    double sum = 0, size = 0;
    for (size_t i = 0; i < e->n; i++) {
      double d = change(e, e->x[k], i), others = 0, is = change(e, e->c, i);
      for (unsigned q = 0; q < e->parents; q++) others += q == k ? 0 : change(e, e->x[q], i);
      if (d * others >= 0) continue;
      sum += (is * d > 0) * fabs(d), size += (is != 0) * fabs(d);
    }
    if (!(size > 0) || sum < 0.1 * size) return false;
  }
  return true;
}

ElementMix element_mix(const Elements *e) {
  ElementMix m = {.method = ELEMENTS_NONE};
  if (e->n < LEAST_MOVED || e->parents < 2) return m;
  bool ratios = true;
  for (unsigned k = 0; k < e->parents; k++) ratios &= (m.factor[k] = alone_ratio(e, k)) > 0.02;
  if (ratios) {
    ElementMix means = m;
    if (fit_means(&means, e) && conclude(&means, e)) return means;
    if (conclude(&m, e)) return m;
  }
  if (is_of_these(e) && all_take_part(e)) m.method = ELEMENTS_UNKNOWN;
  return m;
}

/* How many elements are the one parent's change times the factor, less how many would be if the child's were moved on by
 * one. `r` holds changes and rounding of all. */
VECTOR_LOOP static double beyond_chance(const Ratios *r, double factor) {
  const double *restrict from = r->from, *restrict to = r->to, *restrict off = r->off;
  const double wider = larger(1, fabs(factor));
  double sum = 0;
  for (size_t i = 0; i < r->n; i++) {
    double rest = fabs(to[i] - factor * from[i]);
    sum += ((fabs(to[i]) > off[i]) & (rest <= off[i] * wider)) ? 1.0 : 0.0;
  }
  for (size_t i = 0; i + 1 < r->n; i++) {
    double rest = fabs(to[i + 1] - factor * from[i]);
    sum -= ((fabs(to[i + 1]) > off[i]) & (rest <= off[i] * wider)) ? 1.0 : 0.0;
  }
  return sum;
}

double element_mix_peak(const Elements *e, unsigned parent) {
  Elements alone = *e;
  alone.parents = 1, alone.x[0] = e->x[parent];
  ElementMix m = {.factor = {alone_ratio(&alone, 0)}};
  if (!(m.factor[0] > 0.02)) return 0;
  Ratios r = ratios_new(e->n + 1);
  gather(&alone, 0, &r);
  double sum = beyond_chance(&r, m.factor[0]);
  sum -= r.n > 0 && set_of(&m, &alone, 0, r.n - 1, false) == 1;
  ratios_clear(&r);
  return sum / (double)e->n;
}
