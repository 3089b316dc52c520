/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/merges.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/parallel.h"

enum { PAIRS_AMONG = 64, TRIPLES_AMONG = 24, MOST_A_CHILD = 64 };

/* A share below this is none; a misfit above the other is none of a merge's. */
static const double least_share = 0.015, most_misfit = 0.01;

/* What float32 loses in a sketch, squared and relative. */
static const double sketch_floor = 2e-12;

typedef struct {
  const KinTable *table;
  const GArray *members;
  const MergeCard *cards; /* by number in the table, or NULL */
  GArray **found;         /* of Merge, one a member */
} Search;

typedef struct {
  unsigned member;
  double distance2;
} Near;

static int by_distance(const void *a, const void *b) {
  double x = ((const Near *)a)->distance2, y = ((const Near *)b)->distance2;
  return (x > y) - (x < y);
}

static double d2(const Search *s, unsigned a, unsigned b) {
  return a == b ? 0 : kin_table_get(s->table, a, b).distance2;
}

/* <a - o, b - o> */
static double product(const Search *s, unsigned o, unsigned a, unsigned b) {
  return (d2(s, a, o) + d2(s, b, o) - d2(s, a, b)) / 2;
}

/* |child - sum of weighted parents|^2 allowed for by rounding. */
static double tolerance(const Search *s, const Merge *m) {
  double sum = 0;
  for (unsigned k = 0; k <= m->n; k++) {
    const ModelSketch *x = kin_table_sketch(s->table, k < m->n ? m->parent[k] : m->child);
    double weight = k < m->n ? m->weight[k] : 1, epsilon = x->epsilon / 1.7;
    sum += weight * weight * fmax(epsilon * epsilon, sketch_floor) * x->norm2;
  }
  return 4 * sum;
}

/* Numbers of a coarse format that are the sum far within their own rounding were never rounded to it. */
static bool is_unrounded(const Search *s, const Merge *m, double rest) {
  static const double trace = 0.01;
  const ModelSketch *child = kin_table_sketch(s->table, m->child);
  double finest = INFINITY, epsilon = child->epsilon / 1.7;
  for (unsigned k = 0; k < m->n; k++) finest = fmin(finest, kin_table_sketch(s->table, m->parent[k])->epsilon);
  return finest < 0.1 * child->epsilon && rest < trace * epsilon * epsilon * child->norm2;
}

/* Measures the candidate on the sketches themselves; keeps it when it fits. */
static void consider(const Search *s, GArray *found, Merge m, double nearest) {
  const ModelSketch *parents[MERGE_PARENTS] = {NULL};
  for (unsigned k = 0; k < m.n; k++) {
    if (fabs(m.weight[k]) < least_share || fabs(m.weight[k]) > 1.02) return;
    parents[k] = kin_table_sketch(s->table, m.parent[k]);
  }
  double rest = kinship_residual(kin_table_sketch(s->table, m.child), parents, m.weight, m.n);
  m.misfit = rest / nearest;
  if (!(rest < tolerance(s, &m)) || !(m.misfit < most_misfit) || is_unrounded(s, &m, rest)) return;
  if (found->len < MOST_A_CHILD) g_array_append_val(found, m);
}

/* child = w a + (1 - w) b */
static void try_pair(const Search *s, GArray *found, unsigned child, const Near *a, const Near *b) {
  double across = d2(s, a->member, b->member);
  double w = product(s, b->member, child, a->member) / across;
  double rest = b->distance2 - w * w * across;
  double nearest = MIN(a->distance2, b->distance2);
  if (!(w > least_share && w < 1 - least_share) || !(rest < 2 * most_misfit * nearest)) return;
  consider(s, found, (Merge){child, 2, {a->member, b->member}, {w, 1 - w}, 0}, nearest);
}

