/* SPDX-License-Identifier: Apache-2.0 */
/* How the numbers of one layer come, element by element, of the same layer of models that moved from one base: TIES
 * (Yadav et al. 2023, arXiv 2306.01708), DARE (Yu et al. 2024, arXiv 2311.03099), both of them together, and what else
 * keeps some elements of each change and drops the others. All arrays hold n numbers. Pure functions, for any
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { ELEMENT_PARENTS = 5 };

typedef enum {
  ELEMENTS_NONE,
  ELEMENTS_TIES,      /* small changes trimmed, a sign elected, the mean of those that have it */
  ELEMENTS_DARE,      /* dropped by chance, the rest summed */
  ELEMENTS_DARE_TIES, /* dropped by chance, then as TIES */
  ELEMENTS_UNKNOWN    /* of these changes and of none else, by another rule */
} ElementMethod;

/* One layer of a child, of the base, and of the parents. */
typedef struct {
  const float *c, *o, *x[ELEMENT_PARENTS];
  unsigned parents;
  size_t n;
  double epsilon;    /* relative rounding of the coarsest format among them */
  const float *half; /* half a step of the child's levels at each number when it is quantised, else NULL */
} Elements;

/* Every c - o is 0, or the sum over some parents k of factor[k] (x_k - o), or, `means`, their mean by weight[k] times
 * factor[0]. */
typedef struct {
  ElementMethod method;
  bool means;
  double factor[ELEMENT_PARENTS];  /* of a change that is kept alone */
  double weight[ELEMENT_PARENTS];  /* of means: add up to 1 */
  double share;                    /* of the elements that are */
  double chance;                   /* of those that would be if c's elements were moved on by one */
  double density[ELEMENT_PARENTS]; /* share of the elements in which a parent's change is kept */
} ElementMix;

/* Looks for such factors. ELEMENTS_NONE where less than 97 in 100 elements follow them, where half would by chance (the
 * changes drown in rounding), or where some parent alone explains fewer than 32. */
ElementMix element_mix(const Elements *e);

/* How much of the child's change is one parent's change times one factor, beyond chance: the share of the elements.
 * About 0 for a plain sibling. */
double element_mix_peak(const Elements *e, unsigned parent);
