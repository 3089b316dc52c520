/* SPDX-License-Identifier: Apache-2.0 */
/* `make interval-report`: do the intervals that an expert prints hold on models that it never met? Of a planted wood a
 * part, drawn anew in every trial, is the collection: half of the models, or three of the five of half of the concepts.
 * Its sides are drawn and the closed form trained as by default, on one layer that leaves something to be wrong about.
 * What it prints of its test models is held against the rest of the wood: other models of the same concepts, and for
 * labels never trained on the concepts that the collection has none of, each among as many labels, drawn in all ways, as
 * were printed for. Labels by lot are dealt anew in every trial, and what is printed is held against chance.
 *
 *   interval-report ROOT TRIALS [OTHER]    OTHER: a number, for other woods, in a ROOT of their own */
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
     {.kind = PLANT_CLASSES, .fine_tunes = 300, .seed = 910},
     EXPERT_CLASSIFY,
     false},
    {"hard", "hard wood, a weak layer", "1.attn2.to_v", {.kind = PLANT_HARD, .concepts = 120, .seed = 911}, 0, false},
    {"noise", "hard wood, labels by lot", "0.attn2.to_q", {.kind = PLANT_HARD, .concepts = 120, .seed = 911}, 0, true},
};

/* How often a kind of figure held, and how far off it was. */
typedef struct {
  unsigned trials, held, above; /* above: the interval lay above what it was held against */
  double printed, fresh, width;
} Tally;

typedef struct {
  const Sort *sort;
  Collection *collection;
  GPtrArray *models;
  Task *task; /* of the whole wood: who has which label */
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
  if (!s->models) return false;
  hide_sides(s->models);
  TrainOptions wanted = TRAIN_DEFAULTS;
  wanted.task = s->sort->task;
  g_autoptr(TextEncoder) encoder = wanted.task == EXPERT_ALIGN ? train_open_encoder(&wanted, error) : NULL;
  if (wanted.task == EXPERT_ALIGN && !encoder) return false;
  s->task = train_task(s->collection, s->models, &wanted, encoder, NULL, error);
  return s->task != NULL;
}

/* --- one trial ----------------------------------------------------------------------------------------------- */

/* The task's models in an order drawn by lot. The caller frees it. */
static size_t *drawn_order(size_t n, Rng *rng) {
  size_t *order = g_new(size_t, n + 1);
  for (size_t i = 0; i < n; i++) order[i] = i;
  rng_shuffle(rng, order, n);
  return order;
}

/* Half of the models; or of each label in `in` three. */
static GPtrArray *draw_part(const Stand *s, uint64_t seed) {
  enum { OF_A_LABEL = 3 };
  const Task *t = s->task;
  GPtrArray *part = g_ptr_array_new();
  Rng rng;
  rng_init(&rng, seed, 0x1A7);
  g_autofree size_t *models = drawn_order(t->models->len, &rng), *labels = drawn_order(t->labels->len, &rng);
  g_autofree size_t *room = g_new0(size_t, t->labels->len + 1);
  for (size_t c = 0; c < t->labels->len / 2; c++) room[labels[c]] = OF_A_LABEL;
  for (guint k = 0; k < t->models->len; k++) {
    size_t i = models[k];
    bool taken = t->has ? k < t->models->len / 2 : room[t->target[i]] > 0;
    if (taken && !t->has) room[t->target[i]]--;
    if (taken) g_ptr_array_add(part, t->models->pdata[i]);
  }
  return part;
}

/* The labels of these models dealt out among them, as a table of paths; the caller frees "@FILE". */
static char *deal_labels(const Stand *s, const GPtrArray *part, const char *root, uint64_t seed) {
  const Task *t = s->task;
  g_autoptr(GString) table = g_string_new("path,label\n");
  g_autofree char *file = g_build_filename(root, "labels.csv", NULL);
  g_autofree size_t *label = g_new(size_t, part->len + 1);
  Rng rng;
  rng_init(&rng, seed, 0x1A8);
  for (guint i = 0; i < part->len; i++) {
    guint at = 0;
    if (g_ptr_array_find(t->models, part->pdata[i], &at)) label[i] = t->target[at];
  }
  rng_shuffle(&rng, label, part->len);
  for (guint i = 0; i < part->len; i++)
    g_string_append_printf(table, "\"%s\",%s\n", ((const Model *)part->pdata[i])->path,
                           (const char *)t->labels->pdata[label[i]]);
  return g_file_set_contents(file, table->str, (gssize)table->len, NULL) ? g_strconcat("@", file, NULL) : NULL;
}

static bool holds(const GPtrArray *labels, const char *label) {
  for (guint i = 0; i < labels->len; i++)
    if (strcmp(labels->pdata[i], label) == 0) return true;
  return false;
}

/* The sides by which the expert is judged anew: what it met trains, what it did not tests; models of labels that were at
 * hand and not trained on are on no side. */
