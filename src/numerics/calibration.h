/* SPDX-License-Identifier: Apache-2.0 */
/* Making probabilities mean what they say (Guo et al. 2017, "On calibration of modern neural networks"),
 * and knowing when not to answer. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The temperature T that minimises the mean of -log softmax(logits / T)[target], found on a fixed
 * grid of 1/64 .. 64 and refined, at least 1/2; 1 when n is 0. logits (n, classes). */
double calibrate_softmax(const float *logits, const size_t *target, size_t n, size_t classes);

/* The same for independent labels: binary cross-entropy of sigmoid(logits / T). */
double calibrate_sigmoid(const float *logits, const unsigned char *has, size_t n, size_t classes);

/* softmax(logits / T) of one row, in place. */
void softmax_row(float *logits, size_t classes, double temperature);

/* One answer: how sure it was, and whether it was right. */
typedef struct {
  double confidence;
  bool right;
} Answer;

/* Expected calibration error: the mean gap between confidence and share of right answers over 15
 * bins of equal width, weighted by their answers; NAN when n is 0. */
double calibration_error(const Answer *answers, size_t n);

/* The answers of one tenth of the confidences: how many, how sure they were in the mean, what share was right. */
enum { RELIABILITY_BINS = 10 };
typedef struct {
  size_t n;
  double confidence, right; /* NAN when there are none */
} ReliabilityBin;

/* Sorts the answers into tenths: of an expert that means what it says both are alike in each. */
void reliability_bins(const Answer *answers, size_t n, ReliabilityBin bins[RELIABILITY_BINS]);

/* The lowest confidence from which on at least the share `wanted` of the answers is right: below it the expert
 * says "don't know". Above 1 when no threshold does. */
double answer_threshold(const Answer *answers, size_t n, double wanted);

/* Of the answers at or above the threshold: their share of all, and the share that is right (NAN
 * when there are none). */
void answer_rates(const Answer *answers, size_t n, double threshold, double *answered, double *right);
