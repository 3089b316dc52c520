/* SPDX-License-Identifier: Apache-2.0 */
/* `make reproduce`: the paper's claims on planted woods, as docs/RESULTS.md. Every figure is a mean over
 * three seeds of wood and training, with the interval of the pooled test models. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "numerics/linalg.h"
#include "core/parallel.h"
#include "experts/measure/baseline.h"
#include "experts/task/task.h"
#include "experts/train/train.h"
#include "planter/plant.h"
#include "tests/bench/cell.h"
#include "tests/bench/expert_tables.h"

enum { SEEDS = 3 };

/* Mean headline and the mean interval over seeds. */
typedef struct {
  double sum, low, high, chance;
  unsigned seeds, n;
} Row;

static void row_add(Row *r, const Score *s) {
  if (!s->n) return;
  r->sum += score_headline(s);
  r->low += s->low;
  r->high += s->high;
  r->chance += s->chance;
  r->n += s->n;
  r->seeds++;
}

static void row_print(const char *name, const Row *r) {
  double k = r->seeds ? r->seeds : NAN;
  printf("| %s | %.1f | %.1f – %.1f | %.1f | %u |\n", name, 100 * r->sum / k, 100 * r->low / k, 100 * r->high / k,
         100 * r->chance / k, r->n);
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

/* --- classify --------------------------------------------------------------------------------------- */

typedef struct {
  const char *name;
  TrainInput input;
  bool linear;
  double compress;
  bool published; /* the step size constant, weight decay 1e-5 */
} Variant;

static const Variant variants[] = {
    {"ProbeX, as published: raw input, constant step", INPUT_RAW, false, 0, true},
    {"ProbeX, our default: centred and scaled, falling step, decay", INPUT_CENTRED, false, 0, false},
    {"our default, without ReLU", INPUT_CENTRED, true, 0, false},
    {"our default, compressed to 0.9 energy", INPUT_CENTRED, false, 0.9, false},
};

/* Upstream's optimiser: Adam with lr 1e-3 and decay 1e-5 for classes, its step constant, 500 epochs. */
static void as_published(TrainOptions *o) {
  o->schedule = SCHEDULE_CONSTANT;
  o->lr = 1e-3f;
  o->weight_decay = 1e-5f;
  o->epochs = 500;
}

/* One way against another, test model by test model. */
typedef struct {
  GArray *each; /* of double: how much righter the second judges it */
  guint from;   /* where the present seed's models begin */
} Gain;

static void gain_add(Gain *g, const Cell *r, bool second) {
  if (!second) g->from = g->each->len;
  for (gsize i = 0; i < r->n_right; i++) {
    double against = -r->right[i];
    if (second) g_array_index(g->each, double, g->from + (guint)i) += r->right[i];
    else g_array_append_val(g->each, against);
  }
}

static void gain_print(const Gain *g) {
  double sum = 0, low, high;
  for (guint i = 0; i < g->each->len; i++) sum += g_array_index(g->each, double, i);
  score_bootstrap((const double *)g->each->data, g->each->len, 0, &low, &high);
  printf(
      "\nOur default less the published form, test model by test model: %+.1f points (95 %% interval "
      "%+.1f – %+.1f).\n",
      100 * sum / g->each->len, 100 * low, 100 * high);
}

static void classify_table(const Wood woods[SEEDS]) {
  Gain gain = {.each = g_array_new(FALSE, FALSE, sizeof(double))};
  Row rows[G_N_ELEMENTS(variants)] = {0}, dense = {0}, statnn = {0};
  for (int seed = 0; seed < SEEDS; seed++)
    for (size_t v = 0; v < G_N_ELEMENTS(variants); v++) {
      TrainOptions o = TRAIN_DEFAULTS;
      o.task = EXPERT_CLASSIFY;
      o.layer = "encoder.layer.1.dense";
      o.input = variants[v].input;
      o.linear = variants[v].linear;
      o.compress = variants[v].compress;
      o.seed = (uint64_t)seed;
      o.baselines = v == 1;
      if (variants[v].published) as_published(&o);
      g_autoptr(Cell) r = train(&woods[seed], &o, "classify", (int)v);
      if (!r) continue;
      row_add(&rows[v], &r->score[0]);
      if (v < 2) gain_add(&gain, r, v == 1);
      if (!o.baselines) continue;
      row_add(&dense, &r->baseline[BASELINE_DENSE][0]);
      row_add(&statnn, &r->baseline[BASELINE_STATNN][0]);
    }
  table_head("Training categories (classify)",
             "Fine-tunes of one base on random halves of 40 classes; element-wise accuracy on one "
             "128 x 128 layer. Chance: always the majority.");
  for (size_t v = 0; v < G_N_ELEMENTS(variants); v++) row_print(variants[v].name, &rows[v]);
  row_print("dense linear expert (ridge)", &dense);
  row_print("StatNN (ridge)", &statnn);
  gain_print(&gain);
  g_array_unref(gain.each);
}

/* --- alignment -------------------------------------------------------------------------------------- */

static void align_table(const Wood woods[SEEDS]) {
  Row seen[3] = {0}, unseen[3] = {0}, dense[2] = {0}, statnn[2] = {0};
  static const char *const names[] = {"ProbeX, raw input", "ProbeX, scaled (default)", "ProbeX, scaled, without ReLU"};
  for (int seed = 0; seed < SEEDS; seed++)
    for (int v = 0; v < 3; v++) {
      TrainOptions o = TRAIN_DEFAULTS;
      o.layer = "mid_block.0";
      o.input = v == 0 ? INPUT_RAW : INPUT_SCALED;
      o.linear = v == 2;
      o.seed = (uint64_t)seed;
      o.baselines = v == 1;
      g_autoptr(Cell) r = train(&woods[seed], &o, "align", v);
      if (!r) continue;
      row_add(&seen[v], &r->score[0]);
      row_add(&unseen[v], &r->score[1]);
      if (!o.baselines) continue;
      row_add(&dense[0], &r->baseline[BASELINE_DENSE][0]);
      row_add(&dense[1], &r->baseline[BASELINE_DENSE][1]);
      row_add(&statnn[0], &r->baseline[BASELINE_STATNN][0]);
      row_add(&statnn[1], &r->baseline[BASELINE_STATNN][1]);
    }
  for (int held_out = 0; held_out < 2; held_out++) {
    table_head(held_out ? "Alignment, concepts never trained on" : "Alignment, concepts seen in training",
               "Adapters (rank 4) of one concept each, one training adapter a concept; top-1 among the "
               "group's concepts, from one layer.");
    for (int v = 0; v < 3; v++) row_print(names[v], held_out ? &unseen[v] : &seen[v]);
    row_print("dense linear expert (ridge)", &dense[held_out]);
    row_print("StatNN (ridge)", &statnn[held_out]);
  }
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
  table_head("More models of the same tree help", "Classify as above, ProbeX with its defaults.");
  for (size_t s = 0; s < G_N_ELEMENTS(shares); s++) {
    Row row = {0};
    for (int seed = 0; seed < SEEDS; seed++) {
      TrainOptions o = TRAIN_DEFAULTS;
      o.task = EXPERT_CLASSIFY;
      o.layer = "encoder.layer.1.dense";
      o.seed = (uint64_t)seed;
      o.baselines = false;
      Wood part = woods[seed];
      g_autoptr(GPtrArray) some = thinned(part.models, shares[s], (uint64_t)seed);
      part.models = some;
      g_autoptr(Cell) r = train(&part, &o, "size", (int)s);
      if (r) row_add(&row, &r->score[0]);
    }
    g_autofree char *name = g_strdup_printf("%.0f %% of the training models", 100 * shares[s]);
    row_print(name, &row);
  }
}

/* --- within and across trees ------------------------------------------------------------------------ */

static bool is_of(const Model *m, const char *tree) {
  return g_str_has_prefix(m->path, tree) && m->path[strlen(tree)] == '/';
}

/* The linear expert's accuracy on tree `test` when trained on the trees named. */
static void linear_across(const Wood *w, const char *first, const char *second, const char *test, Row *row) {
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
    const Model *m = t->models->pdata[i];
    bool fit = is_of(m, first) || (second && is_of(m, second));
    bool keep = t->split[i] == SPLIT_TRAIN ? fit : is_of(m, test) && t->split[i] < SPLIT_HOLDOUT;
    if (!keep) t->split[i] = SPLIT_COUNT;
    if (keep) t->counts[t->split[i]]++;
  }
  Baseline b;
  if (baseline_measure(t, set, BASELINE_DENSE, 0, NULL, &b, &error)) row_add(row, &b.score[SPLIT_TEST]);
}

