/* SPDX-License-Identifier: Apache-2.0 */
/* How lineage does where siblings share a direction: lineage-classes SIZE SEED… plants woods of classifiers that were
 * fine-tuned on other data (kind classes) and prints, from the weights alone, a line a wood and rule: directed edges
 * right of those there, bases that were made up, edges said .9 or more and how many of them were right, and the
 * calibration error. */
#include <stdio.h>
#include <stdlib.h>

#include "core/files.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "tests/bench/lineage_score.h"

static void fail(GError *error) {
  fprintf(stderr, "lineage-classes: %s\n", error->message);
  exit(1);
}

/* Parents that are not on disk. */
static unsigned count_ghosts(const Forest *f) {
  unsigned n = 0;
  for (unsigned v = 0; v < f->nodes->len; v++) n += !forest_node(f, v)->model && forest_node(f, v)->children->len > 0;
  return n;
}

static void measure(Collection *c, GPtrArray *models, const char *truth, const char *wood, ForestRule rule) {
  static const char *const names[] = {"pooled", "mother", "mother-reversed"};
  const ForestOptions options = {.ignore_cards = true, .rule = rule};
  GError *error = NULL;
  LineageScore s;
  g_autoptr(Forest) f = forest_build(c, models, &options, NULL, &error);
  if (!f || !lineage_score(f, truth, &s, &error)) fail(error);
  printf("%s %-15s directed %u of %u, made up %u, said .9: %u, right %u, calibration %.3f\n", wood, names[rule],
         s.directed.right, s.directed.there, count_ghosts(f), s.bin_edges[9], s.bin_right[9], s.calibration);
}

static void run(const char *top, unsigned size, uint64_t seed) {
  GError *error = NULL;
  PlantSummary planted;
  ScanSummary sum;
  g_autofree char *name = g_strdup_printf("classes-%u-%" G_GUINT64_FORMAT, size, seed);
  g_autofree char *dir = g_build_filename(top, name, NULL), *state = g_strconcat(dir, ".state", NULL);
  const PlantOptions options = {.kind = PLANT_CLASSES, .seed = seed, .fine_tunes = size};
  const CollectionOptions where = {.state = state};
  if (!plant(dir, &options, NULL, &planted, &error)) fail(error);
  g_autoptr(Collection) c = collection_open(dir, &where, &error);
  if (!c || !collection_scan(c, NULL, &sum, &error)) fail(error);
  g_autoptr(GPtrArray) models = collection_models(c, &error);
  if (!models) fail(error);
  for (ForestRule rule = FOREST_RULE_POOLED; rule <= FOREST_RULE_MOTHER_REVERSED; rule++)
    measure(c, models, planted.truth, name, rule);
  fflush(stdout);
  g_free(planted.truth);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fputs("usage: lineage-classes SIZE SEED…\n", stderr);
    return 2;
  }
  g_autofree char *top = g_dir_make_tmp("copse-lineage-XXXXXX", NULL);
  if (!top) return 1;
  linalg_set_threads(1);
  for (int i = 2; i < argc; i++)
    run(top, (unsigned)g_ascii_strtoull(argv[1], NULL, 10), g_ascii_strtoull(argv[i], NULL, 10));
  return dir_remove(top, NULL) ? 0 : 1;
}
