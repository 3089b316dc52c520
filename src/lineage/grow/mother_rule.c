/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/grow/mother_rule.h"

#include <math.h>

#include "numerics/arborescence.h"

static const double lambda = 0.3;

void mother_rule_tree(const KinTable *table, unsigned n, bool reversed, int *parent) {
  g_autofree double *cost = g_new0(double, ((gsize)n * n) + 1);
  double sum = 0, pairs = 0;
  for (unsigned p = 0; p < n; p++)
    for (unsigned c = 0; c < n; c++) {
      if (p == c) continue;
      double d = sqrt(kin_table_get(table, p, c).distance2);
      cost[p * n + c] = d;
      if (isfinite(d)) sum += d, pairs++;
    }
  for (unsigned p = 0; p < n && pairs > 0; p++)
    for (unsigned c = 0; c < n; c++) {
      const ModelSketch *a = kin_table_sketch(table, p), *b = kin_table_sketch(table, c);
      if (p == c || !a || !b) continue;
      bool up = b->kurtosis > a->kurtosis;
      if (up != reversed) cost[p * n + c] += lambda * sum / pairs;
    }
  arborescence_find(n, cost, parent);
}
