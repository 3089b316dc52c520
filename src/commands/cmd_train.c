/* SPDX-License-Identifier: Apache-2.0 */
/* `copse train DIR`: trains an expert and says how good it is. */
#include <math.h>
#include <stdio.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/lineage_run.h"
#include "commands/score_json.h"
#include "commands/train_options.h"
#include "commands/train_report.h"
#include "core/error.h"
#include "core/json.h"
#include "experts/probex/multiview.h"
#include "session/apart.h"

/* How the sides came about. */
static cJSON *split_json(const TrainResult *r) {
  static const char *const names[] = {"train", "val", "test", "test_holdout"};
  const SplitRecord *s = r->expert->split;
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "by", s->drawn ? "drawn" : s->val_drawn ? "folders, validation drawn" : "folders");
  for (int k = 0; k < 4; k++) cJSON_AddNumberToObject(o, names[k], r->models[k]);
  cJSON_AddNumberToObject(o, "groups", (double)s->groups);
  cJSON_AddNumberToObject(o, "grouped", (double)s->grouped);
  cJSON *joined = cJSON_AddObjectToObject(o, "joined");
  for (int k = 0; k < KIN_REASONS; k++) cJSON_AddNumberToObject(joined, kin_reason_name((KinReason)k), r->joined[k]);
  return o;
}

static void add_left_out(cJSON *o, const TrainResult *r) {
  cJSON *list = cJSON_AddArrayToObject(o, "left_out_by_reason");
  for (guint i = 0; i < r->left_out_by->len; i++) {
    const LeftOut *l = r->left_out_by->pdata[i];
    cJSON *row = cJSON_CreateObject(), *models = cJSON_CreateArray();
    json_add_string(row, "reason", l->reason);
    cJSON_AddNumberToObject(row, "count", l->count);
    for (guint k = 0; k < l->names->len; k++) cJSON_AddItemToArray(models, cJSON_CreateString(l->names->pdata[k]));
    cJSON_AddItemToObject(row, "models", models);
    cJSON_AddItemToArray(list, row);
  }
  cJSON *warnings = cJSON_AddArrayToObject(o, "warnings");
  for (guint i = 0; i < r->warnings->len; i++)
    cJSON_AddItemToArray(warnings, cJSON_CreateString(r->warnings->pdata[i]));
  if (r->state_note) cJSON_AddItemToArray(warnings, cJSON_CreateString(r->state_note));
  for (guint i = 0; r->kernel && i < r->kernel->warnings->len; i++)
    cJSON_AddItemToArray(warnings, cJSON_CreateString(r->kernel->warnings->pdata[i]));
}

/* What `auto` tried. */
static void add_choice(cJSON *o, const TrainResult *r) {
  if (!r->trials) return;
  cJSON *choice = cJSON_AddObjectToObject(o, "auto"), *tried = cJSON_AddArrayToObject(choice, "tried");
  json_add_string(choice, "chosen", expert_kind_name(r->expert));
  json_add_string(choice, "not_tried", r->not_tried);
  for (guint i = 0; i < r->trials->len; i++) {
    const TrainTrial *t = &g_array_index(r->trials, TrainTrial, i);
    cJSON *row = cJSON_CreateObject();
    json_add_string(row, "kind", t->kind);
    cJSON_AddItemToObject(row, "val", score_json(&t->val));
    cJSON_AddItemToObject(row, "test", score_json(&t->test));
    cJSON_AddItemToObject(row, "test_holdout", score_json(&t->unseen));
    json_add_number(row, "seconds", t->seconds);
    cJSON_AddItemToArray(tried, row);
  }
}

static void add_views(cJSON *o, const TrainResult *r) {
  static const char *const sides[SIDE_COUNT] = {"x", "xxt", "xtx"};
  if (!r->expert->probex->shape.views) return;
  g_autofree char *views = views_text(r->expert->probex->shape.views);
  json_add_string(o, "views", views);
  cJSON *r2 = r->views_chosen ? cJSON_AddObjectToObject(o, "views_r2") : NULL;
  for (int s = 0; r2 && s < SIDE_COUNT; s++) json_add_number(r2, sides[s], r->view_r2[s]);
}

