/* SPDX-License-Identifier: Apache-2.0 */
/* `copse train DIR`: trains an expert and says how good it is. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "commands/commands.h"
#include "commands/score_json.h"
#include "commands/train_report.h"
#include "core/error.h"
#include "core/json.h"

typedef struct {
  char *task, *input, *layer, *label, *encoder, *out;
  int tree, epochs, probes, proj, rep, batch;
  double lr, weight_decay;
} Options;

static void options_clear(Options *o) {
  g_free(o->task);
  g_free(o->input);
  g_free(o->layer);
  g_free(o->label);
  g_free(o->encoder);
  g_free(o->out);
}

static Options options_default(void) {
  const TrainOptions d = TRAIN_DEFAULTS;
  return (Options){.tree = d.tree, .epochs = (int)d.epochs, .probes = (int)d.probes,
                   .proj = (int)d.proj, .rep = (int)d.rep, .batch = (int)d.batch,
                   .lr = (double)d.lr};
}

/* An option of a few words; false when it is none of them. */
static bool choose(const char *option, const char *word, const char *const *words, int *choice,
                   GError **error) {
  for (int i = 0; word && words[i]; i++)
    if (strcmp(word, words[i]) == 0) {
      *choice = i;
      return true;
    }
  if (!word) return true;
  g_autofree char *all = g_strjoinv(", ", (char **)words);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "unknown %s '%s'; there are: %s", option, word,
              all);
  return false;
}

/* Options to what the engine takes; a negative number becomes 0, which the engine refuses. */
static bool to_train_options(const Options *o, const Globals *g, TrainOptions *t, GError **error) {
  const TrainOptions d = TRAIN_DEFAULTS;
  *t = d;
  static const char *const tasks[] = {"align", "classify", NULL};
  static const char *const inputs[] = {"default", "raw", "scaled", "centred", NULL};
  int task = EXPERT_ALIGN, input = INPUT_DEFAULT;
  if (!choose("task", o->task, tasks, &task, error) ||
      !choose("input", o->input, inputs, &input, error))
    return false;
  t->task = (ExpertTask)task;
  t->input = (TrainInput)input;
  t->layer = o->layer;
  t->label_key = o->label;
  if (o->encoder) t->encoder = o->encoder;
  t->out = o->out;
  t->tree = o->tree;
  t->epochs = (unsigned)MAX(o->epochs, 0);
  t->probes = (unsigned)MAX(o->probes, 0);
  t->proj = (unsigned)MAX(o->proj, 0);
  t->rep = (unsigned)MAX(o->rep, 0);
  t->batch = (unsigned)MAX(o->batch, 0);
  t->lr = (float)o->lr;
  t->weight_decay = (float)o->weight_decay;
  t->seed = (uint64_t)g->seed;
  return true;
}

static void print_json(const TrainResult *r) {
  const Expert *x = r->expert;
  cJSON *o = cJSON_CreateObject();
  json_add_string(o, "expert", x->name);
  json_add_string(o, "path", x->path);
  json_add_string(o, "layer", x->layer);
  json_add_string(o, "label_key", x->label_key);
  cJSON_AddNumberToObject(o, "epochs", x->epochs);
  cJSON_AddNumberToObject(o, "best_epoch", r->best_epoch);
  json_add_number(o, "seconds", x->seconds);
  json_add_number(o, "models_per_second", r->models_per_second);
  json_add_u64(o, "seed", x->seed);
  cJSON_AddNumberToObject(o, "train_models", r->models[0]);
  cJSON_AddNumberToObject(o, "parameters", (double)x->probex->n);
  cJSON_AddItemToObject(o, "val", score_json(&x->val));
  cJSON_AddItemToObject(o, "test", score_json(&x->test));
  cJSON_AddItemToObject(o, "test_holdout", score_json(&x->test_holdout));
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

static int train(const char *root, const Options *o, const Globals *g) {
  TrainOptions options;
  GError *error = NULL;
  if (!to_train_options(o, g, &options, &error)) return command_fail(error);
  if (g->read_only && o->out) {
    g_set_error_literal(&error, COPSE_ERROR, COPSE_ERROR_USAGE, "--out and --read-only exclude each other");
    return command_fail(error);
  }
  g_autoptr(GPtrArray) models = NULL;
  g_autoptr(Collection) c = command_open(root, g, &models);
  if (!c) return STATUS_COULD_NOT;
  CommandProgress p;
  g_autoptr(TrainResult) r =
      expert_train(c, models, &options, command_progress_begin(&p, "Training", g), &error);
  command_progress_end(&p);
  if (!r) return command_fail(error);
  if (g->json)
    print_json(r);
  else
    train_report_print(r);
  return STATUS_DONE;
}

int cmd_train(int argc, char **argv) {
  Options o = options_default();
  Globals g;
  const GOptionEntry entries[] = {
      {"task", 0, 0, G_OPTION_ARG_STRING, &o.task, "align: weights to words (the default); classify: which labels", "TASK"},
      {"input", 0, 0, G_OPTION_ARG_STRING, &o.input,
       "raw, scaled or centred (default: centred when dense, scaled when low-rank)", "FORM"},
      {"layer", 0, 0, G_OPTION_ARG_STRING, &o.layer, "Layer to read (default: the largest)", "NAME"},
      {"label", 0, 0, G_OPTION_ARG_STRING, &o.label, "Metadata or card key that holds the label", "KEY"},
      {"tree", 0, 0, G_OPTION_ARG_INT, &o.tree, "Only models of tree T", "T"},
      {"encoder", 0, 0, G_OPTION_ARG_STRING, &o.encoder, "Text encoder: words", "NAME"},
      {"epochs", 0, 0, G_OPTION_ARG_INT, &o.epochs, "Passes over the training models", "N"},
      {"probes", 0, 0, G_OPTION_ARG_INT, &o.probes, "Probes r_U", "N"},
      {"proj", 0, 0, G_OPTION_ARG_INT, &o.proj, "Shared projection r_V", "N"},
      {"rep", 0, 0, G_OPTION_ARG_INT, &o.rep, "Representation r_T", "N"},
      {"batch", 0, 0, G_OPTION_ARG_INT, &o.batch, "Models a step", "N"},
      {"lr", 0, 0, G_OPTION_ARG_DOUBLE, &o.lr, "Adam's step size", "X"},
      {"weight-decay", 0, 0, G_OPTION_ARG_DOUBLE, &o.weight_decay, "L2 penalty (default 0)", "X"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o.out, "Write the checkpoint to FILE", "FILE"},
      G_OPTION_ENTRY_NULL};
  int status;
  if (command_parse("train", entries, NULL, &argc, &argv, &g, &status)) status = train(argv[1], &o, &g);
  options_clear(&o);
  globals_clear(&g);
  return status;
}
