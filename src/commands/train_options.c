/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/train_options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "experts/probex/multiview.h"
#include "experts/task/label_source.h"
#include "experts/train/preset.h"

void train_words_clear(TrainWords *o) {
  g_free(o->task);
  g_free(o->expert);
  g_free(o->preset);
  g_free(o->input);
  g_free(o->layer);
  g_free(o->label);
  g_free(o->apart);
  g_free(o->stop_words);
  g_free(o->encoder);
  g_free(o->prompts);
  g_free(o->schedule);
  g_free(o->init);
  g_free(o->out);
  g_free(o->views);
}

/* What no user writes: the option was not given. */
enum { NOT_GIVEN = G_MININT };

void train_words_init(TrainWords *o) {
  *o = (TrainWords){.tree = NOT_GIVEN,
                    .epochs = NOT_GIVEN,
                    .patience = NOT_GIVEN,
                    .probes = NOT_GIVEN,
                    .proj = NOT_GIVEN,
                    .rep = NOT_GIVEN,
                    .batch = NOT_GIVEN,
                    .lr = NAN,
                    .weight_decay = NAN};
}

/* An option of a few words; false when it is none of them. */
static bool choose(const char *option, const char *word, const char *const *words, int *choice, GError **error) {
  for (int i = 0; word && words[i]; i++)
    if (strcmp(word, words[i]) == 0) {
      *choice = i;
      return true;
    }
  if (!word) return true;
  g_autofree char *all = g_strjoinv(", ", (char **)words);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "unknown %s '%s'; there are: %s", option, word, all);
  return false;
}

/* A number that was given; a negative one becomes 0, which the engine refuses where it must. */
static void take_number(int given, unsigned *option) {
  if (given != NOT_GIVEN) *option = (unsigned)MAX(given, 0);
}

static void take_real(double given, float *option) {
  if (!isnan(given)) *option = (float)given;
}

/* Words that are one of a few, and the preset that the others are laid over. */
static bool read_choices(const TrainWords *o, TrainOptions *t, GError **error) {
  static const char *const tasks[] = {"align", "classify", NULL};
  static const char *const inputs[] = {"default", "raw", "scaled", "centred", NULL};
  static const char *const schedules[] = {"linear", "constant", NULL};
  int task = (int)t->task;
  if (!choose("task", o->task, tasks, &task, error)) return false;
  t->task = (ExpertTask)task; /* some presets go by it, others set it */
  if (o->preset && !preset_apply(o->preset, t, error)) return false;
  if (o->task) t->task = (ExpertTask)task;
  int input = (int)t->input, schedule = (int)t->schedule;
  if (!choose("input", o->input, inputs, &input, error) ||
      !choose("schedule", o->schedule, schedules, &schedule, error))
    return false;
  t->input = (TrainInput)input;
  t->schedule = (TrainSchedule)schedule;
  return true;
}

/* People count trees from 1, as every answer does. */
static bool read_tree(const TrainWords *o, TrainOptions *t, GError **error) {
  if (o->tree == NOT_GIVEN) return true;
  t->tree = o->tree - 1;
  if (o->tree >= 1) return true;
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--tree: trees are counted from 1");
  return false;
}

/* Options that only training by steps has ask for ProbeX, unless a kind is named. */
static TrainKind kind_wanted(const TrainWords *o) {
  bool steps = o->epochs != NOT_GIVEN || o->patience != NOT_GIVEN || o->probes != NOT_GIVEN || o->proj != NOT_GIVEN ||
               o->rep != NOT_GIVEN || o->batch != NOT_GIVEN || !isnan(o->lr) || !isnan(o->weight_decay) || o->preset ||
               o->input || o->schedule || o->init || o->linear || o->compress > 0;
  if (!o->expert) return o->views ? TRAIN_MULTIVIEW : steps ? TRAIN_PROBEX : TRAIN_AUTO;
  if (strcmp(o->expert, "kernel") == 0) return TRAIN_KERNEL;
  if (strcmp(o->expert, "multiview") == 0) return TRAIN_MULTIVIEW;
  return strcmp(o->expert, "auto") == 0 ? TRAIN_AUTO : TRAIN_PROBEX;
}

/* Which branches: only several views have any. */
static bool read_views(const TrainWords *o, TrainOptions *t, GError **error) {
  if (!o->views || t->kind == TRAIN_MULTIVIEW) return !o->views || views_parse(o->views, &t->views, error);
  g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_USAGE, "--views is for --expert multiview");
  return false;
}

bool train_words_read(const TrainWords *o, const Globals *g, TrainOptions *t, GError **error) {
  const TrainOptions defaults = TRAIN_DEFAULTS;
  *t = defaults;
  t->kind = kind_wanted(o);
  if (!read_choices(o, t, error) || !read_tree(o, t, error)) return false;
  if (o->layer) t->layer = o->layer;
  if (o->encoder) t->encoder = o->encoder;
  t->prompts = o->prompts;
  t->linear = o->linear;
  t->half = o->half;
  t->memory = g->memory;
  t->label_key = o->label;
  t->stop_words = o->stop_words;
  t->min_count = o->min_count > 0 ? (unsigned)o->min_count : 0;
  t->init = o->init;
  t->out = o->out;
  t->compress = o->compress;
  t->seed = (uint64_t)g->seed;
  if (!read_views(o, t, error)) return false;
  take_number(o->epochs, &t->epochs);
  take_number(o->patience, &t->patience);
  take_number(o->probes, &t->probes);
  take_number(o->proj, &t->proj);
  take_number(o->rep, &t->rep);
  take_number(o->batch, &t->batch);
  take_real(o->lr, &t->lr);
  take_real(o->weight_decay, &t->weight_decay);
  return true;
}

