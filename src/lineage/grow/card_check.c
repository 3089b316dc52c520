/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/card_check.h"

#include <math.h>

#include "lineage/grow/direction.h"

/* How many times longer than the longest edge of another way a true edge may be; measured on
 * planted woods. */
static const struct {
  double least, most; /* by how much the rest of what is known speaks for the direction: */
  double slope;       /* so much a nat */
  double marked;      /* all vectors are the parent's: a low-rank change, whose length says less */
  double on_the_way;  /* the nearest is the parent's next step in a run, which went the same way */
} limits = {.least = 1.05, .most = 1.2, .slope = 0.06, .marked = 1.6, .on_the_way = 2};

/* Longest edge on the way between two members of the spanning tree. */
static double longest_between(const Spanning *s, unsigned n, unsigned a, unsigned b) {
  g_autofree double *to = g_new(double, n);
  for (unsigned v = 0; v < n; v++) to[v] = -1;
  double longest = 0;
  for (int v = (int)a; v >= 0; v = s->neighbour[v]) {
    to[v] = longest;
    if (s->neighbour[v] >= 0) longest = fmax(longest, s->best[v]);
  }
  longest = 0;
  for (int v = (int)b; v >= 0; v = s->neighbour[v]) {
    if (to[v] >= 0) return fmax(longest, to[v]);
    longest = fmax(longest, s->best[v]);
  }
  return INFINITY;
}

/* The spanning tree joins c to a member that is known to come from p. */
static bool is_on_the_way(const PedigreeMember *members, const Spanning *s, unsigned n, unsigned c, unsigned p) {
  for (unsigned v = 0; v < n; v++)
    if (members[v].known == (int)p && (s->neighbour[c] == (int)v || s->neighbour[v] == (int)c)) return true;
  return false;
}

static double limit_of(const PedigreeMember *members, const Spanning *s, unsigned n, unsigned c, unsigned p) {
  const ModelSketch *parent = members[p].sketch, *child = members[c].sketch;
  Kinship k;
  kinship_compare(parent, child, &k);
  double nats = direction_nats(parent, child, &k, s->median[p], s->median[c]);
  if (nats <= 0) return limits.least;
  if (is_on_the_way(members, s, n, c, p)) return limits.on_the_way;
  return k.vectors_equal ? limits.marked : fmin(limits.most, limits.least + limits.slope * nats);
}

/* The member next to c on the way to p, or -1. */
static int next_on_the_way(const Spanning *s, unsigned n, unsigned c, unsigned p) {
  g_autofree int *from = g_new(int, n); /* below whom each member on p's way up hangs */
  for (unsigned v = 0; v < n; v++) from[v] = -1;
  for (int v = (int)p; s->neighbour[v] >= 0; v = s->neighbour[v]) from[s->neighbour[v]] = v;
  return c != p && from[c] >= 0 ? from[c] : s->neighbour[c];
}

/* Somebody who is clearly nearer to c lies between it and p: squared distances add up on the way, where those of
 * children that share a direction are much more than the distance between them. */
static bool is_farther_off(const PedigreeMember *members, unsigned n, const KinTable *table, const Spanning *s,
                           unsigned c, unsigned p) {
  static const double nearer = 0.8, adds_up = 1.1;
  int q = next_on_the_way(s, n, c, p);
  if (q < 0 || q == (int)p || !members[q].sketch || is_on_the_way(members, s, n, c, p)) return false;
  double whole = kin_table_get(table, members[c].row, members[p].row).distance2;
  double first = kin_table_get(table, members[c].row, members[q].row).distance2;
  double rest = kin_table_get(table, members[q].row, members[p].row).distance2;
  return first < nearer * whole && first + rest <= adds_up * whole;
}

bool card_is_believed(const PedigreeMember *members, unsigned n, const KinTable *table, const Spanning *span,
                      unsigned c, unsigned p) {
  if (!members[c].sketch || !members[p].sketch) return true;
  double length = kin_table_get(table, members[c].row, members[p].row).length;
  if (!isfinite(length)) return true;
  if (is_farther_off(members, n, table, span, c, p)) return false;
  double other = longest_between(span, n, c, p);
  return length <= limits.least * other || length <= limit_of(members, span, n, c, p) * other;
}
