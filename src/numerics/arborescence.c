/* SPDX-License-Identifier: Apache-2.0 */
#include "numerics/arborescence.h"

#include <glib.h>
#include <stdbool.h>
#include <math.h>
#include <string.h>

/* A graph in which node 0 is the root. */
typedef struct {
  unsigned n;
  double *cost; /* n x n */
} Graph;

static double cost_of(const Graph *g, unsigned p, unsigned c) { return g->cost[p * g->n + c]; }

static void take_cheapest(const Graph *g, unsigned *parent) {
  for (unsigned c = 1; c < g->n; c++) {
    unsigned best = c == 0 ? 1 : 0;
    for (unsigned p = 0; p < g->n; p++)
      if (p != c && cost_of(g, p, c) < cost_of(g, best, c)) best = p;
    parent[c] = best;
  }
}

/* Marks one ring of parents in `ring`; false when there is none. */
static bool find_ring(unsigned n, const unsigned *parent, bool *ring) {
  g_autofree unsigned *seen = g_new0(unsigned, n);
  for (unsigned start = 1; start < n; start++) {
    unsigned v = start;
    while (v && !seen[v]) seen[v] = start, v = parent[v];
    if (!v || seen[v] != start) continue;
    memset(ring, 0, n * sizeof *ring);
    for (; !ring[v]; v = parent[v]) ring[v] = true;
    return true;
  }
  return false;
}

/* The graph with the ring as one node, its last; of_new[i] is the old number of new node i. */
static Graph contract(const Graph *g, const unsigned *parent, const bool *ring, unsigned *of_new, unsigned *enter,
                      unsigned *leave) {
  Graph small = {0, NULL};
  for (unsigned v = 0; v < g->n; v++)
    if (!ring[v]) of_new[small.n++] = v;
  unsigned knot = small.n++;
  small.cost = g_new(double, ((gsize)small.n * small.n));
  for (unsigned i = 0; i < knot; i++) {
    unsigned u = of_new[i];
    double in = INFINITY, out = INFINITY;
    for (unsigned v = 0; v < g->n; v++) {
      if (!ring[v]) continue;
      double swap = cost_of(g, u, v) - cost_of(g, parent[v], v);
      if (swap < in || in == INFINITY) in = swap, enter[i] = v;
      if (cost_of(g, v, u) < out || out == INFINITY) out = cost_of(g, v, u), leave[i] = v;
    }
    small.cost[i * small.n + knot] = in;
    small.cost[knot * small.n + i] = out;
    for (unsigned k = 0; k < knot; k++) small.cost[i * small.n + k] = cost_of(g, u, of_new[k]);
  }
  return small;
}

static void solve(const Graph *g, unsigned *parent) {
  g_autofree bool *ring = g_new0(bool, g->n);
  take_cheapest(g, parent);
  if (!find_ring(g->n, parent, ring)) return;
  g_autofree unsigned *of_new = g_new0(unsigned, g->n), *enter = g_new0(unsigned, g->n);
  g_autofree unsigned *leave = g_new0(unsigned, g->n), *inner = g_new0(unsigned, g->n);
  Graph small = contract(g, parent, ring, of_new, enter, leave);
  unsigned knot = small.n - 1;
  solve(&small, inner);
  for (unsigned i = 1; i < knot; i++) parent[of_new[i]] = inner[i] == knot ? leave[i] : of_new[inner[i]];
  parent[enter[inner[knot]]] = of_new[inner[knot]];
  g_free(small.cost);
}

void arborescence_find(unsigned n, const double *cost, int *parent) {
  double most = 1;
  for (unsigned i = 0; i < n * n; i++)
    if (isfinite(cost[i])) most = fmax(most, fabs(cost[i]));
  /* A root above all, so dear that one node alone is hung from it. */
  Graph g = {n + 1, g_new(double, (gsize)(n + 1) * (n + 1))};
  const double dear = most * 4 * (n + 1);
  for (unsigned c = 0; c <= n; c++)
    for (unsigned p = 0; p <= n; p++) {
      double x = p && c ? cost[(p - 1) * n + c - 1] : dear;
      g.cost[p * g.n + c] = isfinite(x) ? x : 2 * dear;
    }
  g_autofree unsigned *found = g_new0(unsigned, n + 1);
  solve(&g, found);
  for (unsigned v = 0; v < n; v++) parent[v] = (int)found[v + 1] - 1;
  g_free(g.cost);
}