static void trees_table(const Wood pairs[SEEDS]) {
  Row within = {0}, both = {0}, across = {0};
  for (int seed = 0; seed < SEEDS; seed++) {
    linear_across(&pairs[seed], "a", NULL, "a", &within);
    linear_across(&pairs[seed], "a", "b", "a", &both);
    linear_across(&pairs[seed], "b", NULL, "a", &across);
  }
  table_head("Within a tree, not across trees",
             "A linear expert on one layer, tested on tree a. Two trees: same architecture and classes, "
             "bases trained from other seeds.");
  row_print("trained on tree a", &within);
  row_print("trained on trees a and b", &both);
  row_print("trained on tree b", &across);
}

/* --- all of it --------------------------------------------------------------------------------------- */

/* Plants two trees side by side and opens them as one collection. */
static bool open_pair(Wood *w, const char *folder, uint64_t seed, GError **error) {
  PlantOptions o = {.kind = PLANT_CLASSES, .fine_tunes = 300};
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

static bool open_all(const char *root, Wood classes[], Wood scenes[], Wood pairs[], GError **error) {
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    PlantOptions c = {.kind = PLANT_CLASSES, .fine_tunes = 400, .seed = seed};
    PlantOptions s = {.kind = PLANT_SCENES, .adapters = 1, .seed = seed};
    g_autofree char *a = g_strdup_printf("%s/classes-%d", root, (int)seed);
    g_autofree char *b = g_strdup_printf("%s/scenes-%d", root, (int)seed);
    g_autofree char *p = g_strdup_printf("%s/pair-%d", root, (int)seed);
    fprintf(stderr, "planting for seed %d\n", (int)seed);
    classes[seed].root = scenes[seed].root = pairs[seed].root = root;
    if (!wood_open(&classes[seed], a, &c, error) || !wood_open(&scenes[seed], b, &s, error) ||
        !open_pair(&pairs[seed], p, seed, error))
      return false;
  }
  return true;
}

