/* SPDX-License-Identifier: Apache-2.0 */
/* `make lineage-report`: plants woods and prints how well lineage recovers what is known of them,
 * with the cards, from the weights alone, and by the rule of MoTHer (whose trees are given here,
 * where it would need their number, and with either sign). Seeds are fixed; others may be
 * given as arguments. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/files.h"
#include "core/linalg.h"
#include "core/parallel.h"
#include "jungle/plant.h"
#include "tests/bench/lineage_score.h"

enum { RULES = 4 };

static const char *const rule_names[RULES] = {"with cards", "weights alone", "MoTHer's rule",
                                               "reversed"};

static ForestOptions rule_options(int rule) {
  return (ForestOptions){.ignore_cards = rule > 0,
                         .rule = rule < 2 ? FOREST_RULE_POOLED
                                 : rule == 2 ? FOREST_RULE_MOTHER : FOREST_RULE_MOTHER_REVERSED};
}

static void fail(GError *error) {
  fprintf(stderr, "lineage-report: %s\n", error->message);
  exit(1);
}

static GPtrArray *open_wood(const char *dir, Collection **collection) {
  GError *error = NULL;
  ScanSummary summary;
  g_autofree char *state = g_strconcat(dir, ".state", NULL);
  CollectionOptions options = {.state = state};
  *collection = collection_open(dir, &options, &error);
  if (!*collection || !collection_scan(*collection, NULL, &summary, &error)) fail(error);
  GPtrArray *models = collection_models(*collection, &error);
  if (!models) fail(error);
  return models;
}

/* F1 where it is known who is who, with the counts behind it. */
static void print_tally(const char *what, const Tally *t) {
  printf(" %s %.3f (%u/%u/%u)", what, tally_f1(t), t->right, t->claimed, t->there);
}

static void print_score(int rule, const LineageScore *s) {
  printf("  %-14s ARI %.3f, %u strangers;", rule_names[rule], s->rand_index, s->strangers);
  print_tally("undirected", &s->undirected);
  print_tally("directed", &s->directed);
  if (rule > 1) {
    putchar('\n');
    return;
  }
  printf(" ECE %.3f\n                ", s->calibration);
  print_tally("copies", &s->copies);
  print_tally("quantised", &s->quantised);
  print_tally("merges", &s->merges);
  print_tally("arithmetic", &s->arithmetic);
  printf("\n                ");
  if (rule == 0) print_tally("adapters", &s->adapters);
  if (rule == 0) print_tally("wrong cards", &s->wrong_cards);
  print_tally("missing", &s->missing);
  printf("\n                 confidence:right(edges)");
  for (int b = 0; b < 10; b++)
    if (s->bin_edges[b])
      printf(" %.2f:%.2f(%u)", s->bin_confidence[b] / s->bin_edges[b],
             (double)s->bin_right[b] / s->bin_edges[b], s->bin_edges[b]);
  putchar('\n');
}

static void report(const char *top, uint64_t seed) {
  GError *error = NULL;
  g_autofree char *dir = g_strdup_printf("%s/seed-%" G_GUINT64_FORMAT, top, seed);
  PlantOptions options = {.kind = PLANT_WOODS, .seed = seed};
  PlantSummary planted;
  linalg_set_threads(1);
  if (!plant(dir, &options, NULL, &planted, &error)) fail(error);
  Collection *collection;
  g_autoptr(GPtrArray) models = open_wood(dir, &collection);
  printf("seed %" G_GUINT64_FORMAT ": %u models, planted in %.1f s\n", seed, planted.models,
         planted.seconds);
  for (int rule = 0; rule < RULES; rule++) {
    ForestOptions how = rule_options(rule);
    g_autoptr(Forest) forest = forest_build(collection, models, &how, NULL, &error);
    LineageScore score;
    if (!forest || !lineage_score(forest, planted.truth, &score, &error)) fail(error);
    print_score(rule, &score);
  }
  collection_free(collection);
  g_free(planted.truth);
}

int main(int argc, char **argv) {
  static const uint64_t seeds[] = {1, 2, 3};
  GError *error = NULL;
  g_autofree char *top = g_dir_make_tmp("copse-report-XXXXXX", &error);
  if (!top) fail(error);
  puts("F1 (right/claimed/there) of each kind of answer");
  for (int i = 1; i < argc; i++) report(top, g_ascii_strtoull(argv[i], NULL, 10));
  for (size_t i = 0; argc < 2 && i < G_N_ELEMENTS(seeds); i++) report(top, seeds[i]);
  dir_remove(top, NULL);
  return 0;
}
