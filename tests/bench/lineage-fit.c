/* SPDX-License-Identifier: Apache-2.0 */
/* `make lineage-fit`: fits what lineage thinks of roots, edges and missing bases (the evidence: lineage/forest/evidence.h) on planted
 * woods of many kinds, whose seeds the report does not use, and prints the constants as grow/certainty.c has them, with
 * how well they hold on what they were fitted on. lineage-fit DIR [KIND…] keeps the woods, and the evidence in DIR/evidence.txt:
 * wood, what it is of, right or not, the numbers. The evidence for an edge depends on which bases are found missing: after
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

static const char *const edge_names[EDGE_EVIDENCES] = {
    "ONE",    "SIDE",      "NEAR",      "FAR",         "LOST",          "LOST_MOST", "UNSEEN",    "ONE_HEAD",
    "ROOT",   "ROOT_HEAD", "MARKS",     "CHILDREN",    "NATS",          "LOST_HEAD", "DOUBT",     "SHARE",
    "LITTLE", "RIVAL",     "ROOT_LOST", "ROOT_UNSEEN", "ROOT_CHILDREN", "ROOT_NATS", "ROOT_RIVAL"};
/* What each can only speak for (lineage/forest/evidence.h), in their order; '.': either. */
static const char edge_signs[] = ".+++--......+--.--..++.", base_signs[] = ".++++++++++++++";
static const char *const root_names[ROOT_EVIDENCES] = {
    "KNOWN",     "CLOCK",  "ZEROS",     "ROWS",  "LOW_RANK", "NORM", "DECAY",   "KURTOSIS", "KURTOSIS_BY", "LAYERS",
    "LAYERS_BY", "BIASES", "BIASES_BY", "FRESH", "FRESH_BY", "HEAD", "HEAD_BY", "CENTRAL",  "TURN",        "BRANCHES"};

/* What evidence for a root was worth on other small networks. */
static const double root_prior[ROOT_EVIDENCES] = {
    [ROOT_KNOWN] = 0.333, [ROOT_CLOCK] = 1.67,  [ROOT_ZEROS] = 2,        [ROOT_ROWS] = 0.27,    [ROOT_LOW_RANK] = 1.33,
    [ROOT_NORM] = 0.133,  [ROOT_DECAY] = 0.267, [ROOT_KURTOSIS] = 0.167, [ROOT_LAYERS] = 0.167, [ROOT_BIASES] = 0.1,
    [ROOT_FRESH] = 0.4,   [ROOT_HEAD] = 0.133,  [ROOT_CENTRAL] = 0.5,
};
static const char *const base_names[BASE_EVIDENCES] = {"ONE",    "KEPT", "MANY",      "STEP",   "LEAST",
                                                       "EVEN",   "TAIL", "TAIL_EVEN", "ALIKE",  "BEHIND",
                                                       "ELDEST", "HUB",  "HEADS",     "GROWTH", "APART"};

/* What is fitted on. */
typedef struct {
  const char *name;
  PlantKind kind;
  const char *setting;
  unsigned fine_tunes;
  unsigned first, seeds, trees; /* trees: 0, as many as usual */
} FitKind;

enum { FIRST = 101 };

static const FitKind kinds[] = {
    {"same", PLANT_STARS, "same", 0, FIRST, 4, 0},
    {"brief", PLANT_STARS, "brief", 0, FIRST, 8, 0},
    {"shifted", PLANT_STARS, "shifted", 0, FIRST, 6, 0},
    {"long", PLANT_STARS, "long", 0, FIRST, 4, 0},
    {"decay", PLANT_STARS, "decay", 0, FIRST, 6, 0},
    {"rates", PLANT_STARS, "rates", 0, FIRST, 8, 0},
    {"generations", PLANT_STARS, "generations", 0, FIRST, 6, 0},
    {"chains", PLANT_STARS, "chains", 0, FIRST, 10, 0},
    {"alike", PLANT_STARS, "alike", 0, FIRST, 8, 0},
    {"absent", PLANT_STARS, "absent", 0, FIRST, 14, 0},
    {"classes12", PLANT_CLASSES, NULL, 12, FIRST, 16, 0},
    {"classes24", PLANT_CLASSES, NULL, 24, FIRST, 8, 0},
    {"classes60", PLANT_CLASSES, NULL, 60, FIRST, 3, 0},
    {"woods", PLANT_WOODS, NULL, 0, FIRST, 8, 4},
};

typedef struct {
  const LineageTruth *truth;
  unsigned nodes; /* of models; ghosts are above */
  const char *kind;
  bool orphans; /* bases are taken away on purpose */
  FILE *file;
  GArray *edges, *bases; /* of LogisticRow */
  GArray *roots;         /* of ChoiceRow */
} Listener;

static void fail(const char *what) {
  fprintf(stderr, "lineage-fit: %s\n", what);
  exit(1);
}

