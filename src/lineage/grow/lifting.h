/* SPDX-License-Identifier: Apache-2.0 */
/* Siblings that took one way a little lie nearer to one another than to their parent. A child has all of what its parent
 * moved, a sibling has not: whoever hangs below a sibling goes up to the parent. */
#pragma once

#include "lineage/grow/spanning.h"

/* (T(c, g)^2 - T(c, p)^2) / T(p, g)^2 by the largest differences T: how much of p's way from g stands between c and g.
 * 1 or more when c comes of p (measured: at least 1.05 in chains), mostly below 1 of two that both come of g. NAN when
 * it cannot be told. */
double lifting_share(const PedigreeMember *members, const KinTable *table, unsigned g, unsigned p, unsigned c);

/* In a tree whose parents come first in `order` (n), hangs each c below its grandparent where that share is less than 0.9,
 * again and again. Parents that are known stay. How many were moved; `order` is of no use then. */
unsigned lifting_apply(const PedigreeMember *members, unsigned n, const KinTable *table, const unsigned *order,
                       int *parent);
