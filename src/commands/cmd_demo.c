/* SPDX-License-Identifier: Apache-2.0 */
/* `copse demo DIR`: the main job end to end. Plants a wood of adapters at DIR (unless it is there),
 * scans it, trains an expert, and asks it for concepts that it was never trained on. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/train_report.h"
#include "search/query.h"

enum { EXAMPLES = 3 };

/* Plants when there is no truth file, which the planter writes last. */
static int plant(char *dir, const Globals *g) {
  g_autofree char *truth = g_strconcat(dir, ".truth.json", NULL);
  if (g_file_test(truth, G_FILE_TEST_EXISTS)) return STATUS_DONE;
  if (g->read_only) {
    fprintf(stderr, "copse: nothing is planted at %s, and --read-only plants nothing\n", dir);
    return STATUS_COULD_NOT;
  }
  g_autofree char *seed = g_strdup_printf("--seed=%" G_GINT64_FORMAT, g->seed);
  g_autofree char *threads = g_strdup_printf("--threads=%d", g->threads);
  char name[] = "plant", kind[] = "--kind=scenes";
  char *words[] = {name, dir, kind, seed, threads, NULL};
  printf("$ copse plant %s --kind=scenes\n", dir);
  fflush(stdout);
  return cmd_plant(5, words);
}

static const char *concept_of(const Model *m) { return model_value(m, "concept"); }

static bool is_unseen(const Model *m) { return g_strcmp0(model_split(m), "test_holdout") == 0; }

/* EXAMPLES unseen concepts, spread over the collection. Borrowed strings; returns how many. */
static unsigned choose_examples(const GPtrArray *models, const char **examples) {
  g_autoptr(GPtrArray) unseen = g_ptr_array_new();
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    bool fresh =
        is_unseen(m) && concept_of(m) && !g_ptr_array_find_with_equal_func(unseen, concept_of(m), g_str_equal, NULL);
    if (fresh) g_ptr_array_add(unseen, (char *)concept_of(m));
  }
  unsigned n = MIN(unseen->len, EXAMPLES);
  for (unsigned k = 0; k < n; k++) examples[k] = unseen->pdata[(2 * k + 1) * unseen->len / (2 * n)];
  return n;
}

/* Asks for one concept; prints the ranks of the models that were planted with it, and the best hit. */
static bool ask(QueryIndex *index, const char *concept, GError **error) {
  g_autoptr(QueryAnswer) a = query_run(index, concept, 0, error);
  if (!a) return false;
  printf("  %-26s ranks", concept);
  for (guint i = 0; i < a->hits->len; i++) {
    const QueryHit *h = &g_array_index(a->hits, QueryHit, i);
    if (g_strcmp0(concept_of(h->model), concept) == 0) printf(" %u", i + 1);
  }
  const QueryHit *best = &g_array_index(a->hits, QueryHit, 0);
  printf(" of %u; first: %s (%s, score %.2f)\n", a->hits->len, best->model->shown,
         concept_of(best->model) ? concept_of(best->model) : "no concept", best->score);
  return true;
}

static bool ask_examples(Collection *c, const GPtrArray *models, GError **error) {
  g_autoptr(QueryIndex) index = query_index_open(c, models, NULL, error);
  if (!index) return false;
  const char *examples[EXAMPLES];
  unsigned n = choose_examples(models, examples);
  printf("three concepts that the expert never saw, asked for in words:\n");
  for (unsigned k = 0; k < n; k++)
    if (!ask(index, examples[k], error)) return false;
  return true;
}

static int demonstrate(const char *dir, const Globals *g, gint64 started) {
  GError *error = NULL;
  TrainOptions options = TRAIN_DEFAULTS;
  options.seed = (uint64_t)g->seed;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(dir, g, &models);
  if (!c) return STATUS_COULD_NOT;
  printf("$ copse scan %s\n%u models\n$ copse train %s\n", dir, models->len, dir);
  fflush(stdout);
  CommandProgress p;
  g_autoptr(TrainResult) r = expert_train(c, models, &options, command_progress_begin(&p, "Training", g), &error);
  command_progress_end(&p);
  if (!r) return command_fail(error);
  train_report_print(r);
  if (!ask_examples(c, models, &error)) return command_fail(error);
  const Expert *x = r->expert;
  printf("demo: unseen top-1 %.3f of %u concepts (chance %.4f), seen top-1 %.3f, %u models, %.0f s\n",
         x->test_holdout.top1, x->test_holdout.classes, x->test_holdout.chance, x->test.top1, models->len,
         (double)(g_get_monotonic_time() - started) / 1e6);
  return STATUS_DONE;
}

int cmd_demo(int argc, char **argv) {
  Globals g;
  int status;
  gint64 started = g_get_monotonic_time();
  if (command_parse("demo", NULL, NULL, &argc, &argv, &g, &status)) {
    status = plant(argv[1], &g);
    if (status == STATUS_DONE) status = demonstrate(argv[1], &g, started);
  }
  globals_clear(&g);
  return status;
}
