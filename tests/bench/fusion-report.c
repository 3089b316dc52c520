/* SPDX-License-Identifier: Apache-2.0 */
/* `make search-report`: do the odds of several experts (search/fusion.h) rank better than what one would
 * do without them? Two planted trees of one architecture, an expert for each, questions of concepts that
 * neither was trained on. */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experts/train/train.h"
#include "search/query.h"
#include "tests/bench/scenes.h"

enum { SEEDS = 3 };

/* Ways to make one list of two. */
typedef enum { BY_COSINE, BY_TURNS, BY_ODDS, WAYS } Way;
static const char *const way_names[WAYS] = {"cosines as they are", "the experts' ranks in turns",
                                            "odds (what copse does)"};

/* One hit as each way sees it: larger is better. */
typedef struct {
  double key[WAYS];
  bool fits;
} Hit;

/* What came out: precision at the number of models that fit, and average precision, a question each. */
typedef struct {
  GArray *precision[WAYS], *average[WAYS]; /* of double */
} Result;

/* How the second tree's expert differs from the first's. */
typedef struct {
  const char *name;
  unsigned epochs; /* of the second */
  double share;    /* of the second's training models that it sees */
} Setting;

static const Setting settings[] = {{"Both experts well trained", 30, 1},
                                   {"The second expert trained for 8 epochs on a quarter", 8, 0.25}};

/* --- two trees -------------------------------------------------------------------------------------- */

typedef struct {
  Collection *collection;
  GPtrArray *models;
} Woods;

/* Which tree a model is of is known here: its folder says it. */
static bool woods_open(Woods *w, const char *folder, const char *setting, uint64_t seed, GError **error) {
  g_autofree char *root = g_build_filename(folder, "woods", NULL);
  g_autofree char *state = g_strdup_printf("%s/%s.state", folder, setting);
  if (!scenes_grow(folder, "a", seed, error) || !scenes_grow(folder, "b", seed + 1000, error)) return false;
  const CollectionOptions o = {.state = state};
  w->collection = collection_open(root, &o, error);
  if (!w->collection || !collection_scan(w->collection, NULL, NULL, error)) return false;
  w->models = collection_models(w->collection, error);
  for (guint i = 0; w->models && i < w->models->len; i++) {
    Model *m = w->models->pdata[i];
    m->tree = g_str_has_prefix(m->path, "b/");
  }
  return w->models != NULL;
}

static void woods_close(Woods *w) {
  if (w->models) g_ptr_array_unref(w->models);
  collection_free(w->collection);
}

/* All models but a share of those that the second tree would train on. Borrowed. */
static GPtrArray *thinned(const GPtrArray *models, double share, uint64_t seed) {
  GPtrArray *kept = g_ptr_array_new();
  Rng rng;
  rng_init(&rng, seed, 0x7ee);
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    bool thin = m->tree == 1 && g_strcmp0(model_split(m), "train") == 0;
    if (!thin || (double)rng_uniform(&rng) < share) g_ptr_array_add(kept, models->pdata[i]);
  }
  return kept;
}

static bool train(const Woods *w, int tree, const Setting *setting, uint64_t seed, GError **error) {
  TrainOptions o = TRAIN_DEFAULTS;
  o.layer = "mid_block.0";
  o.tree = tree;
  o.seed = seed;
  o.baselines = false;
  if (tree == 1) o.epochs = setting->epochs;
  g_autoptr(GPtrArray) seen = thinned(w->models, tree == 1 ? setting->share : 1, seed);
  g_autoptr(TrainResult) r = expert_train(w->collection, seen, &o, NULL, error);
  if (r) fprintf(stderr, "%s, tree %d: unseen top-1 %.3f\n", setting->name, tree, r->expert->test_holdout.top1);
  return r != NULL;
}

/* --- questions -------------------------------------------------------------------------------------- */

static int best_first(const void *a, const void *b, void *way) {
  double x = ((const Hit *)a)->key[GPOINTER_TO_INT(way)];
  double y = ((const Hit *)b)->key[GPOINTER_TO_INT(way)];
  return (x < y) - (x > y);
}

