/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/lineage_wood.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/files.h"

static void fail(GError *error) {
  fprintf(stderr, "%s: %s\n", g_get_prgname() ? g_get_prgname() : "lineage", error->message);
  exit(1);
}

GPtrArray *lineage_wood_open(const char *dir, const char *state, Collection **collection) {
  GError *error = NULL;
  ScanSummary summary;
  CollectionOptions options = {.state = state};
  *collection = collection_open(dir, &options, &error);
  if (!*collection || !collection_scan(*collection, NULL, &summary, &error)) fail(error);
  GPtrArray *models = collection_models(*collection, &error);
  if (!models) fail(error);
  return models;
}

void lineage_wood_score(const char *dir, const char *truth, const ForestOptions *rules, unsigned n,
                        LineageScore *scores) {
  GError *error = NULL;
  Collection *collection;
  g_autofree char *state = g_strconcat(dir, ".state", NULL);
  g_autoptr(GPtrArray) models = lineage_wood_open(dir, state, &collection);
  for (unsigned i = 0; i < n; i++) {
    g_autoptr(Forest) forest = forest_build(collection, models, &rules[i], NULL, &error);
    if (!forest || !lineage_score(forest, truth, &scores[i], &error)) fail(error);
  }
  collection_free(collection);
}

unsigned lineage_wood_measure(const char *top, const PlantOptions *options, const ForestOptions *rules, unsigned n,
                              LineageScore *scores) {
  GError *error = NULL;
  PlantSummary planted;
  g_autofree char *dir = g_build_filename(top, "wood", NULL), *state = g_strconcat(dir, ".state", NULL);
  if (!plant(dir, options, NULL, &planted, &error)) fail(error);
  lineage_wood_score(dir, planted.truth, rules, n, scores);
  g_free(planted.truth);
  if (!dir_remove(dir, &error) || !dir_remove(state, &error)) fail(error);
  return planted.models;
}

static void add(Tally *sum, const Tally *t) {
  sum->claimed += t->claimed, sum->there += t->there, sum->right += t->right;
}

void lineage_score_add(LineageScore *sum, const LineageScore *s) {
  unsigned edges = 0;
  add(&sum->undirected, &s->undirected);
  add(&sum->directed, &s->directed);
  add(&sum->copies, &s->copies);
  add(&sum->quantised, &s->quantised);
  add(&sum->merges, &s->merges);
  add(&sum->arithmetic, &s->arithmetic);
  add(&sum->adapters, &s->adapters);
  add(&sum->wrong_cards, &s->wrong_cards);
  add(&sum->missing, &s->missing);
  sum->models += s->models, sum->trees += s->trees, sum->groves += s->groves, sum->strangers += s->strangers;
  sum->calibration = 0;
  for (int b = 0; b < 10; b++) {
    sum->bin_edges[b] += s->bin_edges[b], sum->bin_right[b] += s->bin_right[b];
    sum->bin_confidence[b] += s->bin_confidence[b];
    edges += sum->bin_edges[b];
  }
  for (int b = 0; b < 10; b++) sum->calibration += fabs(sum->bin_confidence[b] - sum->bin_right[b]) / MAX(edges, 1);
}

void lineage_score_print(const char *what, const LineageScore *s) {
  printf(
      "%-24s directed %3u of %3u (%3u said), undirected %3u, missing %u/%u/%u, said .9: %3u, right %3u, calibration "
      "%.3f\n",
      what, s->directed.right, s->directed.there, s->directed.claimed, s->undirected.right, s->missing.right,
      s->missing.claimed, s->missing.there, s->bin_edges[9], s->bin_right[9], s->calibration);
  fflush(stdout);
}
