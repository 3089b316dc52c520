/* SPDX-License-Identifier: Apache-2.0 */
/* `make reproduce`: every kind of expert on planted woods, and what is claimed besides, as docs/RESULTS.md: three seeds of
 * wood and training. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "numerics/interval.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "experts/measure/baseline.h"
#include "experts/task/task.h"
#include "experts/train/train.h"
#include "planter/plant.h"
#include "tests/bench/cell.h"
#include "tests/bench/expert_tables.h"

enum { SEEDS = 3 };

/* Shares of test models of all seeds, with their chance. */
typedef struct {
  GArray *right; /* of double */
  double chance; /* their sum */
} Row;

static void row_print(const char *name, Row *row) {
  guint n = row->right->len;
  const double *x = (const double *)(const void *)row->right->data;
  double low, high, mean = 0;
  for (guint i = 0; i < n; i++) mean += x[i] / n;
  interval_of_share(x, NULL, n, &low, &high);
  printf("| %s | %.1f | %.1f – %.1f | %.1f | %u |\n", name, 100 * mean, 100 * low, 100 * high, 100 * row->chance / n,
         n);
  fflush(stdout);
  g_array_unref(row->right);
}

static Row row_new(void) { return (Row){g_array_new(FALSE, FALSE, sizeof(double)), 0}; }

/* Means over seeds, of figures and of intervals. */
typedef struct {
  double sum, low, high, chance;
  unsigned seeds, n;
} Means;

static void means_add(Means *m, const Score *s) {
  if (!s->n) return;
  m->sum += score_headline(s), m->low += s->low, m->high += s->high, m->chance += s->chance;
  m->n += s->n;
  m->seeds++;
}

static void means_print(const char *name, const Means *m) {
  double k = m->seeds ? m->seeds : NAN;
  printf("| %s | %.1f | %.1f – %.1f | %.1f | %u |\n", name, 100 * m->sum / k, 100 * m->low / k, 100 * m->high / k,
         100 * m->chance / k, m->n);
  fflush(stdout);
}

static void table_head(const char *title, const char *what) {
  printf("\n## %s\n\n%s\n\n| method | %% | 95 %% interval | chance | test models |\n|---|---|---|---|---|\n", title,
         what);
}

/* A planted wood, opened. */
typedef struct {
  const char *root; /* borrowed */
  Collection *collection;
  GPtrArray *models;
} Wood;

/* Plants, unless that was done to its end before. */
static bool grown(const char *folder, const PlantOptions *o, GError **error) {
  PlantSummary summary = {0};
  if (g_file_test(o->truth, G_FILE_TEST_EXISTS)) return true;
  bool ok = plant(folder, o, NULL, &summary, error);
  g_free(summary.truth);
  return ok;
}

static bool wood_open(Wood *w, const char *folder, const PlantOptions *options, GError **error) {
  g_autofree char *state = g_strconcat(folder, ".state", NULL);
  g_autofree char *truth = g_strconcat(folder, ".truth.json", NULL);
  PlantOptions o = *options;
  o.truth = truth;
  linalg_set_threads(1);
  bool ok = grown(folder, &o, error);
  linalg_set_threads(parallel_processors());
  CollectionOptions c = {.state = state};
  w->collection = ok ? collection_open(folder, &c, error) : NULL;
  if (!w->collection || !collection_scan(w->collection, NULL, NULL, error)) return false;
  w->models = collection_models(w->collection, error);
  return w->models != NULL;
}

static void wood_close(Wood *w) {
  if (w->models) g_ptr_array_unref(w->models);
  collection_free(w->collection);
}

/* Trains, unless that was done before, and hands the figures over; prints the error and gives NULL when it cannot. */
static Cell *train(const Wood *w, const TrainOptions *o, const char *table, int row) {
  g_autoptr(GError) error = NULL;
  g_autofree char *name = g_strdup_printf("%s-%d-%d", table, (int)o->seed, row);
  Cell *c = cell_take(w->root, name, w->collection, w->models, o, &error);
  if (!c) fprintf(stderr, "reproduce: %s\n", error->message);
  return c;
}

/* --- number of training models ---------------------------------------------------------------------- */

/* A list in which only a share of the training models is left. */
static GPtrArray *thinned(const GPtrArray *models, double share, uint64_t seed) {
  GPtrArray *kept = g_ptr_array_new();
  Rng rng;
  rng_init(&rng, seed, 0x711);
  for (guint i = 0; i < models->len; i++) {
    const char *split = model_split(models->pdata[i]);
    bool train = split && strcmp(split, "train") == 0;
    if (!train || (double)rng_uniform(&rng) < share) g_ptr_array_add(kept, models->pdata[i]);
  }
  return kept;
}

static void size_table(const Wood woods[SEEDS]) {
  static const double shares[] = {0.25, 0.5, 1};
  table_head(
      "More models of the same tree help",
      "Classes as above, the closed form on one layer of the body, some 190 training models when all are there.");
  for (size_t k = 0; k < G_N_ELEMENTS(shares); k++) {
    Row row = row_new();
    for (int seed = 0; seed < SEEDS; seed++) {
      TrainOptions o = TRAIN_DEFAULTS;
      o.task = EXPERT_CLASSIFY, o.kind = TRAIN_KERNEL, o.layer = "encoder.layer.1.dense";
      o.seed = (uint64_t)seed, o.baselines = false;
      Wood part = woods[seed];
      g_autoptr(GPtrArray) some = thinned(part.models, shares[k], (uint64_t)seed);
      part.models = some;
      g_autoptr(Cell) c = train(&part, &o, "size", (int)k);
      if (!c) continue;
      g_array_append_vals(row.right, c->judged[0].right, (guint)c->judged[0].n);
      row.chance += (double)c->judged[0].n * c->score[0].chance;
    }
    g_autofree char *name = g_strdup_printf("%.0f %% of the training models", 100 * shares[k]);
    row_print(name, &row);
  }
}

