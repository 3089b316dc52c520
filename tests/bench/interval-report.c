/* SPDX-License-Identifier: Apache-2.0 */
/* `make interval-report`: do the intervals that an expert prints hold on models that it never met? Of a planted wood a
 * half, drawn anew in every trial, is the collection: its sides are drawn and the closed form trained as by default,
 * on one layer that leaves something to be wrong about. What it prints of its test models is held against the other
 * half. A noise wood's labels are drawn anew in every trial, and what is printed is held against chance.
 *
 *   interval-report ROOT TRIALS */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/files.h"
#include "experts/measure/evaluation_bench.h"
#include "experts/train/train.h"
#include "numerics/linalg.h"
#include "planter/plant.h"
#include "tests/bench/processor_time.h"

typedef struct {
  const char *name, *title, *layer;
  PlantOptions plant;
  ExpertTask task;
  bool noise; /* labels are dealt out anew */
} Sort;

static const Sort sorts[] = {
    {"classes",
     "classes, their heads",
     "classifier",
     {.kind = PLANT_CLASSES, .fine_tunes = 300, .seed = 900},
     EXPERT_CLASSIFY,
     false},
    {"hard", "hard wood, a weak layer", "1.attn2.to_v", {.kind = PLANT_HARD, .concepts = 60, .seed = 901}, 0, false},
    {"noise", "hard wood, labels by lot", "0.attn2.to_q", {.kind = PLANT_HARD, .concepts = 60, .seed = 901}, 0, true},
};

/* How often a kind of figure held, and how far off it was. */
typedef struct {
  unsigned trials, held, above; /* above: the interval lay above what it was held against */
  double printed, fresh;
} Tally;

typedef struct {
  const Sort *sort;
  Collection *collection;
  GPtrArray *models;
  char *layer;
  Tally seen, unseen;
} Stand;

/* --- a wood ------------------------------------------------------------------------------------------------- */

/* Sides that the planter gave go by another name: they are to be drawn. */
static void hide_sides(GPtrArray *models) {
  for (guint i = 0; i < models->len; i++) {
    GPtrArray *facts = ((Model *)models->pdata[i])->facts;
    for (guint f = facts->len; f > 0; f--)
      if (strcmp(((const Fact *)facts->pdata[f - 1])->key, "split") == 0) g_ptr_array_remove_index(facts, f - 1);
  }
}

static bool open_stand(Stand *s, const char *root, GError **error) {
  const char *kind = s->sort->noise ? "hard" : s->sort->name;
  g_autofree char *folder = g_build_filename(root, kind, NULL);
  g_autofree char *truth = g_strconcat(folder, ".truth.json", NULL), *state = g_strconcat(folder, ".state", NULL);
  PlantOptions o = s->sort->plant;
  PlantSummary summary = {0};
  o.truth = truth;
  bool ok = g_file_test(truth, G_FILE_TEST_EXISTS) || plant(folder, &o, NULL, &summary, error);
  g_free(summary.truth);
  CollectionOptions c = {.state = state};
  s->collection = ok ? collection_open(folder, &c, error) : NULL;
  if (!s->collection || !collection_scan(s->collection, NULL, NULL, error)) return false;
  s->models = collection_models(s->collection, error);
  if (s->models) hide_sides(s->models);
  return s->models != NULL;
}

/* --- one trial ----------------------------------------------------------------------------------------------- */

/* About half of the models, of every label some. */
static GPtrArray *draw_half(const Stand *s, uint64_t seed) {
  GPtrArray *half = g_ptr_array_new();
  Rng rng;
  rng_init(&rng, seed, 0x1A7);
  for (guint i = 0; i < s->models->len; i++)
    if (rng_below(&rng, 2)) g_ptr_array_add(half, s->models->pdata[i]);
  return half;
}

/* Labels by lot, as a table of paths; the caller frees "@FILE". */
static char *deal_labels(const Stand *s, const char *root, uint64_t seed) {
  static const char *const words[] = {"fox",  "castle", "violin", "storm",  "bread",
                                      "ship", "lamp",   "desert", "helmet", "orchid"};
  g_autoptr(GString) table = g_string_new("path,label\n");
  g_autofree char *file = g_build_filename(root, "labels.csv", NULL);
  Rng rng;
  rng_init(&rng, seed, 0x1A8);
  for (guint i = 0; i < s->models->len; i++)
    g_string_append_printf(table, "\"%s\",%s\n", ((const Model *)s->models->pdata[i])->path,
                           words[rng_below(&rng, G_N_ELEMENTS(words))]);
  return g_file_set_contents(file, table->str, (gssize)table->len, NULL) ? g_strconcat("@", file, NULL) : NULL;
}

static bool is_trained(const Expert *x, const char *label) {
  for (guint i = 0; i < x->labels->len; i++)
    if (strcmp(x->labels->pdata[i], label) == 0) return true;
  return false;
}

