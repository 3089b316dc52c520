/* SPDX-License-Identifier: Apache-2.0 */
/* `copse sweep DIR`: an expert for each layer, ranked by validation, and the best few together. */
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "commands/score_json.h"
#include "commands/train_options.h"
#include "core/error.h"
#include "core/json.h"
#include "experts/measure/ensemble.h"
#include "experts/train/sweep.h"
#include "session/apart.h"

typedef struct {
  char *pattern;
  int ensemble;
} SweepWords;

static cJSON *row_json(const Expert *x) {
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "layer", x->layer);
  json_add_string(o, "expert", x->name);
  cJSON_AddItemToObject(o, "val", score_json(&x->val));
  cJSON_AddItemToObject(o, "test", score_json(&x->test));
  cJSON_AddItemToObject(o, "test_holdout", score_json(&x->test_holdout));
  json_add_number(o, "seconds", x->seconds);
  return o;
}

static void print_json(const GPtrArray *experts, const Ensemble *e, unsigned k) {
  cJSON *o = cJSON_CreateObject();
  cJSON *layers = cJSON_AddArrayToObject(o, "layers");
  for (guint i = 0; i < experts->len; i++) cJSON_AddItemToArray(layers, row_json(experts->pdata[i]));
  if (e) {
    cJSON *together = cJSON_AddObjectToObject(o, "ensemble");
    cJSON_AddNumberToObject(together, "experts", k);
    cJSON_AddItemToObject(together, "val", score_json(&e->val));
    cJSON_AddItemToObject(together, "test", score_json(&e->test));
    cJSON_AddItemToObject(together, "test_holdout", score_json(&e->test_holdout));
  }
  json_print(o);
}

static void print_score(const Score *s) {
  if (s->n) printf("  %5.1f", 100 * score_merit(s));
  else printf("  %5s", "-");
}

/* A bar of 20 for 0 .. 1. */
static void print_bar(double share) {
  int full = isfinite(share) ? (int)(20 * share + 0.5) : 0;
  for (int i = 0; i < 20; i++) putchar(i < full ? '#' : '.');
}

static void print_row(const char *name, const Score *val, const Score *test, const Score *unseen) {
  printf("%-40s", name);
  print_score(val);
  print_score(test);
  print_score(unseen);
  fputs("  ", stdout);
  double floor = fmax(val->control, isfinite(val->top1) ? val->chance : 0); /* bars begin where skill does */
  print_bar(isfinite(floor) && floor < 1 ? fmax(0, (score_merit(val) - floor) / (1 - floor)) : score_merit(val));
  putchar('\n');
}

/* What lack of skill reaches. */
static void print_floor(const Expert *x) {
  bool classes = x->task == EXPERT_CLASSIFY;
  const Score *scores[] = {&x->val, &x->test, &x->test_holdout};
  if (!x->val.n) return;
  printf("%-40s", classes ? "average precision without skill" : "the commonest label, or chance");
  for (int i = 0; i < 3; i++) {
    const Score *s = scores[i];
    if (s->n) printf("  %5.1f", 100 * (classes ? s->control : fmax(s->control, s->chance)));
    else printf("  %5s", "-");
  }
  putchar('\n');
}

static void print_table(const GPtrArray *experts, const Ensemble *e, unsigned k) {
  printf("%-40s  %5s  %5s  %5s\n", "layer", "val", "test", "unseen");
  if (experts->len) print_floor(experts->pdata[0]);
  for (guint i = 0; i < experts->len; i++) {
    const Expert *x = experts->pdata[i];
    print_row(x->layer, &x->val, &x->test, &x->test_holdout);
  }
  if (!e) return;
  g_autofree char *name = g_strdup_printf("the best %u together", k);
  print_row(name, &e->val, &e->test, &e->test_holdout);
}

/* A line on standard error as each layer ends. */
static void on_row(void *user, const Expert *x, bool again, unsigned done, unsigned total) {
  if (((const Globals *)user)->quiet || !isatty(STDERR_FILENO)) return;
  fprintf(stderr, "\r\033[K%u of %u  %s  %.1f %%%s\n", done, total, x->layer, 100 * score_headline(&x->val),
          again ? "  (kept)" : "");
}

static int sweep(const char *root, TrainWords *w, const SweepWords *s, const Globals *g) {
  TrainOptions options;
  GError *error = NULL;
  if (!train_words_read(w, g, &options, &error)) return command_fail(error);
  g_autoptr(GPtrArray) models = NULL, warnings = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  if (!train_words_settle_task(w, g, models, &options, &error)) return command_fail(error);
  options.baselines = false;
  options.out = NULL;
  if (!lineage_trees(c, models, options.tree, g, &error)) return command_fail(error);
  g_autoptr(GHashTable) apart = w->apart ? apart_table(models, w->apart) : NULL;
  options.kin = apart;
  CommandProgress p;
  const Progress *progress = command_progress_begin(&p, "Sweeping", g);
  g_autoptr(GPtrArray) experts =
      sweep_run(c, models, &options, s->pattern ? s->pattern : w->layer, on_row, (void *)g, warnings, progress, &error);
  if (!team_leads(g->team) && g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    g_clear_error(&error); /* the rest is the leader's */
    command_progress_end(&p);
    return STATUS_DONE;
  }
  unsigned k = experts ? MIN((unsigned)MAX(s->ensemble, 0), experts->len) : 0;
  Ensemble together;
  bool ok = experts && (k < 2 || ensemble_measure(c, models, experts, k, progress, &together, &error));
  command_progress_end(&p);
  for (guint i = 0; i < warnings->len; i++) fprintf(stderr, "copse: %s\n", (char *)warnings->pdata[i]);
  if (!ok) return command_fail(error);
  if (g->json) print_json(experts, k < 2 ? NULL : &together, k);
  else print_table(experts, k < 2 ? NULL : &together, k);
  return STATUS_DONE;
}

int cmd_sweep(int argc, char **argv) {
  TrainWords w;
  SweepWords s = {.ensemble = 3};
  Globals g;
  int status;
  train_words_init(&w);
  g_autofree GOptionEntry *entries = train_words_entries(&w);
  const GOptionEntry own[] = {
      {"layers", 0, 0, G_OPTION_ARG_STRING, &s.pattern, "Only layers that match the pattern", "GLOB"},
      {"ensemble", 0, 0, G_OPTION_ARG_INT, &s.ensemble, "Measure the best K together (default 3)", "K"},
      G_OPTION_ENTRY_NULL};
  g_autofree GOptionEntry *all = command_join_entries(entries, own);
  if (command_parse("sweep", all, NULL, &argc, &argv, &g, &status)) status = sweep(argv[1], &w, &s, &g);
  train_words_clear(&w);
  g_free(s.pattern);
  globals_clear(&g);
  return status;
}
