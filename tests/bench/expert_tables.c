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
#include "numerics/interval.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "tests/bench/cell.h"
#include "tests/bench/noise_wood.h"

enum { MOST_EPOCHS = 100 };

typedef enum {
  WOOD_EASY,
  WOOD_HARD,
  WOOD_CLASSES,
  WOOD_NOISE,
  WOOD_COPIES,
  WOOD_NOISY,
  WOOD_CHECKPOINTS,
  WOODS
} WoodSort;
typedef enum { KIND_AUTO, KIND_KERNEL, KIND_LAYER, KIND_MULTIVIEW, KIND_PROBEX, KIND_PUBLISHED, KINDS } Kind;

static const struct {
  const char *name, *title, *about, *layer; /* layer: part of the name of the one that kinds of one layer get */
  PlantOptions plant;
  ExpertTask task;
  unsigned noise; /* of NoiseKin; 0: labels are as planted */
  Kind kinds;     /* those before it are trained */
} woods[WOODS] = {
    {"easy",
     "Easy: scenes",
     "64 concepts, 16 of them never trained on, two training adapters of each, one common start of their down "
     "matrices.",
     "mid_block.0",
     {.kind = PLANT_SCENES, .concepts = 64, .adapters = 2},
     EXPERT_ALIGN,
     0,
     KINDS},
    {"hard",
     "Hard: each adapter its maker's own",
     "A small form of it, for the sake of the slow kinds: 60 concepts, 9 of them never trained on, five adapters of "
     "each. `docs/RESULTS-hard.md` has the default on 1,000.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 60},
     EXPERT_ALIGN,
     0,
     KINDS},
    {"classes",
     "Classes",
     "Fine-tunes of one base on random halves of 40 classes; element-wise accuracy. The one layer is of the body; all "
     "layers have the head among them.",
     "encoder.layer.1.dense",
     {.kind = PLANT_CLASSES, .fine_tunes = 240},
     EXPERT_CLASSIFY,
     0,
     KINDS},
    {"noise",
     "Noise",
     "Adapters of the hard wood, each with one of ten labels drawn by lot, among copies, copies with noise and "
     "checkpoints of them under the same label. Everything beyond chance would be leakage.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 30},
     EXPERT_ALIGN,
     NOISE_ALL,
     KINDS},
    {"copies",
     "Noise with copies",
     "The same with copies alone, one for each model.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 30},
     EXPERT_ALIGN,
     NOISE_COPIES,
     KIND_LAYER},
    {"noisy",
     "Noise with noisy copies",
     "The same with a copy with noise for each model.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 30},
     EXPERT_ALIGN,
     NOISE_NOISY,
     KIND_LAYER},
    {"checkpoints",
     "Noise with checkpoints",
     "The same with a checkpoint of each model.",
     "0.attn2.to_q",
     {.kind = PLANT_HARD, .concepts = 30},
     EXPERT_ALIGN,
     NOISE_CHECKPOINTS,
     KIND_LAYER},
};

static const char *const kind_names[KINDS] = {
    "the default (auto)",   "kernel, all layers", "the default, that layer alone",
    "multiview, one layer", "ProbeX, one layer",  "ProbeX as published, at most 100 epochs, one layer"};

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
  bool noise = woods[sort].noise != 0; /* all of them are made of one wood */
  g_autofree char *folder = g_strdup_printf("%s/kinds-%s-%u", root, noise ? "noise" : woods[sort].name, seed);
  g_autofree char *truth = g_strconcat(folder, ".truth.json", NULL);
  PlantSummary summary = {0};
  o.seed = 100 + seed, o.truth = truth;
  linalg_set_threads(1);
  bool ok = g_file_test(truth, G_FILE_TEST_EXISTS) || plant(folder, &o, NULL, &summary, error);
  linalg_set_threads(parallel_processors());
  g_free(summary.truth);
  if (ok && noise) {
    g_autofree char *made = g_strdup_printf("%s-%s", folder, woods[sort].name);
    ok = noise_wood_make(folder, made, seed, woods[sort].noise, &s->labels, error) && open_folder(s, made, error);
  } else if (ok) {
    ok = open_folder(s, folder, error);
  }
  if (ok) s->layer = find_layer(s, woods[sort].layer);
  return ok;
}

/* --- one table ---------------------------------------------------------------------------------------- */