static int number_of(const Listener *l, unsigned node) {
  return node < l->nodes ? lineage_truth_original(l->truth, l->truth->of_node[node]) : -1;
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

/* A tree whose base is there, and without a base that is made up. */
static void hear_of_root(Listener *l, const unsigned *who, unsigned n, const double *x) {
  ChoiceRow row = {.n = n, .right = n};
  for (unsigned i = 0; i < n; i++) {
    int v = number_of(l, who[i]);
    if (who[i] >= l->nodes) return;
    if (v >= 0 && l->truth->models[v].parent == -1) row.right = i;
  }
  if (row.right == n) return;
  row.x = g_memdup2(x, (size_t)n * ROOT_EVIDENCES * sizeof *x);
  g_array_append_val(l->roots, row);
  for (unsigned i = 0; i < n; i++) {
    fprintf(l->file, "%s\troot\t%d", l->kind, i == row.right);
    for (unsigned e = 0; e < ROOT_EVIDENCES; e++) fprintf(l->file, "\t%.5g", x[(size_t)i * ROOT_EVIDENCES + e]);
    fputc('\n', l->file);
  }
}

/* What trees without their bases count in the fits of missing bases and of edges: most bases are there. Of edges the
 * fewer: woods of a kind that has none count whole. */
static const double rarer[] = {0.4, 0.05};

static void hear(void *user, EvidenceOf of, const unsigned *who, unsigned n, const double *x) {
  Listener *l = user;
  if (of == EVIDENCE_OF_ROOT) {
    hear_of_root(l, who, n, x);
    return;
  }
  bool edge = of == EVIDENCE_OF_EDGE;
  int child = number_of(l, who[edge]);
  if (child < 0 || !true_model_is_trained(&l->truth->models[child])) return;
  unsigned width = edge ? EDGE_EVIDENCES : BASE_EVIDENCES;
  LogisticRow row = {.share = l->orphans ? rarer[edge] : 1};
  row.y = edge ? lineage_truth_is_edge(l->truth, number_of(l, who[0]), child) : is_base_missing(l, who, n);
  memcpy(row.x, x, width * sizeof *x);
  g_array_append_val(edge ? l->edges : l->bases, row);
  fprintf(l->file, "%s\t%s\t%d", l->kind, edge ? "edge" : "base", row.y > 0);
  for (unsigned i = 0; i < width; i++) fprintf(l->file, "\t%.5g", x[i]);
  fputc('\n', l->file);
}

/* The same wood without the models that all others come from. */
static GPtrArray *without_roots(const GPtrArray *models, const LineageTruth *t) {
  GPtrArray *rest = g_ptr_array_new();
  for (unsigned v = 0; v < models->len; v++)
    if (t->of_node[v] < 0 || t->models[t->of_node[v]].parent != -1) g_ptr_array_add(rest, models->pdata[v]);
  return rest;
}

static void orphan(LineageTruth *t) {
  for (unsigned i = 0; i < t->n; i++)
    if (t->models[i].parent >= 0 && t->models[t->models[i].parent].node < 0) t->models[i].parent = TRUE_ABSENT;
}

static void listen(Listener *l, Collection *collection, const GPtrArray *models, const LineageTruth *t) {
  GError *error = NULL;
  l->truth = t, l->nodes = models->len;
  const EvidenceWitness witness = {hear, l};
  const ForestOptions alone = {.ignore_cards = true, .witness = &witness};
  g_autoptr(Forest) f = forest_build(collection, models, &alone, NULL, &error);
  if (!f) fail(error->message);
}

/* Trees of one kind once more without their bases, which count less: most bases are there. */
static void learn_orphans(Listener *l, Collection *collection, const GPtrArray *models, const LineageTruth *whole,
                          const char *truth) {
  GError *error = NULL;
  g_autoptr(GPtrArray) rest = without_roots(models, whole);
  g_autoptr(LineageTruth) t = lineage_truth_read(truth, rest, &error);
  if (!t) fail(error->message);
  g_autofree char *name = g_strconcat(l->kind, "-orphans", NULL);
  orphan(t);
  l->kind = name, l->orphans = true;
  listen(l, collection, rest, t);
}

/* A wood that is there, once as it is and, where `orphans`, once without its bases. */
static void learn_wood(const char *dir, const char *name, bool orphans, Listener *l) {
  GError *error = NULL;
  g_autofree char *truth = g_strconcat(dir, ".truth.json", NULL), *state = g_strconcat(dir, ".state", NULL);
  Collection *collection;
  g_autoptr(GPtrArray) models = lineage_wood_open(dir, state, &collection);
  g_autoptr(LineageTruth) t = lineage_truth_read(truth, models, &error);
  if (!t) fail(error->message);
  l->kind = name, l->orphans = false;
  listen(l, collection, models, t);
  if (orphans) learn_orphans(l, collection, models, t, truth);
  collection_free(collection);
}

static void learn(const char *top, const FitKind *kind, unsigned seed, Listener *l) {
  GError *error = NULL;
  PlantSummary planted;
  const PlantOptions options = {.kind = kind->kind,
                                .setting = kind->setting,
                                .fine_tunes = kind->fine_tunes,
                                .trees = kind->trees,
                                .seed = seed,
                                .threads = 1};
  g_autofree char *name = g_strdup_printf("%s-%u", kind->name, seed), *dir = g_build_filename(top, name, NULL);
  g_autofree char *truth = g_strconcat(dir, ".truth.json", NULL);
  if (!g_file_test(truth, G_FILE_TEST_EXISTS)) {
    if (!plant(dir, &options, NULL, &planted, &error)) fail(error->message);
    g_free(planted.truth);
  }
  bool missing = g_strcmp0(kind->setting, "absent") == 0;
  bool open = g_strcmp0(kind->setting, "alike") == 0; /* whether theirs is there nothing tells: it is not to be said */
  learn_wood(dir, name, kind->kind != PLANT_WOODS && !missing && !open, l);
}

/* Woods of other makers: folders of DIR/others with a truth as the planter writes it beside each. */
static void learn_others(const char *top, Listener *l) {
  static const char suffix[] = ".truth.json";
  g_autofree char *folder = g_build_filename(top, "others", NULL);
  g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
  for (const char *entry; dir && (entry = g_dir_read_name(dir));) {
    if (!g_str_has_suffix(entry, suffix)) continue;
    g_autofree char *name = g_strndup(entry, strlen(entry) - strlen(suffix));
    g_autofree char *wood = g_build_filename(folder, name, NULL);
    learn_wood(wood, name, true, l);
  }
}

static void print_weights(const char *prefix, const char *const *names, unsigned n, const double *w) {
  for (unsigned i = 0; i < n; i++) printf("    [%s_%s] = %.3g,\n", prefix, names[i], w[i]);
}

/* Prints the weights, and stated against true shares in tenths. */
static void report(const char *what, const char *prefix, const char *const *names, const char *sign, unsigned n,
                   const GArray *rows, double ridge) {
  double w[LOGISTIC_MOST], said[10] = {0}, right[10] = {0}, count[10] = {0}, loss = 0;
  logistic_fit(rows, n, sign, ridge, w);
  printf("%s: %u answers\n", what, rows->len);
  print_weights(prefix, names, n, w);
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

static void report_roots(const GArray *rows) {
  double w[LOGISTIC_MOST], loss = 0, sure = 0;
  choice_fit(rows, ROOT_EVIDENCES, root_prior, 4, w);
  for (guint i = 0; i < rows->len; i++) {
    double p = choice_probability(&g_array_index(rows, ChoiceRow, i), ROOT_EVIDENCES, w);
    loss -= log(fmax(p, 1e-12)) / rows->len, sure += p / rows->len;
  }
  printf("roots: %u trees\n", rows->len);
  print_weights("ROOT", root_names, ROOT_EVIDENCES, w);
  printf("  mean loss %.4f nats, the right one %.2f sure\n", loss, sure);
}

static void choice_clear(void *row) { g_free(((ChoiceRow *)row)->x); }

/* Of lineage-fit DIR KIND…; without kinds, all. */
static bool is_asked(char *const *argv, const char *kind) {
  bool asked = !argv[0] || !argv[1] || !argv[2];
  for (unsigned i = 2; !asked && argv[i]; i++) asked = strcmp(argv[i], kind) == 0;
  return asked;
}

int main(int argc, char **argv) {
  g_autofree char *top = argc > 1 ? g_strdup(argv[1]) : g_dir_make_tmp("copse-fit-XXXXXX", NULL);
  if (!top || !dir_make(top, NULL)) fail("no folder to plant in");
  linalg_set_threads(1);
  g_autofree char *path = g_build_filename(top, "evidence.txt", NULL);
  g_autoptr(GArray) edges = g_array_new(FALSE, FALSE, sizeof(LogisticRow));
  g_autoptr(GArray) bases = g_array_new(FALSE, FALSE, sizeof(LogisticRow));
  g_autoptr(GArray) roots = g_array_new(FALSE, FALSE, sizeof(ChoiceRow));
  g_array_set_clear_func(roots, choice_clear);
  Listener l = {.edges = edges, .bases = bases, .roots = roots, .file = fopen(path, "w")};
  if (!l.file) fail("evidence.txt cannot be written");
  for (unsigned k = 0; k < G_N_ELEMENTS(kinds); k++)
    for (unsigned s = 0; s < kinds[k].seeds && is_asked(argv, kinds[k].name); s++)
      learn(top, &kinds[k], kinds[k].first + s, &l);
  if (is_asked(argv, "others")) learn_others(top, &l);
  fclose(l.file);
  report_roots(roots);
  report("edges", "EDGE", edge_names, edge_signs, EDGE_EVIDENCES, edges, 1);
  report("missing bases", "BASE", base_names, base_signs, BASE_EVIDENCES, bases, 1);
  return argc > 1 || dir_remove(top, NULL) ? 0 : 1;
}