/* The claims of the paper. */
static bool claims(const char *root, GError **error) {
  Wood classes[SEEDS] = {{0}}, scenes[SEEDS] = {{0}}, pairs[SEEDS] = {{0}};
  bool ok = open_all(root, classes, scenes, pairs, error);
  if (ok) {
    trees_table(pairs);
    classify_table(classes);
    align_table(scenes);
    size_table(classes);
  }
  for (int s = 0; s < SEEDS; s++) {
    wood_close(&classes[s]);
    wood_close(&scenes[s]);
    wood_close(&pairs[s]);
  }
  return ok;
}

/* reproduce [ROOT [kinds|claims [SEEDS]]]: all of it, or one part. */
int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *root = argc > 1 ? argv[1] : "reproduce-data", *part = argc > 2 ? argv[2] : "";
  unsigned seeds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : SEEDS;
  printf(
      "# Results on planted woods\n\nMade by `make reproduce`. Seeds from 0 on for woods and training; where nothing "
      "else "
      "is said three of them, and means over them.\n");
  bool ok = dir_make(root, &error);
  if (ok && strcmp(part, "claims") != 0) ok = expert_tables(root, seeds, &error);
  if (ok && strcmp(part, "kinds") != 0) ok = claims(root, &error);
  if (!ok) fprintf(stderr, "reproduce: %s\n", error->message);
  return ok ? 0 : 1;
}