/* Test models of all seeds, or those of labels never trained on. */
typedef struct {
  GArray *right, *label; /* of double, of size_t: a label of another seed is another label */
  double chance;         /* their sum */
} Pool;

typedef struct {
  Pool pool[2];
  double processor;
  unsigned seeds;
} Row;

enum { LABELS_OF_A_SEED = 1 << 20 };

static void row_init(Row *row) {
  for (int k = 0; k < 2; k++) {
    row->pool[k].right = g_array_new(FALSE, FALSE, sizeof(double));
    row->pool[k].label = g_array_new(FALSE, FALSE, sizeof(size_t));
  }
}

static void row_clear(Row *row) {
  for (int k = 0; k < 2; k++) {
    g_array_unref(row->pool[k].right);
    g_array_unref(row->pool[k].label);
  }
}

static const double *rights_of(const Pool *p) { return (const double *)(const void *)p->right->data; }
static const size_t *labels_of(const Pool *p) { return (const size_t *)(const void *)p->label->data; }

static TrainOptions options_of(Kind kind, WoodSort sort, const Stand *s, unsigned seed) {
  static const TrainKind kinds[KINDS] = {TRAIN_AUTO,      TRAIN_KERNEL, TRAIN_AUTO,
                                         TRAIN_MULTIVIEW, TRAIN_PROBEX, TRAIN_PROBEX};
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = woods[sort].task, o.kind = kinds[kind], o.seed = seed, o.baselines = false, o.label_key = s->labels;
  if (kind >= KIND_LAYER) o.layer = s->layer;
  if (kind == KIND_PUBLISHED) {
    preset_apply("published", &o, NULL);
    o.kind = TRAIN_PROBEX, o.epochs = MIN(o.epochs, (unsigned)MOST_EPOCHS);
  }
  return o;
}

static void row_take(Row *row, const Cell *c, unsigned seed) {
  for (int k = 0; k < 2; k++) {
    const Judged *j = &c->judged[k];
    Pool *p = &row->pool[k];
    for (size_t i = 0; i < j->n; i++) {
      size_t label = (size_t)seed * LABELS_OF_A_SEED + j->label[i];
      g_array_append_val(p->right, j->right[i]);
      g_array_append_val(p->label, label);
    }
    p->chance += (double)j->n * c->score[k].chance;
  }
  row->processor += c->seconds;
  row->seeds++;
}

static double mean_of(const double *x, guint n) {
  double sum = 0;
  for (guint i = 0; i < n; i++) sum += x[i];
  return sum / n;
}

static void print_share(const Pool *p) {
  double low, high;
  guint n = p->right->len;
  if (!n) {
    printf(" | | | |");
    return;
  }
  interval_of_share(rights_of(p), labels_of(p), n, &low, &high);
  printf(" %.1f | %.1f – %.1f | %.1f | %u |", 100 * mean_of(rights_of(p), n), 100 * low, 100 * high,
         100 * p->chance / n, n);
}

/* What one way is righter by than another. False when they did not judge the same models. */
static bool gain_of(const Pool *first, const Pool *other, double gain[3]) {
  guint n = first->right->len;
  if (!n || n != other->right->len || memcmp(first->label->data, other->label->data, n * sizeof(size_t)) != 0)
    return false;
  g_autofree double *each = g_new(double, n);
  for (guint i = 0; i < n; i++) each[i] = rights_of(first)[i] - rights_of(other)[i];
  gain[0] = mean_of(each, n);
  interval_of_mean(each, labels_of(first), n, &gain[1], &gain[2]);
  return true;
}

static void print_gain(const Row *first, const Row *row, int k) {
  double g[3];
  if (first == row || !gain_of(&first->pool[k], &row->pool[k], g)) printf(" | |");
  else printf(" %+.1f | %+.1f – %+.1f |", 100 * g[0], 100 * g[1], 100 * g[2]);
}

