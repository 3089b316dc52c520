/* SPDX-License-Identifier: Apache-2.0 */
/* `make lineage-fit`: fits the two models of lineage's confidence (the evidence: lineage/forest/evidence.h) on planted
 * woods of many kinds, whose seeds the report does not use, and prints the constants as grow/certainty.c has them, with
 * how well they hold on what they were fitted on. lineage-fit DIR keeps the woods, and the evidence in DIR/evidence.txt:
 * kind, what it is of, right or not, the numbers. The evidence for an edge depends on which bases are found missing: after
 * new constants for those it is fitted again. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "lineage/forest/evidence.h"
#include "numerics/linalg.h"
#include "tests/bench/lineage_truth.h"
#include "tests/bench/lineage_wood.h"
#include "tests/bench/logistic_fit.h"

static const char *const edge_names[EDGE_EVIDENCES] = {"ONE",       "SIDE",     "NEAR",     "FAR",       "LOST",
                                                       "LOST_MOST", "UNSEEN",   "ONE_HEAD", "ROOT",      "ROOT_HEAD",
                                                       "MARKS",     "CHILDREN", "NATS",     "LOST_HEAD", "DOUBT"};
static const char *const base_names[BASE_EVIDENCES] = {
    "ONE",    "SIBLINGS", "KEPT",   "STEP",   "LEAST", "EVEN",   "YOUNGER", "HUB",      "MOST_HUB",
    "SPREAD", "HEADS",    "GROWTH", "EUCLID", "HEAD",  "BIASES", "LAYERS",  "KURTOSIS", "SHARED"};

/* What is fitted on. */
typedef struct {
  const char *name;
  PlantKind kind;
  const char *setting;
  unsigned fine_tunes;
  unsigned first, seeds;
} FitKind;

enum { STARS = 1, OTHERS = 31 };

static const FitKind kinds[] = {
    {"same", PLANT_STARS, "same", 0, STARS, 3},
    {"brief", PLANT_STARS, "brief", 0, STARS, 3},
    {"shifted", PLANT_STARS, "shifted", 0, STARS, 3},
    {"long", PLANT_STARS, "long", 0, STARS, 3},
    {"decay", PLANT_STARS, "decay", 0, STARS, 5},
    {"rates", PLANT_STARS, "rates", 0, STARS, 3},
    {"generations", PLANT_STARS, "generations", 0, STARS, 3},
    {"chains", PLANT_STARS, "chains", 0, STARS, 5},
    {"alike", PLANT_STARS, "alike", 0, STARS, 6},
    {"absent", PLANT_STARS, "absent", 0, STARS, 7},
    {"classes12", PLANT_CLASSES, NULL, 12, OTHERS, 2},
    {"classes24", PLANT_CLASSES, NULL, 24, OTHERS, 1},
    {"woods", PLANT_WOODS, NULL, 0, OTHERS, 3},
};

typedef struct {
  const LineageTruth *truth;
  const char *kind;
  FILE *file;
  GArray *edges, *bases; /* of LogisticRow */
} Listener;

static void fail(const char *what) {
  fprintf(stderr, "lineage-fit: %s\n", what);
  exit(1);
}

static int number_of(const Listener *l, unsigned node) {
  return lineage_truth_original(l->truth, l->truth->of_node[node]);
}

/* A hub and most of its siblings come of one base that is not there. */
static bool is_base_missing(const Listener *l, const unsigned *who, unsigned n) {
  unsigned right = 0;
  int hub = number_of(l, who[0]);
  for (unsigned i = 0; i < n; i++) {
    int v = number_of(l, who[i]);
    right += v >= 0 && l->truth->models[v].parent == TRUE_ABSENT;
  }
  return hub >= 0 && l->truth->models[hub].parent == TRUE_ABSENT && 2 * right > n;
}

