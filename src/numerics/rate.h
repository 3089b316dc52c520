/* SPDX-License-Identifier: Apache-2.0 */
/* Measured rates with their intervals. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How well an expert did on n models. One label a model: top1, top5. Many: accuracy, f1, ap.
 * What was not measured is NAN. */
typedef struct {
  double top1, top5; /* share of models whose right label ranks first, among the first five */
  double accuracy;   /* element-wise: share of (model, label) pairs judged rightly */
  double f1, ap;     /* means over the labels of F1 and of average precision */
  double chance;     /* of the headline: 1 / classes, or always judging by the majority */
  double control;    /* without skill: top1 of always saying the commonest training label (NAN: not known); for
                        classes the average precision of any order, the mean share of models that have a label */
  unsigned n, classes;
  double low, high; /* 95 % interval of the headline (interval.h): of models of one label as one group for top1, over
                           models for accuracy */
} Score;

/* Nothing measured. */
Score score_none(void);

/* top1 or accuracy, whichever was measured; NAN when neither was. */
double score_headline(const Score *score);

/* How far a share stands above chance: 0 at chance and below, 1 when all is right, so that a bar begins where skill
 * does: (share - chance) / (1 - chance). A chance that is not known (NAN) counts as 0; NAN for a share that is NAN. */
double score_above(double share, double chance);

/* What experts are ranked by: top1, or the average precision; NAN when neither was measured. Element-wise accuracy is
 * no such figure, since always saying no is often right. */
double score_merit(const Score *score);

/* True when the interval, or for classes the average precision, leaves no room for lack of skill. */
bool score_shows_skill(const Score *score);

/* ranks[i]: how many of the `classes` candidates scored above the right one (0: it is first). label (n): which label is
 * the right one, by any number; NULL: each model's its own. */
Score score_from_ranks(const size_t *ranks, const size_t *label, size_t n, size_t classes);

/* logits (n, classes) against has (n, classes); a label is judged present above 0. */
Score score_from_logits(const float *logits, const unsigned char *has, size_t n, size_t classes);

/* How many of scores[0..n) rank above scores[right]; ties with an earlier index count, so that
 * a constant score does not pass for knowledge; what is no number ranks last. */
size_t score_rank(const float *scores, size_t n, size_t right);

/* Wilson's 95 % interval of a share `hits` of n independent ones. */
void score_wilson(double hits, double n, double *low, double *high);
