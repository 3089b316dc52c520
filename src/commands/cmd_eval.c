/* SPDX-License-Identifier: Apache-2.0 */
/* `copse eval DIR --expert E`: every figure of an expert's evaluation. */
#include <math.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/expert_run.h"
#include "commands/score_json.h"
#include "core/json.h"
#include "experts/measure/evaluation.h"

static cJSON *group_json(const Group *g, bool align) {
  if (!g->score.n) return cJSON_CreateNull();
  cJSON *o = score_json(&g->score);
  json_add_number(o, "ece", g->ece);
  json_add_number(o, "ece_uncalibrated", g->ece_raw);
  json_add_number(o, "answered", g->answered);
  json_add_number(o, "answered_right", g->answered_right);
  if (!align) return o;
  json_add_number(o, "precision_at_1", g->precision1);
  json_add_number(o, "precision_at_5", g->precision5);
  json_add_number(o, "map", g->map);
  return o;
}

static cJSON *class_json(const ClassRow *c, bool align) {
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "label", c->label);
  cJSON_AddNumberToObject(o, "n", c->n);
  json_add_number(o, "accuracy", c->accuracy);
  if (align) {
    cJSON_AddBoolToObject(o, "unseen", c->unseen);
  } else {
    json_add_number(o, "f1", c->f1);
    json_add_number(o, "ap", c->ap);
  }
  return o;
}

static void print_json(const Expert *x, const Evaluation *e) {
  bool align = x->task == EXPERT_ALIGN;
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "expert", x->name);
  json_add_string(o, "task", expert_task_name(x->task));
  cJSON_AddItemToObject(o, "test", group_json(&e->seen, align));
  cJSON_AddItemToObject(o, "test_holdout", group_json(&e->unseen, align));
  json_add_number(o, "temperature", e->temperature);
  json_add_number(o, "threshold", e->threshold);
  json_add_number(o, "floor", e->floor);
  json_add_number(o, "unseen_refused", e->refused);
  json_add_number(o, "shortcut", e->shortcut);
  json_add_number(o, "knn1", e->knn1);
  json_add_number(o, "knn5", e->knn5);
  json_add_number(o, "auc_knn", e->auc_knn);
  json_add_number(o, "auc_ledoit_wolf", e->auc_lw);
  cJSON *classes = cJSON_AddArrayToObject(o, "classes");
  for (guint i = 0; i < e->classes->len; i++)
    cJSON_AddItemToArray(classes, class_json(&g_array_index(e->classes, ClassRow, i), align));
  cJSON *confusions = cJSON_AddArrayToObject(o, "confusions");
  for (guint i = 0; i < e->confusions->len; i++) {
    const Confusion *c = &g_array_index(e->confusions, Confusion, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "label", c->right);
    json_add_string(row, "said", c->said);
    cJSON_AddNumberToObject(row, "count", c->count);
    cJSON_AddItemToArray(confusions, row);
  }
  json_print(o);
}

static void print_rate(const char *name, double value) {
  if (isfinite(value)) printf("  %-44s %6.1f %%\n", name, 100 * value);
}

static void print_group(const char *name, const Group *g) {
  const Score *s = &g->score;
  if (!s->n) return;
  printf("%s: %u models, %u labels\n", name, s->n, s->classes);
  printf("  %-44s %6.1f %%  [%.1f, %.1f], chance %.1f %%", isfinite(s->top1) ? "top-1" : "element-wise accuracy",
         100 * score_headline(s), 100 * s->low, 100 * s->high, 100 * s->chance);
  if (isfinite(s->control) && isfinite(s->top1)) printf(", commonest label %.1f %%", 100 * s->control);
  putchar('\n');
  if (!isfinite(s->top1)) print_rate("average precision without skill", s->control);
  print_rate("top-5", s->top5);
  print_rate("F1, mean over labels", s->f1);
  print_rate("average precision, mean over labels", s->ap);
  print_rate("retrieval by text: precision at 1", g->precision1);
  print_rate("retrieval by text: precision at 5", g->precision5);
  print_rate("retrieval by text: mean average precision", g->map);
  print_rate("calibration error", g->ece);
  print_rate("calibration error without the temperature", g->ece_raw);
  print_rate("answered (else: don't know)", g->answered);
  print_rate("right among the answered", g->answered_right);
}

static void print_table(const Expert *x, const Evaluation *e) {
  enum { WORST = 5 };
  printf("expert %s, layer %s\n", x->name, x->layer);
  print_group("test", &e->seen);
  print_group("test, labels never trained on", &e->unseen);
  print_rate("refused when only trained labels are offered", e->refused);
  if (isfinite(e->shortcut))
    printf("without weights, training models left out one by one\n  %-44s %6.1f %%  %s\n",
           "rank, size, tool, date and creator alone", 100 * e->shortcut,
           x->task == EXPERT_ALIGN ? "top-1" : "explained");
  printf("representations\n");
  print_rate("1 nearest training model", e->knn1);
  print_rate("5 nearest training models", e->knn5);
  print_rate("one-class AUC, 2 nearest", e->auc_knn);
  print_rate("one-class AUC, Ledoit-Wolf", e->auc_lw);
  if (e->classes->len && g_array_index(e->classes, ClassRow, 0).accuracy < 1) printf("hardest labels\n");
  for (guint i = 0; i < MIN(e->classes->len, WORST); i++) {
    const ClassRow *c = &g_array_index(e->classes, ClassRow, i);
    if (c->accuracy >= 1) break;
    printf("  %-44s %6.1f %%  of %u\n", c->label, 100 * c->accuracy, c->n);
  }
  if (e->confusions->len) printf("most frequent confusions\n");
  for (guint i = 0; i < MIN(e->confusions->len, WORST); i++) {
    const Confusion *c = &g_array_index(e->confusions, Confusion, i);
    printf("  %s taken for %s: %u\n", c->right, c->said, c->count);
  }
}

static int evaluate(const char *root, const ExpertWords *w, const Globals *g) {
  GError *error = NULL;
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  g_autoptr(Expert) x = expert_words_find(w, c, models, &error);
  if (!x) return command_fail(error);
  CommandProgress p;
  g_autoptr(Evaluation) e = evaluation_new(c, models, x, command_progress_begin(&p, "Evaluating", g), &error);
  command_progress_end(&p);
  if (!e) return command_fail(error);
  if (g->json) print_json(x, e);
  else print_table(x, e);
  return STATUS_DONE;
}

int cmd_eval(int argc, char **argv) {
  ExpertWords w = {0};
  Globals g;
  int status;
  const GOptionEntry entries[] = {EXPERT_RUN_AND_LABELS(w), G_OPTION_ENTRY_NULL};
  if (command_parse("eval", entries, NULL, &argc, &argv, &g, &status)) status = evaluate(argv[1], &w, &g);
  expert_words_clear(&w);
  globals_clear(&g);
  return status;
}