static void print_json(const TrainResult *r) {
  const Expert *x = r->expert;
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "expert", x->name);
  json_add_string(o, "path", x->path);
  json_add_string(o, "layer", x->layer);
  json_add_string(o, "task", expert_task_name(x->task));
  json_add_string(o, "label_key", x->label_key);
  cJSON_AddNumberToObject(o, "epochs", x->epochs);
  cJSON_AddNumberToObject(o, "best_epoch", r->best_epoch);
  json_add_number(o, "seconds", x->seconds);
  json_add_number(o, "models_per_second", r->models_per_second);
  json_add_number(o, "energy", r->energy);
  cJSON_AddNumberToObject(o, "trained_out", (double)r->trained_out);
  cJSON_AddNumberToObject(o, "trained_in", (double)r->trained_in);
  json_add_u64(o, "seed", x->seed);
  cJSON_AddNumberToObject(o, "train_models", r->models[0]);
  cJSON_AddNumberToObject(o, "parameters", (double)x->probex->n);
  cJSON_AddItemToObject(o, "val", score_json(&x->val));
  cJSON_AddItemToObject(o, "test", score_json(&x->test));
  cJSON_AddItemToObject(o, "test_holdout", score_json(&x->test_holdout));
  json_add_string(o, "kind", expert_kind_name(x));
  add_views(o, r);
  cJSON_AddNumberToObject(o, "left_out", r->left_out);
  json_add_string(o, "left_out_first", r->left_out_first);
  cJSON_AddItemToObject(o, "split", split_json(r));
  add_left_out(o, r);
  add_choice(o, r);
  double passed = expert_foreign_passed(x);
  if (!isnan(passed)) json_add_number(o, "foreign_passed", passed);
  if (r->held_out) {
    cJSON *second = cJSON_AddObjectToObject(o, "val_holdout");
    json_add_string(second, "expert", r->held_out->name);
    json_add_string(second, "path", r->held_out->path);
    cJSON_AddNumberToObject(second, "best_epoch", r->held_out_epoch);
    cJSON_AddItemToObject(second, "test", score_json(&r->held_out->test));
    cJSON_AddItemToObject(second, "test_holdout", score_json(&r->held_out->test_holdout));
  }
  json_add_number(o, "shortcut", r->shortcut);
  if (r->kernel) {
    json_add_number(o, "left_out_top1", r->kernel->right[0]);
    json_add_number(o, "label_left_out_top1", r->kernel->right[1]);
    json_add_number(o, "control", r->kernel->choice->control);
    if (r->kernel->landmarks) {
      cJSON_AddNumberToObject(o, "landmarks", (double)r->kernel->landmarks);
      json_add_number(o, "landmarks_miss", r->kernel->missed);
    }
  }
  cJSON *baselines = r->has_baselines ? cJSON_AddObjectToObject(o, "baselines") : NULL;
  for (int k = 0; baselines && k < BASELINE_COUNT; k++) {
    const Baseline *b = &r->baselines[k];
    cJSON *row = cJSON_AddObjectToObject(baselines, baseline_name((BaselineKind)k));
    cJSON_AddItemToObject(row, "test", score_json(&b->score[SPLIT_TEST]));
    cJSON_AddItemToObject(row, "test_holdout", score_json(&b->score[SPLIT_HOLDOUT]));
    json_add_number(row, "lambda", b->lambda);
  }
  json_print(o);
}

