/* SPDX-License-Identifier: Apache-2.0 */
/* Minimum spanning arborescence (Chu and Liu 1965, Edmonds 1967): of all ways to give every node but
 * one a parent without a ring, the cheapest. */
#pragma once

/* cost[p * n + c]: of p as the parent of c; the diagonal is not looked at. Fills parent[0..n), -1
 * for the root, which is chosen as well. O(n^3) time at worst, n^2 memory. n >= 1. */
void arborescence_find(unsigned n, const double *cost, int *parent);