static SplitRecord *fresh_sides(const Stand *s, const Expert *x, const GPtrArray *part) {
  const Task *t = s->task;
  g_autofree SplitKey *key = g_new(SplitKey, t->models->len + 1);
  g_autofree TaskSplit *side = g_new(TaskSplit, t->models->len + 1);
  g_autofree bool *at_hand = g_new0(bool, t->labels->len + 1);
  size_t n = 0;
  for (guint i = 0; i < t->models->len && !t->has; i++)
    at_hand[t->target[i]] |= g_ptr_array_find((GPtrArray *)part, t->models->pdata[i], NULL);
  for (guint i = 0; i < t->models->len; i++) {
    bool met = g_ptr_array_find((GPtrArray *)part, t->models->pdata[i], NULL);
    bool trained = t->has || holds(x->labels, t->labels->pdata[t->target[i]]);
    if (!trained && at_hand[t->target[i]]) continue;
    side[n] = met ? SPLIT_TRAIN : trained ? SPLIT_TEST : SPLIT_HOLDOUT;
    key[n++] = t->content[i];
  }
  return split_record_new(key, side, n);
}

/* How often the right label would be first among `k` of the panel's, itself and others in all ways. */
static double right_among(const EvaluationPanel *p, size_t k) {
  double sum = 0;
  for (size_t i = 0; i < p->n; i++) {
    size_t above = score_rank(p->logits + i * p->classes, p->classes, p->target[i]);
    double first = 1;
    for (size_t j = 0; j + 1 < k && j + 1 < p->classes; j++)
      first *= fmax(0, (double)(p->classes - 1 - j) - (double)above) / (double)(p->classes - 1 - j);
    sum += first;
  }
  return p->n ? sum / (double)p->n : NAN;
}

static bool judge_fresh(Stand *s, Expert *x, const GPtrArray *part, double *seen, double *unseen, GError **error) {
  bool classes = s->sort->task == EXPERT_CLASSIFY;
  split_record_free(x->split);
  x->split = fresh_sides(s, x, part);
  g_autoptr(EvaluationBench) fresh = evaluation_bench_new(s->collection, s->models, x, false, NULL, error);
  if (!fresh) return false;
  EvaluationPanel a = evaluation_panel(fresh, SPLIT_TEST), b = evaluation_panel(fresh, SPLIT_HOLDOUT);
  Score all = evaluation_panel_score(&a, classes);
  *seen = score_headline(&all);
  *unseen = classes ? NAN : right_among(&b, x->test_holdout.classes);
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
  t->width += printed->high - printed->low;
  t->fresh += wanted;
}

static bool run_trial(Stand *s, const char *root, uint64_t seed, GError **error) {
  g_autoptr(GPtrArray) part = draw_part(s, seed);
  g_autofree char *labels = s->sort->noise ? deal_labels(s, part, root, seed) : NULL;
  g_autofree char *out = g_build_filename(root, "trial.safetensors", NULL);
  TrainOptions o = TRAIN_DEFAULTS;
  o.task = s->sort->task, o.kind = TRAIN_KERNEL, o.seed = seed, o.layer = s->layer, o.baselines = false;
  o.label_key = labels, o.out = out;
  g_autoptr(TrainResult) r = expert_train(s->collection, part, &o, NULL, error);
  if (!r) return false;
  const Score test = r->expert->test, holdout = r->expert->test_holdout;
  double seen = test.chance, unseen = holdout.chance;
  if (!s->sort->noise && !judge_fresh(s, r->expert, part, &seen, &unseen, error)) return false;
  tally(&s->seen, &test, seen);
  tally(&s->unseen, &holdout, unseen);
  return true;
}

static void print_tally(const char *title, const char *of, const Tally *t) {
  double n = t->trials;
  if (!t->trials) return;
  printf("| %s | %s | %.1f | %.1f | %.1f | %u of %u | %.1f | %u |\n", title, of, 100 * t->printed / n,
         100 * t->width / n, 100 * t->fresh / n, t->held, t->trials, 100 * t->held / n, t->above);
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
    ok = run_trial(&s, root, 7000 + i, error);
    fprintf(stderr, "%s %u: %.0f s\n", sort->name, i + 1, processor_seconds());
  }
  print_tally(sort->title, sort->task == EXPERT_CLASSIFY ? "accuracy" : "labels trained on", &s.seen);
  print_tally(sort->title, "labels never trained on", &s.unseen);
  fflush(stdout);
  g_free(s.layer);
  task_free(s.task);
  if (s.models) g_ptr_array_unref(s.models);
  collection_free(s.collection);
  return ok;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *root = argc > 1 ? argv[1] : "interval-data";
  unsigned trials = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 40;
  unsigned other = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
  linalg_set_threads(1);
  puts(
      "| wood | figure | printed % | interval's width | fresh models, or chance, % | held | % | interval above it |\n"
      "|---|---|---|---|---|---|---|---|");
  bool ok = dir_make(root, &error);
  for (size_t i = 0; ok && i < G_N_ELEMENTS(sorts); i++) {
    Sort sort = sorts[i];
    sort.plant.seed += other;
    ok = run_sort(&sort, root, trials, &error);
  }
  if (!ok) fprintf(stderr, "interval-report: %s\n", error->message);
  return ok ? 0 : 1;
}