static void hear(void *user, EvidenceOf of, const unsigned *who, unsigned n, const double *x) {
  Listener *l = user;
  bool edge = of == EVIDENCE_OF_EDGE;
  int child = number_of(l, who[edge]);
  if (child < 0 || !true_model_is_trained(&l->truth->models[child])) return;
  unsigned width = edge ? EDGE_EVIDENCES : BASE_EVIDENCES;
  LogisticRow row = {.share = 1};
  row.y = edge ? lineage_truth_is_edge(l->truth, number_of(l, who[0]), child) : is_base_missing(l, who, n);
  memcpy(row.x, x, width * sizeof *x);
  g_array_append_val(edge ? l->edges : l->bases, row);
  fprintf(l->file, "%s\t%s\t%d", l->kind, edge ? "edge" : "base", row.y > 0);
  for (unsigned i = 0; i < width; i++) fprintf(l->file, "\t%.5g", x[i]);
  fputc('\n', l->file);
}

static void learn(const char *top, const FitKind *kind, unsigned seed, Listener *l) {
  GError *error = NULL;
  PlantSummary planted;
  const PlantOptions options = {
      .kind = kind->kind, .setting = kind->setting, .fine_tunes = kind->fine_tunes, .seed = seed, .threads = 1};
  g_autofree char *name = g_strdup_printf("%s-%u", kind->name, seed), *dir = g_build_filename(top, name, NULL);
  g_autofree char *truth = g_strconcat(dir, ".truth.json", NULL), *state = g_strconcat(dir, ".state", NULL);
  if (!g_file_test(truth, G_FILE_TEST_EXISTS)) {
    if (!plant(dir, &options, NULL, &planted, &error)) fail(error->message);
    g_free(planted.truth);
  }
  Collection *collection;
  g_autoptr(GPtrArray) models = lineage_wood_open(dir, state, &collection);
  g_autoptr(LineageTruth) t = lineage_truth_read(truth, models, &error);
  if (!t) fail(error->message);
  l->truth = t, l->kind = kind->name;
  const EvidenceWitness witness = {hear, l};
  const ForestOptions alone = {.ignore_cards = true, .witness = &witness};
  g_autoptr(Forest) f = forest_build(collection, models, &alone, NULL, &error);
  if (!f) fail(error->message);
  collection_free(collection);
}

/* Prints the weights, and stated against true shares in tenths. */
static void report(const char *what, const char *prefix, const char *const *names, unsigned n, const GArray *rows,
                   double ridge) {
  double w[LOGISTIC_MOST], said[10] = {0}, right[10] = {0}, count[10] = {0}, loss = 0;
  logistic_fit(rows, n, ridge, w);
  printf("%s: %u answers\n", what, rows->len);
  for (unsigned i = 0; i < n; i++) printf("    [%s_%s] = %.3g,\n", prefix, names[i], w[i]);
  for (guint r = 0; r < rows->len; r++) {
    const LogisticRow *row = &g_array_index(rows, LogisticRow, r);
    double p = evidence_probability(w, row->x, n);
    int bin = CLAMP((int)(10 * p), 0, 9);
    said[bin] += p, right[bin] += row->y, count[bin]++;
    loss -= log(fmax(row->y > 0 ? p : 1 - p, 1e-12)) / rows->len;
  }
  for (int b = 0; b < 10; b++)
    if (count[b] > 0) printf("  said %.2f: %4.0f, right %.2f\n", said[b] / count[b], count[b], right[b] / count[b]);
  printf("  mean loss %.4f nats\n", loss);
}

int main(int argc, char **argv) {
  g_autofree char *top = argc > 1 ? g_strdup(argv[1]) : g_dir_make_tmp("copse-fit-XXXXXX", NULL);
  if (!top || !dir_make(top, NULL)) fail("no folder to plant in");
  linalg_set_threads(1);
  g_autofree char *path = g_build_filename(top, "evidence.txt", NULL);
  g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(LogisticRow));
  g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(LogisticRow));
  Listener l = {.edges = edges, .bases = bases, .file = fopen(path, "w")};
  if (!l.file) fail("evidence.txt cannot be written");
  for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++)
    for (unsigned s = 0; s < kinds[k].seeds; s++) learn(top, &kinds[k], kinds[k].first + s, &l);
  fclose(l.file);
  report("edges", "EDGE", edge_names, EDGE_EVIDENCES, edges, 1);
  report("missing bases", "BASE", base_names, BASE_EVIDENCES, bases, 0.1);
  return argc > 1 || dir_remove(top, NULL) ? 0 : 1;
}
