/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/expert_tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/files.h"
#include "core/parallel.h"
#include "experts/train/preset.h"
#include "experts/train/train.h"
#include "experts/train/trainable_layers.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "tests/bench/cell.h"
#include "tests/bench/noise_wood.h"

enum { MOST_EPOCHS = 100 };

typedef enum { WOOD_EASY, WOOD_HARD, WOOD_NOISE, WOOD_CLASSES, WOODS } WoodSort;
typedef enum { KIND_AUTO, KIND_KERNEL, KIND_MULTIVIEW, KIND_PROBEX, KIND_PUBLISHED, KINDS } Kind;

static const struct {
  const char *name, *title, *about, *layer; /* layer: part of the name of the one that kinds of one layer get */
  PlantOptions plant;
  ExpertTask task;
} woods[WOODS] = {
    {"easy",
     "Easy: scenes",
     "96 concepts, three adapters of each, one common start of their down matrices.",
     "mid_block.0",
     {.kind = PLANT_SCENES, .concepts = 96, .adapters = 3},
     EXPERT_ALIGN},
    {"hard",
     "Hard: each adapter its maker's own",
     "100 concepts, 15 of them never trained on, five adapters of each.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 100},
     EXPERT_ALIGN},
    {"noise",
     "Noise",
     "The hard wood's adapters, each with one of ten labels drawn by lot, among copies, copies with noise "
     "and checkpoints of them under the same label. Everything beyond chance would be leakage.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 40},
     EXPERT_ALIGN},
    {"classes",
     "Classes",
     "Fine-tunes of one base on random halves of 40 classes; element-wise accuracy.",
     "encoder.layer.1.dense",
     {.kind = PLANT_CLASSES, .fine_tunes = 240},
     EXPERT_CLASSIFY},
};

static const char *const kind_names[KINDS] = {"the default (auto)", "kernel, all layers", "multiview, all layers",
                                              "ProbeX, one layer",
                                              "ProbeX as published, at most 100 epochs, one layer"};

typedef struct {
  Collection *collection;
  GPtrArray *models;
  char *labels; /* "@FILE", or NULL */
  char *layer;
} Stand;

static void stand_clear(Stand *s) {
  g_clear_pointer(&s->models, g_ptr_array_unref);
  g_clear_pointer(&s->collection, collection_free);
  g_free(s->labels);
  g_free(s->layer);
}

static bool open_folder(Stand *s, const char *folder, GError **error) {
  g_autofree char *state = g_strconcat(folder, ".state", NULL);
  CollectionOptions c = {.state = state};
  s->collection = collection_open(folder, &c, error);
  if (!s->collection || !collection_scan(s->collection, NULL, NULL, error)) return false;
  return (s->models = collection_models(s->collection, error)) != NULL;
}

/* The first layer of the adapters, or the networks, whose name holds the part. */
static char *find_layer(const Stand *s, const char *part) {
  for (guint i = s->models->len; i > 0; i--) {
    g_autoptr(GPtrArray) all = trainable_layers(s->collection, s->models->pdata[i - 1], NULL, NULL);
    for (guint l = 0; all && l < all->len; l++)
      if (strstr(all->pdata[l], part)) return g_strdup(all->pdata[l]);
  }
  return NULL;
}

static bool open_stand(Stand *s, const char *root, WoodSort sort, unsigned seed, GError **error) {
  PlantOptions o = woods[sort].plant;
  g_autofree char *folder = g_strdup_printf("%s/kinds-%s-%u", root, woods[sort].name, seed);
  g_autofree char *truth = g_strconcat(folder, ".truth.json", NULL);
  PlantSummary summary = {0};
  o.seed = 100 + seed, o.truth = truth;
  linalg_set_threads(1);
  bool ok = g_file_test(truth, G_FILE_TEST_EXISTS) || plant(folder, &o, NULL, &summary, error);
  linalg_set_threads(parallel_processors());
  g_free(summary.truth);
  if (ok && sort == WOOD_NOISE) {
    g_autofree char *noise = g_strconcat(folder, "-noise", NULL);
    ok = noise_wood_make(folder, noise, seed, &s->labels, error) && open_folder(s, noise, error);
  } else if (ok) {
    ok = open_folder(s, folder, error);
  }
  if (ok) s->layer = find_layer(s, woods[sort].layer);
  return ok;
}

/* --- one table ---------------------------------------------------------------------------------------- */

typedef struct {
  double sum[2], chance[2], processor;
  unsigned right[2], n[2], seeds;
  GArray *each; /* of double: how right each test model was judged */
} Row;