/* What is to be seen in the table, in words. */
static void print_verdict(WoodSort sort, const Row rows[KINDS]) {
  double g[3];
  guint worse = 0;
  const Row *published = &rows[KIND_PUBLISHED], *layer = &rows[KIND_LAYER];
  if (published->seeds && gain_of(&layer->pool[0], &published->pool[0], g))
    printf("\nOn that one layer the default less ProbeX as published: %+.1f points, %+.1f – %+.1f.\n", 100 * g[0],
           100 * g[1], 100 * g[2]);
  for (int kind = 1; kind < KINDS; kind++)
    for (int k = 0; k < 2; k++) {
      if (!rows[kind].seeds || !gain_of(&rows[KIND_AUTO].pool[k], &rows[kind].pool[k], g) || g[2] >= 0) continue;
      printf("\n%s is proven to be better than the default, %s: its interval is below 0.\n", kind_names[kind],
             k ? "unseen" : "seen");
      worse++;
    }
  if (!worse && !woods[sort].noise) puts("\nNo other way is proven to be better than the default here.");
}

static void print_table(WoodSort sort, const Row rows[KINDS], unsigned seeds) {
  printf(
      "\n## %s\n\n%s %u seed%s; one layer: %s.\n\n"
      "| expert | seen %% | 95 %% interval | chance | models | unseen %% | 95 %% interval | chance | models | default "
      "less this, seen | 95 %% interval | unseen | 95 %% interval | processor s |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
      woods[sort].title, woods[sort].about, seeds, seeds == 1 ? "" : "s", woods[sort].layer);
  for (int k = 0; k < KINDS; k++) {
    if (!rows[k].seeds) continue;
    printf("| %s |", kind_names[k]);
    for (int side = 0; side < 2; side++) print_share(&rows[k].pool[side]);
    for (int side = 0; side < 2; side++) print_gain(&rows[KIND_AUTO], &rows[k], side);
    printf(" %.0f |\n", rows[k].processor / rows[k].seeds);
  }
  print_verdict(sort, rows);
  fflush(stdout);
}

static char *cell_name(WoodSort sort, unsigned seed, Kind kind) {
  return g_strdup_printf("kinds-%s-%u-%d", woods[sort].name, seed, (int)kind);
}

static void train_one(const Stand *s, const char *root, WoodSort sort, Kind kind, unsigned seed, Row *row) {
  g_autoptr(GError) error = NULL;
  TrainOptions o = options_of(kind, sort, s, seed);
  g_autofree char *name = cell_name(sort, seed, kind);
  g_autoptr(Cell) c = cell_take(root, name, s->collection, s->models, &o, &error);
  if (c) row_take(row, c, seed);
  else fprintf(stderr, "reproduce: %s on %s: %s\n", kind_names[kind], woods[sort].name, error->message);
}

static bool one_wood(const char *root, WoodSort sort, unsigned seeds, GError **error) {
  Row rows[KINDS] = {0};
  bool ok = true;
  for (int k = 0; k < KINDS; k++) row_init(&rows[k]);
  for (unsigned seed = 0; ok && seed < seeds; seed++) {
    Stand s = {0};
    fprintf(stderr, "%s, seed %u\n", woods[sort].name, seed);
    ok = open_stand(&s, root, sort, seed, error);
    for (int k = 0; ok && k < (int)woods[sort].kinds; k++) train_one(&s, root, sort, (Kind)k, seed, &rows[k]);
    stand_clear(&s);
  }
  if (ok) print_table(sort, rows, seeds);
  for (int k = 0; k < KINDS; k++) row_clear(&rows[k]);
  return ok;
}

static void one_wood_so_far(const char *root, WoodSort sort, unsigned seeds) {
  Row rows[KINDS] = {0};
  unsigned most = 0;
  for (int k = 0; k < KINDS; k++) {
    row_init(&rows[k]);
    for (unsigned seed = 0; seed < seeds; seed++) {
      g_autofree char *name = cell_name(sort, seed, (Kind)k);
      g_autoptr(Cell) c = cell_kept(root, name);
      if (c) row_take(&rows[k], c, seed);
    }
    most = MAX(most, rows[k].seeds);
  }
  if (most) print_table(sort, rows, most);
  for (int k = 0; k < KINDS; k++) row_clear(&rows[k]);
}

void expert_tables_so_far(const char *root, unsigned seeds) {
  for (int w = 0; w < WOODS; w++) one_wood_so_far(root, (WoodSort)w, seeds);
}

bool expert_tables(const char *root, unsigned seeds, GError **error) {
  for (int w = 0; w < WOODS; w++)
    if (!one_wood(root, (WoodSort)w, seeds, error)) return false;
  return true;
}
