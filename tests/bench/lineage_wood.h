/* SPDX-License-Identifier: Apache-2.0 */
/* A planted wood, grown into a forest by one rule or several and held against the truth. */
#pragma once

#include "planter/plant.h"
#include "tests/bench/lineage_score.h"

/* Opens what was planted at `dir`, with its state at `state`, and scans it. The models; the caller frees both. Any
 * failure ends the program. */
GPtrArray *lineage_wood_open(const char *dir, const char *state, Collection **collection);

/* Scans what was planted at `dir`, with what is known of it beside it, grows n forests and scores each; sketches are
 * kept at DIR.state. Any failure ends the program. */
void lineage_wood_score(const char *dir, const char *truth, const ForestOptions *rules, unsigned n,
                        LineageScore *scores);

/* Plants below `top`, scans, grows n forests and scores each; removes what was planted. The number of models. Any
 * failure ends the program. */
unsigned lineage_wood_measure(const char *top, const PlantOptions *options, const ForestOptions *rules, unsigned n,
                              LineageScore *scores);

/* Adds up tallies and bins; the calibration error is that of the sum. */
void lineage_score_add(LineageScore *sum, const LineageScore *s);

/* One line: directed edges right, there and said, undirected right, missing bases right, claimed and there, edges said
 * .9 or more and how many of them were right, the calibration error. */
void lineage_score_print(const char *what, const LineageScore *s);
