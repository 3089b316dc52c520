/* SPDX-License-Identifier: Apache-2.0 */
/* Where a model belongs that is not, or not yet, in the forest: the tree whose members it correlates
 * with; and the bases that fit an adapter. */
#pragma once

#include "lineage/forest/forest.h"
#include "lineage/sketch/sketch.h"

typedef struct {
  int tree;           /* -1: no tree here */
  int nearest;        /* node of the member that correlates best, or -1: nothing to compare */
  double correlation; /* with that one: mean centred cosine of their matrices */
  double threshold;   /* that the correlation had to reach */
  double common;      /* share of the smaller trunk that was compared */
} Route;

/* `sketches`: one a model of the forest or NULL, then the new model's, all centred together. `self`
 * is left out (-1: nobody). */
Route route_find(const Forest *forest, const GPtrArray *sketches, const ModelSketch *model, int self);

/* A base that fits a model, and why. */
typedef struct {
  unsigned node;
  double score;                 /* 0..1, for the order */
  unsigned layers, fitting;     /* of an adapter */
  unsigned refitted;            /* of these: fused here and apart there */
  bool declared;                /* the model's card names it */
  bool parent;                  /* the forest hangs the model below it */
  double correlation, distance; /* of a full model; NAN with adapters */
  double carried;               /* correlation of the tables that an adapter carries; NAN when it carries none */
  unsigned peers;               /* adapters of the same layers whose cards name it */
} BaseFit;

/* Bases for `model`, best first, at most `limit`: the one that the forest hangs it below, then for an adapter all full
 * models that have its layers in their shapes, of equal ones that which adapter_host.h says; for a full model its kin
 * but for those that came from it. `declared`: node that its card names, or -1. Array of BaseFit, owned by the caller. */
GArray *route_bases(const Forest *forest, const GPtrArray *sketches, const ModelSketch *model, bool adapter,
                    const char *shapes, int self, int declared, unsigned limit);
