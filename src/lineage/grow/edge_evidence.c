/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/edge_evidence.h"

#include <math.h>

#include "lineage/grow/direction.h"
#include "lineage/grow/lifting.h"
#include "numerics/sorted.h"

enum { WITNESSES = 24, FEWEST = 2 };

void oriented_tree_init(OrientedTree *t, const PedigreeMember *members, unsigned n, const KinTable *table,
                        const Spanning *span, const int *parent, const unsigned *order) {
  *t = (OrientedTree){members, n, table, span, parent, order, g_new0(unsigned, n)};
  for (unsigned v = 0; v < n; v++)
    if (parent[v] >= 0) t->children[parent[v]]++;
}

void oriented_tree_clear(OrientedTree *t) { g_clear_pointer(&t->children, g_free); }

static KinPair pair_of(const OrientedTree *t, unsigned a, unsigned b) {
  return kin_table_get(t->table, t->members[a].row, t->members[b].row);
}

/* True when v is `ancestor` or below it. */
static bool descends(const OrientedTree *t, int v, int ancestor) {
  while (v >= 0 && v != ancestor) v = t->parent[v];
  return v == ancestor;
}

/* <x - p, c - p> / |c - p|^2 of some x that do not come of c, but for what lies along p, which all that decays shares:
 * about 0 when c has all that sets p apart from the others, as a child has; a half when c lacks it as much as p lacks
 * what sets c apart, as siblings do. The number of them. */
static unsigned lost_shares(const OrientedTree *t, unsigned p, unsigned c, double share[WITNESSES]) {
  const ModelSketch *parent = t->members[p].sketch, *child = t->members[c].sketch;
  double length2 = pair_of(t, p, c).distance2, along = kinship_along(parent, child, length2);
  unsigned found = 0, stride = MAX(1, t->n / WITNESSES);
  for (unsigned i = 0; i < t->n && found < WITNESSES && length2 > 0; i += stride) {
    unsigned x = t->order[i];
    if (x == p || x == c || !t->members[x].sketch || descends(t, (int)x, (int)c)) continue;
    double to_p = pair_of(t, x, p).distance2, to_c = pair_of(t, x, c).distance2;
    double product = (to_p + length2 - to_c) / 2 - kinship_along(parent, t->members[x].sketch, to_p) * along;
    if (isfinite(product)) share[found++] = product / length2;
  }
  return found;
}

static void weigh_lost(const OrientedTree *t, unsigned p, unsigned c, double *x) {
  double share[WITNESSES];
  unsigned found = lost_shares(t, p, c, share);
  if (found < FEWEST) {
    x[EDGE_UNSEEN] = 1;
    return;
  }
  x[EDGE_LOST] = CLAMP(quantile(share, found, 0.5), -0.2, 1);
  x[EDGE_LOST_MOST] = CLAMP(quantile(share, found, 0.75), -0.2, 1);
}

/* Whose way c goes on: its parent's, or that of a near sibling. */
static void weigh_shares(const OrientedTree *t, unsigned p, unsigned c, double *x) {
  double tail2 = pair_of(t, p, c).tail2;
  x[EDGE_RIVAL] = -2;
  for (unsigned i = 0; i < SPANNING_NEAR; i++) {
    int near = t->span->near[(size_t)c * SPANNING_NEAR + i].member;
    if (near < 0 || t->parent[near] != (int)p || near == (int)c) continue;
    double share = lifting_share(t->members, t->table, p, (unsigned)near, c) - 1;
    if (!isnan(share)) x[EDGE_RIVAL] = fmax(x[EDGE_RIVAL], CLAMP(share, -2, 1));
  }
  if (t->parent[p] < 0) return;
  double share = lifting_share(t->members, t->table, (unsigned)t->parent[p], p, c) - 1;
  if (isnan(share)) return;
  double own2 = pair_of(t, (unsigned)t->parent[p], p).tail2;
  x[EDGE_SHARE] = CLAMP(share, -1, 2);
  x[EDGE_LITTLE] = CLAMP(log(tail2 / own2) / 2, 0, 3);
}

/* How much longer, as a logarithm, the edge to the best other parent would be; of very many nearer ones that come of c
 * itself, at least that of the farthest. */
static double lead(const OrientedTree *t, unsigned p, unsigned c) {
  double length = pair_of(t, p, c).length, next = INFINITY;
  for (unsigned i = 0; i < SPANNING_NEAR; i++) {
    const SpanningNear *near = &t->span->near[(size_t)c * SPANNING_NEAR + i];
    if (near->member < 0) break;
    next = near->length;
    if (near->member != (int)p && !descends(t, near->member, (int)c)) break;
  }
  return length > 0 ? log(next / length) : INFINITY;
}

/* What tells of the tree's top what it does not tell of others, and the other way round. */
static void weigh_top(double *x) {
  x[EDGE_ROOT_HEAD] = x[EDGE_ROOT] * x[EDGE_ONE_HEAD];
  x[EDGE_ROOT_LOST] = x[EDGE_ROOT] * x[EDGE_LOST];
  x[EDGE_ROOT_UNSEEN] = x[EDGE_ROOT] * x[EDGE_UNSEEN];
  x[EDGE_ROOT_CHILDREN] = x[EDGE_ROOT] * x[EDGE_CHILDREN];
  x[EDGE_ROOT_NATS] = x[EDGE_ROOT] * x[EDGE_NATS];
  x[EDGE_ROOT_RIVAL] = x[EDGE_ROOT] * x[EDGE_RIVAL];
}

void edge_evidence(const OrientedTree *t, unsigned c, double side, double nats, double x[EDGE_EVIDENCES]) {
  static const double near = 0.3, far = 1.2;
  const unsigned p = (unsigned)t->parent[c];
  Kinship k;
  kinship_compare(t->members[p].sketch, t->members[c].sketch, &k);
  for (unsigned i = 0; i < EDGE_EVIDENCES; i++) x[i] = 0;
  double ahead = lead(t, p, c), odds = log(side / (1 - side));
  x[EDGE_ONE] = 1;
  x[EDGE_SIDE] = CLAMP(isnan(odds) ? 0 : odds, -6, 6);
  x[EDGE_NEAR] = CLAMP(ahead, 0, near);
  x[EDGE_FAR] = CLAMP(ahead - near, 0, far);
  weigh_lost(t, p, c, x);
  x[EDGE_ONE_HEAD] = direction_one_head(t->members[p].sketch, t->members[c].sketch, &k);
  x[EDGE_ROOT] = t->parent[p] < 0;
  x[EDGE_MARKS] = kinship_is_low_rank(&k) || k.equal > 0.3;
  x[EDGE_CHILDREN] = log(MAX(t->children[p], 1));
  x[EDGE_NATS] = CLAMP(nats, -4, 4);
  x[EDGE_DOUBT] = CLAMP(log(t->members[p].doubt / (1 - t->members[p].doubt)), -5, 3);
  x[EDGE_LOST_HEAD] = x[EDGE_LOST] * x[EDGE_ONE_HEAD];
  weigh_shares(t, p, c, x);
  weigh_top(x);
}
