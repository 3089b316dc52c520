/* SPDX-License-Identifier: Apache-2.0 */
/* Everything one can ask about how good an expert is, measured on a collection. */
#pragma once

#include "experts/expert.h"
#include "numerics/calibration.h"

/* One class or concept. */
typedef struct {
  SafeText *label;
  bool unseen;
  unsigned n;      /* test models that have it */
  double accuracy; /* align: of its models, ranked first; classify: element-wise */
  double f1, ap;   /* classify */
} ClassRow;

/* Mistaken for: how often a model of `right` got `said` (align). */
typedef struct {
  SafeText *right, *said;
  unsigned count;
} Confusion;

/* How answers behave on one group of test models. */
typedef struct {
  Score score;
  double ece, ece_raw;                   /* expected calibration error, with and without the temperature */
  double answered, answered_right;       /* above the threshold: share answered, share of those right */
  ReliabilityBin bins[RELIABILITY_BINS]; /* with the temperature */
  double precision1, precision5, map;    /* align: models retrieved for a label's text */
} Group;

typedef struct {
  Group seen, unseen;     /* test models of trained and of held-out labels */
  double temperature;     /* fitted on validation */
  double floor;           /* Expert.floor, fitted on validation; NAN for classes */
  double refused;         /* share of models of unseen labels that are refused when the labels on offer are
                                the trained ones: "none of these"; NAN when there are none */
  double threshold;       /* of confidence, from which on 95 % of validation answers are right */
  double knn1, knn5;      /* share right (align: label; classify: element-wise) by neighbours among
                                training representations */
  double shortcut;        /* kernel/shortcut.h, of the training models: what their facts tell without their weights;
                             NAN: nothing, or not measured */
  double auc_knn, auc_lw; /* one-class, mean over labels: k = 2 neighbours, Ledoit-Wolf (align) */
  GArray *classes;        /* of ClassRow, worst first */
  GArray *confusions;     /* of Confusion, most frequent first */
} Evaluation;

/* Measures on the models of the expert's architecture that carry its label key. Reads their layers unless
 * representations are kept. */
Evaluation *evaluation_new(Collection *collection, const GPtrArray *models, const Expert *expert,
                           const Progress *progress, GError **error);

/* The same, of which only what is fitted is measured (temperature, floor, threshold) and how answers on seen labels
 * behave with it; the rest is NAN or empty. Linear in the models, where the whole is quadratic. */
Evaluation *evaluation_fit(Collection *collection, const GPtrArray *models, const Expert *expert,
                           const Progress *progress, GError **error);
void evaluation_free(Evaluation *e);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Evaluation, evaluation_free)