/* The expert's sides, with all models that it never met as test models: of labels never trained on among those. */
static bool judge_fresh(Stand *s, Expert *x, const TrainOptions *o, Score *seen, Score *unseen, GError **error) {
  g_autoptr(TextEncoder) encoder = o->task == EXPERT_ALIGN ? train_open_encoder(o, error) : NULL;
  g_autoptr(Task) t = train_task(s->collection, s->models, o, encoder, NULL, error);
  if (!t) return false;
  g_autofree SplitKey *key = g_memdup2(t->content, t->models->len * sizeof *key);
  g_autofree TaskSplit *part = g_new(TaskSplit, t->models->len + 1);
  g_autoptr(GHashTable) met = g_hash_table_new(split_key_hash, split_key_equal);
  for (size_t i = 0; i < x->split->n; i++) g_hash_table_add(met, &x->split->key[i]);
  size_t n = 0; /* models at hand with a label never trained on are on no side: else it would count as trained on */
  for (guint i = 0; i < t->models->len; i++) {
    bool fresh = !g_hash_table_contains(met, &key[i]);
    bool trained = t->has || is_trained(x, t->labels->pdata[t->target[i]]);
    if (!fresh && !trained) continue;
    part[n] = !fresh ? SPLIT_TRAIN : trained ? SPLIT_TEST : SPLIT_HOLDOUT;
    key[n++] = key[i];
  }
  split_record_free(x->split);
  x->split = split_record_new(key, part, n);
  g_autoptr(EvaluationBench) fresh = evaluation_bench_new(s->collection, s->models, x, false, NULL, error);
  if (!fresh) return false;
  EvaluationPanel a = evaluation_panel(fresh, SPLIT_TEST), b = evaluation_panel(fresh, SPLIT_HOLDOUT);
  *seen = evaluation_panel_score(&a, s->sort->task == EXPERT_CLASSIFY);
  *unseen = s->sort->task == EXPERT_CLASSIFY ? score_none() : evaluation_panel_score(&b, false);
  evaluation_panel_clear(&a);
  evaluation_panel_clear(&b);
  return true;
}

static void tally(Tally *t, const Score *printed, double wanted) {
  if (!printed->n || isnan(wanted)) return;
  t->trials++;
  t->held += printed->low <= wanted && wanted <= printed->high;
  t->above += printed->low > wanted;
  t->printed += score_headline(printed);
  t->fresh += wanted;
}

static bool run_trial(Stand *s, const char *root, uint64_t seed, GError **error) {
  g_autoptr(GPtrArray) half = draw_half(s, seed);
  g_autofree char *labels = s->sort->noise ? deal_labels(s, root, seed) : NULL;
  g_autofree char *out = g_build_filename(root, "trial.safetensors", NULL);
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = s->sort->task, o.kind = TRAIN_KERNEL, o.seed = seed, o.layer = s->layer, o.baselines = false;
  o.label_key = labels, o.out = out;
  g_autoptr(TrainResult) r = expert_train(s->collection, half, &o, NULL, error);
  if (!r) return false;
  const Score test = r->expert->test, holdout = r->expert->test_holdout;
  if (s->sort->noise) {
    tally(&s->seen, &test, test.chance);
    tally(&s->unseen, &holdout, holdout.chance);
    return true;
  }
  Score seen, unseen;
  if (!judge_fresh(s, r->expert, &o, &seen, &unseen, error)) return false;
  tally(&s->seen, &test, score_headline(&seen));
  tally(&s->unseen, &holdout, unseen.n ? score_headline(&unseen) : NAN);
  return true;
}

static void print_tally(const char *title, const char *of, const Tally *t) {
  double n = t->trials;
  if (!t->trials) return;
  printf("| %s | %s | %.1f | %.1f | %u of %u | %.1f | %u |\n", title, of, 100 * t->printed / n, 100 * t->fresh / n,
         t->held, t->trials, 100 * t->held / n, t->above);
}

/* The first layer whose name ends so. */
static char *find_layer(const Stand *s) {
  const Model *any = s->models->pdata[s->models->len - 1];
  g_autoptr(WeightFile) file = collection_open_weights(s->collection, any, NULL);
  g_autoptr(GArray) layers = file ? layer_list(file, NULL) : NULL;
  for (guint i = 0; layers && i < layers->len; i++) {
    const char *name = g_array_index(layers, LayerInfo, i).name;
    if (strstr(name, s->sort->layer)) return g_strdup(name);
  }
  return NULL;
}

static bool run_sort(const Sort *sort, const char *root, unsigned trials, GError **error) {
  Stand s = {.sort = sort};
  bool ok = open_stand(&s, root, error);
  s.layer = ok ? find_layer(&s) : NULL;
  for (unsigned i = 0; ok && i < trials; i++) {
    ok = run_trial(&s, root, 5000 + i, error);
    fprintf(stderr, "%s %u: %.0f s\n", sort->name, i + 1, processor_seconds());
  }
  print_tally(sort->title, sort->task == EXPERT_CLASSIFY ? "accuracy" : "labels trained on", &s.seen);
  print_tally(sort->title, "labels never trained on", &s.unseen);
  fflush(stdout);
  g_free(s.layer);
  if (s.models) g_ptr_array_unref(s.models);
  collection_free(s.collection);
  return ok;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *root = argc > 1 ? argv[1] : "interval-data";
  unsigned trials = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 40;
  linalg_set_threads(1);
  puts(
      "| wood | figure | printed % | fresh models, or chance, % | held | % | interval above it |\n"
      "|---|---|---|---|---|---|---|");
  bool ok = dir_make(root, &error);
  for (size_t i = 0; ok && i < G_N_ELEMENTS(sorts); i++) ok = run_sort(&sorts[i], root, trials, &error);
  if (!ok) fprintf(stderr, "interval-report: %s\n", error->message);
  return ok ? 0 : 1;
}