/* --- within and across trees ------------------------------------------------------------------------ */

static bool is_of(const Model *m, const char *tree) {
  return g_str_has_prefix(m->path, tree) && m->path[strlen(tree)] == '/';
}

/* The linear expert's accuracy on tree `test` when trained on the trees named. */
static void linear_across(const Wood *w, const char *first, const char *second, const char *test, Means *m) {
  g_autoptr(GError) error = NULL;
  TaskOptions o = {.tree = -1, .collection = w->collection};
  g_autoptr(Task) t = task_new(w->models, &o, &error);
  g_autoptr(LayerSet) set =
      t ? layer_set_read(w->collection, t->models, "encoder.layer.1.dense", NULL, NULL, &error) : NULL;
  if (!set) {
    fprintf(stderr, "reproduce: %s\n", error->message);
    return;
  }
  memset(t->counts, 0, sizeof t->counts);
  for (guint i = 0; i < t->models->len; i++) {
    const Model *at = t->models->pdata[i];
    bool fit = is_of(at, first) || (second && is_of(at, second));
    bool keep = t->split[i] == SPLIT_TRAIN ? fit : is_of(at, test) && t->split[i] < SPLIT_HOLDOUT;
    if (!keep) t->split[i] = SPLIT_COUNT;
    if (keep) t->counts[t->split[i]]++;
  }
  Baseline b;
  if (baseline_measure(t, set, BASELINE_DENSE, 0, NULL, &b, &error)) means_add(m, &b.score[SPLIT_TEST]);
}

static void trees_table(const Wood pairs[SEEDS]) {
  Means within = {0}, both = {0}, across = {0};
  for (int seed = 0; seed < SEEDS; seed++) {
    linear_across(&pairs[seed], "a", NULL, "a", &within);
    linear_across(&pairs[seed], "a", "b", "a", &both);
    linear_across(&pairs[seed], "b", NULL, "a", &across);
  }
  table_head("Within a tree, not across trees",
             "A linear expert on one layer, tested on tree a. Two trees: same architecture and classes, "
             "bases trained from other seeds.");
  means_print("trained on tree a", &within);
  means_print("trained on trees a and b", &both);
  means_print("trained on tree b", &across);
}

/* --- all of it --------------------------------------------------------------------------------------- */

/* Plants two trees side by side and opens them as one collection. */
static bool open_pair(Wood *w, const char *folder, uint64_t seed, GError **error) {
  PlantOptions o = {.kind = PLANT_CLASSES, .fine_tunes = 120};
  for (int tree = 0; tree < 2; tree++) {
    g_autofree char *part = g_build_filename(folder, tree ? "b" : "a", NULL);
    g_autofree char *truth = g_strdup_printf("%s.%d.truth.json", folder, tree);
    o.seed = 1000 + 2 * seed + (uint64_t)tree;
    o.truth = truth;
    linalg_set_threads(1);
    bool ok = grown(part, &o, error);
    linalg_set_threads(parallel_processors());
    if (!ok) return false;
  }
  g_autofree char *state = g_strconcat(folder, ".state", NULL);
  CollectionOptions c = {.state = state};
  w->collection = collection_open(folder, &c, error);
  if (!w->collection || !collection_scan(w->collection, NULL, NULL, error)) return false;
  w->models = collection_models(w->collection, error);
  return w->models != NULL;
}

static bool open_all(const char *root, Wood classes[], Wood pairs[], GError **error) {
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    PlantOptions c = {.kind = PLANT_CLASSES, .fine_tunes = 240, .seed = 100 + seed}; /* as expert_tables.c has it */
    g_autofree char *a = g_strdup_printf("%s/kinds-classes-%d", root, (int)seed);
    g_autofree char *p = g_strdup_printf("%s/pair-%d", root, (int)seed);
    fprintf(stderr, "planting for seed %d\n", (int)seed);
    classes[seed].root = pairs[seed].root = root;
    if (!wood_open(&classes[seed], a, &c, error) || !open_pair(&pairs[seed], p, seed, error)) return false;
  }
  return true;
}

/* What is claimed besides. */
static bool claims(const char *root, GError **error) {
  Wood classes[SEEDS] = {{0}}, pairs[SEEDS] = {{0}};
  bool ok = open_all(root, classes, pairs, error);
  if (ok) {
    size_table(classes);
    trees_table(pairs);
  }
  for (int s = 0; s < SEEDS; s++) {
    wood_close(&classes[s]);
    wood_close(&pairs[s]);
  }
  return ok;
}

/* reproduce [ROOT [kinds|claims|so-far [SEEDS]]]: all of it, one part, or what the kinds have told so far. */
int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *root = argc > 1 ? argv[1] : "reproduce-data", *part = argc > 2 ? argv[2] : "";
  unsigned seeds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : SEEDS;
  printf(
      "# Results on planted woods\n\nMade by `make reproduce`. Three seeds each of woods and of training, which no "
      "constant was chosen with. Intervals: 95 %%, of the test models of all seeds, those of one label as one group "
      "(`src/numerics/interval.h`).\n");
  bool ok = dir_make(root, &error);
  if (strcmp(part, "so-far") == 0) {
    expert_tables_so_far(root, seeds);
    return 0;
  }
  if (ok && strcmp(part, "claims") != 0) ok = expert_tables(root, seeds, &error);
  if (ok && strcmp(part, "kinds") != 0) ok = claims(root, &error);
  if (!ok) fprintf(stderr, "reproduce: %s\n", error->message);
  return ok ? 0 : 1;
}