/* Precision at the number that fit, and average precision, of one order. */
static void measure(Hit *hits, guint n, Way way, Result *result) {
  unsigned fitting = 0, found = 0, early = 0;
  double average = 0;
  g_qsort_with_data(hits, (int)n, sizeof *hits, best_first, GINT_TO_POINTER((int)way));
  for (guint i = 0; i < n; i++) fitting += hits[i].fits;
  for (guint i = 0; i < n; i++) {
    if (!hits[i].fits) continue;
    found++;
    early += i < fitting;
    average += (double)found / (i + 1) / fitting;
  }
  double precision = (double)early / fitting;
  g_array_append_val(result->precision[way], precision);
  g_array_append_val(result->average[way], average);
}

/* Hits come by their odds; within one expert this is the order of its cosines. */
static bool ask(QueryIndex *index, const char *concept, Result *result, GError **error) {
  g_autoptr(QueryAnswer) answer = query_run(index, concept, 0, error);
  if (!answer) return false;
  g_autofree Hit *hits = g_new0(Hit, answer->hits->len + 1);
  guint n = 0, rank[2] = {0, 0};
  for (guint i = 0; i < answer->hits->len; i++) {
    const QueryHit *h = &g_array_index(answer->hits, QueryHit, i);
    if (!h->expert) continue;
    unsigned turn = 2 * rank[h->model->tree]++ + (unsigned)h->model->tree;
    hits[n++] = (Hit){{h->score, -(double)turn, h->match}, g_strcmp0(model_value(h->model, "concept"), concept) == 0};
  }
  for (Way way = 0; way < WAYS; way++) measure(hits, n, way, result);
  return true;
}

static bool ask_all(const Woods *w, Result *result, GError **error) {
  g_autoptr(QueryIndex) index = query_index_open(w->collection, w->models, NULL, error);
  g_autoptr(GHashTable) concepts = index ? scenes_held_out(w->models) : NULL;
  GHashTableIter i;
  gpointer concept;
  if (!concepts) return false;
  for (g_hash_table_iter_init(&i, concepts); g_hash_table_iter_next(&i, &concept, NULL);)
    if (!ask(index, concept, result, error)) return false;
  return true;
}

/* --- the table -------------------------------------------------------------------------------------- */

static void print_table(const Setting *setting, const Result *r) {
  printf(
      "\n### %s\n\n| order of both trees' models | precision %% | 95 %% interval | average "
      "precision %% | 95 %% interval | questions |\n|---|---|---|---|---|---|\n",
      setting->name);
  for (Way way = 0; way < WAYS; way++) {
    printf("| %s |", way_names[way]);
    scenes_print_mean(r->precision[way]);
    scenes_print_mean(r->average[way]);
    printf(" %u |\n", r->precision[way]->len);
  }
}

static bool report(const char *folder, const Setting *setting, GError **error) {
  Result r;
  for (Way way = 0; way < WAYS; way++) {
    r.precision[way] = g_array_new(FALSE, FALSE, sizeof(double));
    r.average[way] = g_array_new(FALSE, FALSE, sizeof(double));
  }
  bool ok = true;
  for (uint64_t seed = 0; ok && seed < SEEDS; seed++) {
    g_autofree char *inner = g_strdup_printf("%s/%u", folder, (unsigned)seed);
    g_autofree char *state = g_strdup_printf("%u-%g", setting->epochs, setting->share);
    Woods w = {0};
    ok = woods_open(&w, inner, state, seed, error) && train(&w, 0, setting, seed, error) &&
         train(&w, 1, setting, seed, error) && ask_all(&w, &r, error);
    woods_close(&w);
  }
  if (ok) print_table(setting, &r);
  for (Way way = 0; way < WAYS; way++) {
    g_array_unref(r.precision[way]);
    g_array_unref(r.average[way]);
  }
  return ok;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  const char *folder = argc > 1 ? argv[1] : "search-data";
  printf(
      "\n## Several experts\n\nTwo planted trees of one architecture, an expert for each. Asked are "
      "concepts that neither was trained on; right are the models of both trees that draw just that. "
      "Precision among the first n answers, n being how many are right. %d seeds; intervals over "
      "the questions.\n",
      SEEDS);
  for (size_t i = 0; i < G_N_ELEMENTS(settings); i++)
    if (!report(folder, &settings[i], &error)) {
      fprintf(stderr, "fusion-report: %s\n", error->message);
      return 1;
    }
  return 0;
}
