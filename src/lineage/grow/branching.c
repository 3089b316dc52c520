/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/branching.h"

#include <math.h>

#include "lineage/sketch/kinship.h"

void branching_init(Branching *b, const PedigreeMember *members, unsigned n, const KinTable *table,
                    const int *neighbour) {
  *b = (Branching){members, table, n, g_new0(unsigned, n + 2), g_new(unsigned, 2 * n + 1)};
  g_autofree unsigned *filled = g_new0(unsigned, n + 1);
  for (unsigned v = 0; v < n; v++)
    if (neighbour[v] >= 0) b->start[v + 1]++, b->start[neighbour[v] + 1]++;
  for (unsigned v = 0; v < n; v++) b->start[v + 1] += b->start[v];
  for (unsigned v = 0; v < n; v++) {
    if (neighbour[v] < 0) continue;
    unsigned u = (unsigned)neighbour[v];
    b->next[b->start[v] + filled[v]++] = u;
    b->next[b->start[u] + filled[u]++] = v;
  }
}

void branching_clear(Branching *b) {
  g_clear_pointer(&b->start, g_free);
  g_clear_pointer(&b->next, g_free);
}

unsigned branching_count(const Branching *b, unsigned v) { return b->start[v + 1] - b->start[v]; }

static double distance2(const Branching *b, unsigned u, unsigned v) {
  return kin_table_get(b->table, b->members[u].row, b->members[v].row).distance2;
}

double branching_turn(const Branching *b, unsigned v, unsigned u) {
  enum { OTHERS = 16 };
  const ModelSketch *here = b->members[v].sketch, *there = b->members[u].sketch;
  if (!here || !there) return 0;
  double to_u = distance2(b, v, u), along = kinship_along(here, there, to_u), sum = 0;
  unsigned found = 0;
  for (unsigned i = b->start[v]; i < b->start[v + 1] && found < OTHERS; i++) {
    unsigned w = b->next[i];
    if (w == u || !b->members[w].sketch) continue;
    double to_w = distance2(b, v, w);
    double product = (to_u + to_w - distance2(b, u, w)) / 2 - along * kinship_along(here, b->members[w].sketch, to_w);
    double cosine = product / sqrt(to_u * to_w);
    if (!isfinite(cosine)) continue;
    sum += CLAMP(cosine, -1, 1);
    found++;
  }
  return found ? sum / found : 0;
}
