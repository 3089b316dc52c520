/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/lifting.h"

#include <math.h>

/* A child has the whole of it, but for what chance takes from numbers that are few. */
static const double whole = 0.9;

static double tail2(const PedigreeMember *members, const KinTable *table, unsigned a, unsigned b) {
  return kin_table_get(table, members[a].row, members[b].row).tail2;
}

double lifting_share(const PedigreeMember *members, const KinTable *table, unsigned g, unsigned p, unsigned c) {
  if (!members[g].sketch || !members[p].sketch || !members[c].sketch) return NAN;
  double moved = tail2(members, table, p, g);
  double share = (tail2(members, table, c, g) - tail2(members, table, c, p)) / moved;
  return moved > 0 && isfinite(share) ? share : NAN;
}

unsigned lifting_apply(const PedigreeMember *members, unsigned n, const KinTable *table, const unsigned *order,
                       int *parent) {
  unsigned moved = 0;
  for (unsigned i = 0; i < n; i++) {
    unsigned c = order[i];
    for (int p = parent[c]; p >= 0 && parent[p] >= 0 && members[c].known < 0 && members[p].known != (int)c;
         p = parent[c]) {
      double share = lifting_share(members, table, (unsigned)parent[p], (unsigned)p, c);
      if (isnan(share) || share >= whole) break;
      parent[c] = parent[p];
      moved++;
    }
  }
  return moved;
}