bool train_words_settle_task(TrainWords *o, const Globals *g, const GPtrArray *models, TrainOptions *t,
                             GError **error) {
  bool of_a_task = o->preset && strcmp(o->preset, "published") != 0;
  if (o->task || of_a_task || !label_source_has_lists(models, o->label)) return true;
  o->task = g_strdup("classify");
  if (!g->quiet)
    fprintf(stderr,
            "copse: labels are lists of classes, so the task is classify; --task align takes each list as a text\n");
  return train_words_read(o, g, t, error);
}

GOptionEntry *train_words_entries(TrainWords *o) {
  const GOptionEntry entries[] = {
      {"task", 0, 0, G_OPTION_ARG_STRING, &o->task,
       "align: weights to words; classify: which labels (default: classify where labels are lists of classes)", "TASK"},
      {"expert", 0, 0, G_OPTION_ARG_STRING, &o->expert,
       "auto (the default: closed form first), kernel, probex, multiview, or a baseline to measure: dense, statnn",
       "KIND"},
      {"preset", 0, 0, G_OPTION_ARG_STRING, &o->preset,
       "Published set-up: published (the task's, of probex or multiview), supvit, dino, mae, resnet, sd_200, sd_1k",
       "NAME"},
      {"views", 0, 0, G_OPTION_ARG_STRING, &o->views,
       "Several views: which, of xu, xxtu, xtu, xtxu, or all (default: those that a kernel says carry the labels)",
       "LIST"},
      {"input", 0, 0, G_OPTION_ARG_STRING, &o->input,
       "raw, scaled or centred (default: centred when dense, scaled when low-rank)", "FORM"},
      {"linear", 0, 0, G_OPTION_ARG_NONE, &o->linear, "Leave the relu out, for comparison", NULL},
      {"half", 0, 0, G_OPTION_ARG_NONE, &o->half, "Keep dense layers as bfloat16: half the memory", NULL},
      {"layer", 0, 0, G_OPTION_ARG_STRING, &o->layer, "Layer to read, or #N in upstream's order (default: the largest)",
       "NAME"},
      {"label", 0, 0, G_OPTION_ARG_STRING, &o->label,
       "Where labels are: a metadata or card key, folder, name, hand, tags, or @FILE.csv of path,label", "KEY"},
      {"min-count", 0, 0, G_OPTION_ARG_INT, &o->min_count, "Labels on fewer models are none (default: 2 for tags)",
       "N"},
      {"stop-words", 0, 0, G_OPTION_ARG_STRING, &o->stop_words, "Tags to leave out besides the usual ones: a,b*",
       "LIST"},
      {"apart", 0, 0, G_OPTION_ARG_STRING, &o->apart,
       "Keep models of one value of KEY on one side of the split (creator: who made them)", "KEY"},
      {"tree", 0, 0, G_OPTION_ARG_INT, &o->tree, "Only models of tree T, counted from 1 as `copse tree` does", "T"},
      {"encoder", 0, 0, G_OPTION_ARG_STRING, &o->encoder,
       "words (default), clip:DIR, model2vec:DIR, glove:FILE or table:FILE", "E"},
      {"prompts", 0, 0, G_OPTION_ARG_STRING, &o->prompts,
       "Put labels into none, photo, photos, art, or templates with {} separated by |", "P"},
      {"epochs", 0, 0, G_OPTION_ARG_INT, &o->epochs, "Passes over the training models", "N"},
      {"patience", 0, 0, G_OPTION_ARG_INT, &o->patience,
       "Stop after N epochs without a better validation (default 0: never)", "N"},
      {"probes", 0, 0, G_OPTION_ARG_INT, &o->probes, "Probes r_U", "N"},
      {"proj", 0, 0, G_OPTION_ARG_INT, &o->proj, "Shared projection r_V", "N"},
      {"rep", 0, 0, G_OPTION_ARG_INT, &o->rep, "Representation r_T", "N"},
      {"batch", 0, 0, G_OPTION_ARG_INT, &o->batch, "Models a step", "N"},
      {"lr", 0, 0, G_OPTION_ARG_DOUBLE, &o->lr, "Adam's step size", "X"},
      {"weight-decay", 0, 0, G_OPTION_ARG_DOUBLE, &o->weight_decay, "L2 penalty (default: classify 1e-3, align 0)",
       "X"},
      {"schedule", 0, 0, G_OPTION_ARG_STRING, &o->schedule,
       "Step size over the epochs: linear (to 0, the default) or constant", "S"},
      {"compress", 0, 0, G_OPTION_ARG_DOUBLE, &o->compress,
       "Dense: train on the common spaces that keep this share of the energy (0.99)", "X"},
      {"init", 0, 0, G_OPTION_ARG_FILENAME, &o->init, "Start from the parameters of a checkpoint", "FILE"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "Write the checkpoint to FILE", "FILE"},
      G_OPTION_ENTRY_NULL};
  return g_memdup2(entries, sizeof entries);
}