static TrainOptions options_of(Kind kind, WoodSort sort, const Stand *s, unsigned seed) {
  static const TrainKind kinds[KINDS] = {TRAIN_AUTO, TRAIN_KERNEL, TRAIN_MULTIVIEW, TRAIN_PROBEX, TRAIN_PROBEX};
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = woods[sort].task, o.kind = kinds[kind], o.seed = seed, o.baselines = false, o.label_key = s->labels;
  if (kind >= KIND_PROBEX) o.layer = s->layer;
  if (kind == KIND_PUBLISHED) {
    preset_apply("published", &o, NULL);
    o.kind = TRAIN_PROBEX, o.epochs = MIN(o.epochs, (unsigned)MOST_EPOCHS);
  }
  return o;
}

static void row_take(Row *row, const Cell *c) {
  for (int k = 0; k < 2; k++) {
    const Score *s = &c->score[k];
    if (!s->n) continue;
    row->sum[k] += score_headline(s) * s->n;
    row->chance[k] += s->chance * s->n;
    row->n[k] += s->n;
  }
  if (c->n_right) g_array_append_vals(row->each, c->right, (guint)c->n_right);
  row->processor += c->seconds;
  row->seeds++;
}

static void print_share(const Row *row, int k, bool classes) {
  double low, high, n = row->n[k], share = row->sum[k] / n;
  if (!row->n[k]) {
    printf(" | | |");
    return;
  }
  if (k == 0 && classes) score_bootstrap((const double *)(const void *)row->each->data, row->each->len, 0, &low, &high);
  else score_wilson(row->sum[k], n, &low, &high);
  printf(" %.1f | %.1f – %.1f | %.1f |", 100 * share, 100 * low, 100 * high, 100 * row->chance[k] / n);
}

/* The default less this kind, when both judged the same models. */
static void print_gain(const Row *first, const Row *row) {
  guint n = row->each->len;
  if (first == row || n != first->each->len || n == 0) {
    printf(" | |");
    return;
  }
  g_autofree double *gain = g_new(double, n);
  double sum = 0, low, high;
  for (guint i = 0; i < n; i++) {
    gain[i] = g_array_index(first->each, double, i) - g_array_index(row->each, double, i);
    sum += gain[i];
  }
  score_bootstrap(gain, n, 0, &low, &high);
  printf(" %+.1f | %+.1f – %+.1f |", 100 * sum / n, 100 * low, 100 * high);
}

static void print_table(WoodSort sort, const Row rows[KINDS], unsigned seeds) {
  printf(
      "\n## %s\n\n%s %u seed%s.\n\n"
      "| expert | seen %% | 95 %% interval | chance | unseen %% | 95 %% interval | chance | default less this, seen | "
      "95 "
      "%% interval | processor s |\n|---|---|---|---|---|---|---|---|---|---|\n",
      woods[sort].title, woods[sort].about, seeds, seeds == 1 ? "" : "s");
  for (int k = 0; k < KINDS; k++) {
    if (!rows[k].seeds) continue;
    printf("| %s |", kind_names[k]);
    print_share(&rows[k], 0, woods[sort].task == EXPERT_CLASSIFY);
    print_share(&rows[k], 1, false);
    print_gain(&rows[KIND_AUTO], &rows[k]);
    printf(" %.0f |\n", rows[k].processor / rows[k].seeds);
  }
  fflush(stdout);
}

static void train_one(const Stand *s, const char *root, WoodSort sort, Kind kind, unsigned seed, Row *row) {
  g_autoptr(GError) error = NULL;
  TrainOptions o = options_of(kind, sort, s, seed);
  g_autofree char *name = g_strdup_printf("kinds-%s-%u-%d", woods[sort].name, seed, (int)kind);
  g_autoptr(Cell) c = cell_take(root, name, s->collection, s->models, &o, &error);
  if (c) row_take(row, c);
  else fprintf(stderr, "reproduce: %s on %s: %s\n", kind_names[kind], woods[sort].name, error->message);
}

static bool one_wood(const char *root, WoodSort sort, unsigned seeds, GError **error) {
  Row rows[KINDS] = {0};
  bool ok = true;
  for (int k = 0; k < KINDS; k++) rows[k].each = g_array_new(FALSE, FALSE, sizeof(double));
  for (unsigned seed = 0; ok && seed < seeds; seed++) {
    Stand s = {0};
    fprintf(stderr, "%s, seed %u\n", woods[sort].name, seed);
    ok = open_stand(&s, root, sort, seed, error);
    for (int k = 0; ok && k < KINDS; k++) train_one(&s, root, sort, (Kind)k, seed, &rows[k]);
    stand_clear(&s);
  }
  if (ok) print_table(sort, rows, seeds);
  for (int k = 0; k < KINDS; k++) g_array_unref(rows[k].each);
  return ok;
}

bool expert_tables(const char *root, unsigned seeds, GError **error) {
  for (int w = 0; w < WOODS; w++)
    if (!one_wood(root, (WoodSort)w, seeds, error)) return false;
  return true;
}