/* A baseline alone: measured, never stored. */
static int measure(Collection *c, const GPtrArray *models, const TrainOptions *options, BaselineKind kind,
                   const Globals *g) {
  GError *error = NULL;
  Baseline b;
  g_autofree char *layer = NULL;
  CommandProgress p;
  bool ok = expert_baseline(c, models, options, kind, command_progress_begin(&p, "Measuring", g), &b, &layer, &error);
  command_progress_end(&p);
  if (!ok) return command_fail(error);
  if (!g->json) {
    printf("baseline %s on layer %s, ridge with lambda %g\n", baseline_name(kind), layer, b.lambda);
    train_report_score("validation", &b.score[SPLIT_VAL]);
    train_report_score("test", &b.score[SPLIT_TEST]);
    if (b.score[SPLIT_HOLDOUT].n) train_report_score("test (unseen concepts)", &b.score[SPLIT_HOLDOUT]);
    return STATUS_DONE;
  }
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "expert", NULL);
  json_add_string(o, "baseline", baseline_name(kind));
  json_add_string(o, "layer", layer);
  json_add_number(o, "lambda", b.lambda);
  cJSON_AddItemToObject(o, "val", score_json(&b.score[SPLIT_VAL]));
  cJSON_AddItemToObject(o, "test", score_json(&b.score[SPLIT_TEST]));
  cJSON_AddItemToObject(o, "test_holdout", score_json(&b.score[SPLIT_HOLDOUT]));
  json_print(o);
  return STATUS_DONE;
}

/* -1 for an expert; false for a word that is no kind. */
static bool kind_of(const char *word, int *kind, GError **error) {
  *kind = -1;
  if (!word || g_str_equal(word, "probex") || g_str_equal(word, "multiview") || g_str_equal(word, "kernel") ||
      g_str_equal(word, "auto"))
    return true;
  for (int k = 0; k < BASELINE_COUNT; k++)
    if (g_str_equal(word, baseline_name((BaselineKind)k))) *kind = k;
  if (*kind >= 0) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE,
              "unknown expert '%s'; there are: auto, kernel, probex, multiview, dense, statnn", word);
  return false;
}

static int train(const char *root, TrainWords *o, const Globals *g) {
  TrainOptions options;
  GError *error = NULL;
  int kind;
  if (!train_words_read(o, g, &options, &error) || !kind_of(o->expert, &kind, &error)) return command_fail(error);
  if (g->read_only && o->out) {
    g_set_error_literal(&error, COPSE_ERROR, COPSE_ERROR_USAGE, "--out and --read-only exclude each other");
    return command_fail(error);
  }
  g_autofree char *table = o->label && o->label[0] == '@' ? g_canonicalize_filename(o->label + 1, NULL) : NULL;
  g_autofree char *source = table ? g_strconcat("@", table, NULL) : NULL; /* found again from any folder */
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  if (!train_words_settle_task(o, g, models, &options, &error)) return command_fail(error);
  if (source) options.label_key = source;
  if (!lineage_trees(c, models, options.tree, g, &error)) return command_fail(error);
  g_autoptr(GHashTable) apart = o->apart ? apart_table(models, o->apart) : NULL;
  options.kin = apart;
  if (kind >= 0) return measure(c, models, &options, (BaselineKind)kind, g);
  CommandProgress p;
  g_autoptr(TrainResult) r = expert_train(c, models, &options, command_progress_begin(&p, "Training", g), &error);
  command_progress_end(&p);
  if (!team_leads(g->team) && g_error_matches(error, COPSE_ERROR, COPSE_ERROR_CANCELLED)) {
    g_clear_error(&error); /* the rest is the leader's */
    return STATUS_DONE;
  }
  if (!r) return command_fail(error);
  if (g->json) print_json(r);
  else train_report_print(r);
  return STATUS_DONE;
}

int cmd_train(int argc, char **argv) {
  TrainWords o;
  Globals g;
  int status;
  train_words_init(&o);
  g_autofree GOptionEntry *entries = train_words_entries(&o);
  if (command_parse("train", entries, NULL, &argc, &argv, &g, &status)) status = train(argv[1], &o, &g);
  train_words_clear(&o);
  globals_clear(&g);
  return status;
}
