/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/train_options.h"

#include <string.h>

#include "core/error.h"

void train_words_clear(TrainWords *o) {
  g_free(o->task);
  g_free(o->input);
  g_free(o->layer);
  g_free(o->label);
  g_free(o->encoder);
  g_free(o->out);
}

void train_words_init(TrainWords *o) {
  const TrainOptions d = TRAIN_DEFAULTS;
  *o = (TrainWords){.tree = d.tree, .epochs = (int)d.epochs, .probes = (int)d.probes,
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
bool train_words_read(const TrainWords *o, const Globals *g, TrainOptions *t, GError **error) {
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
  t->linear = o->linear;
  t->layer = o->layer;
  t->label_key = o->label;
  if (o->encoder) t->encoder = o->encoder;
  t->out = o->out;
  t->tree = o->tree;
  t->epochs = (unsigned)MAX(o->epochs, 0);
  t->patience = (unsigned)MAX(o->patience, 0);
  t->probes = (unsigned)MAX(o->probes, 0);
  t->proj = (unsigned)MAX(o->proj, 0);
  t->rep = (unsigned)MAX(o->rep, 0);
  t->batch = (unsigned)MAX(o->batch, 0);
  t->lr = (float)o->lr;
  t->weight_decay = (float)o->weight_decay;
  t->compress = o->compress;
  t->seed = (uint64_t)g->seed;
  return true;
}

GOptionEntry *train_words_entries(TrainWords *o) {
  const GOptionEntry entries[] = {
      {"task", 0, 0, G_OPTION_ARG_STRING, &o->task, "align: weights to words (the default); classify: which labels", "TASK"},
      {"input", 0, 0, G_OPTION_ARG_STRING, &o->input,
       "raw, scaled or centred (default: centred when dense, scaled when low-rank)", "FORM"},
      {"linear", 0, 0, G_OPTION_ARG_NONE, &o->linear, "Leave the relu out, for comparison", NULL},
      {"layer", 0, 0, G_OPTION_ARG_STRING, &o->layer, "Layer to read (default: the largest)", "NAME"},
      {"label", 0, 0, G_OPTION_ARG_STRING, &o->label, "Metadata or card key that holds the label", "KEY"},
      {"tree", 0, 0, G_OPTION_ARG_INT, &o->tree, "Only models of tree T", "T"},
      {"encoder", 0, 0, G_OPTION_ARG_STRING, &o->encoder, "Text encoder: words", "NAME"},
      {"epochs", 0, 0, G_OPTION_ARG_INT, &o->epochs, "Passes over the training models", "N"},
      {"patience", 0, 0, G_OPTION_ARG_INT, &o->patience,
       "Stop after N epochs without a better validation (default 0: never)", "N"},
      {"probes", 0, 0, G_OPTION_ARG_INT, &o->probes, "Probes r_U", "N"},
      {"proj", 0, 0, G_OPTION_ARG_INT, &o->proj, "Shared projection r_V", "N"},
      {"rep", 0, 0, G_OPTION_ARG_INT, &o->rep, "Representation r_T", "N"},
      {"batch", 0, 0, G_OPTION_ARG_INT, &o->batch, "Models a step", "N"},
      {"lr", 0, 0, G_OPTION_ARG_DOUBLE, &o->lr, "Adam's step size", "X"},
      {"weight-decay", 0, 0, G_OPTION_ARG_DOUBLE, &o->weight_decay, "L2 penalty (default 0)", "X"},
      {"compress", 0, 0, G_OPTION_ARG_DOUBLE, &o->compress,
       "Dense: train on the common spaces that keep this share of the energy (0.99)", "X"},
      {"out", 0, 0, G_OPTION_ARG_FILENAME, &o->out, "Write the checkpoint to FILE", "FILE"},
      G_OPTION_ENTRY_NULL};
  return g_memdup2(entries, sizeof entries);
}