/* child = u a + v b + (1 - u - v) o, by the normal equations of two unknowns. */
static void try_triple(const Search *s, GArray *found, unsigned child, const Near *a, const Near *b, const Near *o) {
  unsigned origin = o->member;
  double aa = d2(s, a->member, origin), bb = d2(s, b->member, origin);
  double ab = product(s, origin, a->member, b->member);
  double ca = product(s, origin, child, a->member), cb = product(s, origin, child, b->member);
  double det = aa * bb - ab * ab;
  if (!(det > 1e-3 * aa * bb)) return;
  double u = (ca * bb - cb * ab) / det, v = (cb * aa - ca * ab) / det;
  double rest = o->distance2 - u * ca - v * cb;
  double nearest = MIN(MIN(a->distance2, b->distance2), o->distance2);
  if (!(rest < 2 * most_misfit * nearest)) return;
  consider(s, found, (Merge){child, 3, {a->member, b->member, origin}, {u, v, 1 - u - v}, 0}, nearest);
}

/* The members that compare with the child, nearest first. */
static unsigned neighbours(const Search *s, unsigned child, Near *near) {
  unsigned n = 0;
  for (guint k = 0; k < s->members->len; k++) {
    unsigned m = g_array_index(s->members, unsigned, k);
    double distance2 = m == child ? INFINITY : d2(s, child, m);
    if (isfinite(distance2) && distance2 > 0) near[n++] = (Near){m, distance2};
  }
  qsort(near, n, sizeof *near, by_distance);
  return n;
}

static bool search_child(void *user, size_t item, unsigned thread) {
  (void)thread;
  const Search *s = user;
  unsigned child = g_array_index(s->members, unsigned, item);
  g_autofree Near *near = g_new(Near, s->members->len);
  unsigned n = neighbours(s, child, near), pairs = MIN(n, PAIRS_AMONG);
  GArray *found = s->found[item] = g_array_new(FALSE, FALSE, sizeof(Merge));
  for (unsigned i = 0; i < pairs; i++)
    for (unsigned j = 0; j < i; j++) try_pair(s, found, child, &near[i], &near[j]);
  unsigned triples = found->len ? 0 : MIN(n, TRIPLES_AMONG);
  for (unsigned i = 0; i < triples; i++)
    for (unsigned j = 0; j < i; j++)
      for (unsigned k = 0; k < j; k++) try_triple(s, found, child, &near[i], &near[j], &near[k]);
  return true;
}

/* Largest weight: of a merge it is at most 1, of a parent solved for it is more. */
static double largest(const Merge *m) {
  double most = 0;
  for (unsigned k = 0; k < m->n; k++) most = fmax(most, fabs(m->weight[k]));
  return most;
}

/* How far the weights are from multiples of 0.05, which people type. */
static double unroundness(const Merge *m) {
  double sum = 0;
  for (unsigned k = 0; k < m->n; k++) sum += fabs(m->weight[k] * 20 - nearbyint(m->weight[k] * 20));
  return sum / m->n;
}

static double spread(const Search *s, const Merge *m) {
  double most = 0;
  for (unsigned i = 0; i < m->n; i++)
    for (unsigned k = 0; k < i; k++) most = fmax(most, d2(s, m->parent[i], m->parent[k]));
  return most;
}

/* How many of the group's cards say otherwise: the child names one of the others as its base, or one of these names
 * the child. A card that says "merge" outweighs them. */
static int objections(const Search *s, const Merge *m) {
  if (!s->cards) return 0;
  const MergeCard *child = &s->cards[m->child];
  int sum = child->merge ? -MERGE_PARENTS : 0;
  for (unsigned k = 0; k < m->n; k++) {
    const MergeCard *other = &s->cards[m->parent[k]];
    sum += (!child->merge && child->parent == (int)m->parent[k]) + (other->parent == (int)m->child);
  }
  return sum;
}

/* Of a corner, a + b - o: the mean distance of o to all else, which is least where o is what all came from. INFINITY
 * for other merges. */
