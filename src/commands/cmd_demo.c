/* SPDX-License-Identifier: Apache-2.0 */
/* `copse demo DIR`: the main job end to end. Plants a small hard wood at DIR (unless it is there), scans it, trains an
 * expert (unless that was done), says what is hard, and asks it for concepts that it was never trained on. */
#include <stdio.h>
#include <string.h>
#include <termios.h>
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
  char name[] = "plant", kind[] = "--kind=hard", concepts[] = "--concepts=80";
  char *words[] = {name, dir, kind, concepts, seed, threads, NULL};
  printf("$ copse plant %s --kind=hard --concepts=80\n", dir);
  fflush(stdout);
  return cmd_plant(6, words);
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

/* The expert of an earlier run: the folder is the demo's own. */
static Expert *trained_before(Collection *c, const char *dir) {
  Expert *x = expert_find(c, NULL, NULL);
  if (x) printf("trained before: %s (`copse train %s` trains anew)\n", x->name, dir);
  return x;
}

static Expert *train(Collection *c, const GPtrArray *models, const char *dir, const Globals *g, GError **error) {
  TrainOptions options = TRAIN_DEFAULTS;
  options.kind = TRAIN_AUTO;
  options.seed = (uint64_t)g->seed;
  printf("$ copse train %s\n", dir);
  fflush(stdout);
  CommandProgress p;
  g_autoptr(TrainResult) r = expert_train(c, models, &options, command_progress_begin(&p, "Training", g), error);
  command_progress_end(&p);
  if (!r) return NULL;
  train_report_print(r);
  return g_steal_pointer(&r->expert);
}

static void say_share(const char *what, const Score *s) {
  printf("  %s: %.0f of 100 are taken for another of %u (95 %% interval %.0f to %.0f; guessing: %.0f)\n", what,
         100 * (1 - s->top1), s->classes, 100 * (1 - s->high), 100 * (1 - s->low), 100 * (1 - s->chance));
}

/* Not everything is right, and why. */
static void say_what_is_hard(const Expert *x) {
  printf(
      "what is hard: there are few adapters of each concept; each began at its own random numbers, and each maker\n"
      "words his prompts and tints his pictures in his own way, so that two adapters of one concept are far from "
      "equal.\n");
  say_share("adapters of concepts that it was trained on", &x->test);
  say_share("adapters of concepts that it never saw", &x->test_holdout);
}

static int demonstrate(const char *dir, const Globals *g, gint64 started) {
  GError *error = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(dir, g, &models);
  if (!c) return STATUS_COULD_NOT;
  printf("$ copse scan %s\n%u models\n", dir, models->len);
  g_autoptr(Expert) x = trained_before(c, dir);
  if (!x && !(x = train(c, models, dir, g, &error))) return command_fail(error);
  say_what_is_hard(x);
  if (!ask_examples(c, models, &error)) return command_fail(error);
  printf("demo: unseen top-1 %.3f of %u concepts (chance %.4f), seen top-1 %.3f, %u models, %.0f s\n",
         x->test_holdout.top1, x->test_holdout.classes, x->test_holdout.chance, x->test.top1, models->len,
         (double)(g_get_monotonic_time() - started) / 1e6);
  return STATUS_DONE;
}

/* In a terminal what was said stays until a key is pressed: what follows may fill the screen. */
static void wait_for_key(void) {
  struct termios was, now;
  char key;
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &was) != 0) return;
  printf("press a key to go on\n");
  fflush(stdout);
  now = was;
  now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
  now.c_cc[VMIN] = 1;
  now.c_cc[VTIME] = 0;
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
  if (read(STDIN_FILENO, &key, 1) < 0) key = 0;
  tcsetattr(STDIN_FILENO, TCSANOW, &was);
}

int cmd_demo(int argc, char **argv) {
  Globals g;
  int status;
  gint64 started = g_get_monotonic_time();
  if (command_parse("demo", NULL, NULL, &argc, &argv, &g, &status)) {
    status = plant(argv[1], &g);
    if (status == STATUS_DONE) status = demonstrate(argv[1], &g, started);
    if (status == STATUS_DONE) wait_for_key();
  }
  globals_clear(&g);
  return status;
}