static double origin_distance2(const Search *s, const Merge *m) {
  static const double whole = 0.02; /* how far from 1 a weight may be */
  int origin = -1;
  double sum = 0, n = 0;
  for (unsigned k = 0; k < m->n; k++) {
    if (fabs(fabs(m->weight[k]) - 1) > whole) return INFINITY;
    if (m->weight[k] < 0) origin = (int)m->parent[k];
  }
  for (guint i = 0; origin >= 0 && i < s->members->len; i++) {
    double d = d2(s, (unsigned)origin, g_array_index(s->members, unsigned, i));
    if (isfinite(d)) sum += d, n++;
  }
  return n > 0 ? sum / n : INFINITY;
}

/* Pairs before triples; then what cards say, round weights, then the widest: of several merges of one pair the pair
 * is found, not its other merges. */
static gint by_merit(gconstpointer a, gconstpointer b, gpointer search) {
  const Merge *x = a, *y = b;
  if (x->n != y->n) return (x->n > y->n) - (x->n < y->n);
  int less = objections(search, x) - objections(search, y);
  if (less) return less;
  bool round_x = unroundness(x) < 0.02, round_y = unroundness(y) < 0.02;
  if (round_x != round_y) return round_y - round_x;
  double origin_x = origin_distance2(search, x), origin_y = origin_distance2(search, y);
  if (isfinite(origin_x) && isfinite(origin_y) && origin_x != origin_y) return origin_x < origin_y ? -1 : 1;
  double wide_x = spread(search, x), wide_y = spread(search, y);
  if (fabs(wide_x - wide_y) > 1e-6 * fmax(wide_x, wide_y)) return (wide_x < wide_y) - (wide_x > wide_y);
  double most_x = largest(x), most_y = largest(y);
  return (most_x > most_y) - (most_x < most_y);
}

static void heaviest_first(Merge *m) {
  for (unsigned i = 1; i < m->n; i++)
    for (unsigned k = i; k > 0 && m->weight[k] > m->weight[k - 1]; k--) {
      double weight = m->weight[k];
      unsigned parent = m->parent[k];
      m->weight[k] = m->weight[k - 1], m->parent[k] = m->parent[k - 1];
      m->weight[k - 1] = weight, m->parent[k - 1] = parent;
    }
}

/* Takes candidates in order of merit, unless one of the group is known to be a merge already. */
static GArray *choose(const GArray *all) {
  GArray *chosen = g_array_new(FALSE, FALSE, sizeof(Merge));
  g_autoptr(GHashTable) merged = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < all->len; i++) {
    Merge m = g_array_index(all, Merge, i);
    bool taken = g_hash_table_contains(merged, GUINT_TO_POINTER(m.child));
    for (unsigned k = 0; k < m.n; k++) taken |= g_hash_table_contains(merged, GUINT_TO_POINTER(m.parent[k]));
    if (taken) continue;
    g_hash_table_add(merged, GUINT_TO_POINTER(m.child));
    heaviest_first(&m);
    g_array_append_val(chosen, m);
  }
  return chosen;
}

GArray *merges_find(const KinTable *table, const GArray *members, const MergeCard *cards, unsigned threads,
                    const Progress *p, GError **error) {
  Search s = {.table = table, .members = members, .cards = cards};
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Merge));
  s.found = g_new0(GArray *, members->len + 1);
  parallel_for(members->len, members->len >= 16 ? threads : 1, search_child, &s, p ? p->cancel : NULL);
  for (guint i = 0; i < members->len; i++) {
    if (!s.found[i]) continue;
    if (s.found[i]->len) g_array_append_vals(all, s.found[i]->data, s.found[i]->len);
    g_array_unref(s.found[i]);
  }
  g_free(s.found);
  if (!progress_check(p, error)) return NULL;
  g_array_sort_with_data(all, by_merit, &s);
  return choose(all);
}
