/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a training run, shared by train.c, train_gather.c, train_loop.c and train_resume.c alone. */
#pragma once

#include "core/team.h"
#include "numerics/rng.h"
#include "experts/probex/compress.h"
#include "experts/train/objective.h"
#include "experts/probex/probex_pass.h"
#include "experts/train/train.h"

/* Everything one training run holds. Zeroed but for what train.c sets before train_prepare(). */
typedef struct {
  const TrainOptions *options;
  const Progress *progress;
  Team *team;      /* that takes part in every batch, or NULL; borrowed */
  float *together; /* (probex->n + 1): scratch of its sums */
  Task *task;
  LayerSet *set;
  Probex *probex, *grad, *m, *v; /* parameters, gradient, Adam's moments */
  float *best;                   /* (probex->n): parameters of the best epoch */
  float *best_holdout;           /* the same by labels never trained on; NULL: not asked for, or no such models */
  ProbexPass *pass;
  Objective *objective;
  unsigned views;               /* branches in use; 0: ProbeX */
  size_t *members[SPLIT_COUNT]; /* models of each split */
  float *e, *de;                /* (batch, r_t) */
  Rng rng;                      /* of the order of models */
  uint64_t step, steps;
  unsigned epoch;  /* finished */
  double training; /* seconds spent in epochs */
  double best_score, best_loss, best_holdout_score;
  double val_chance;        /* what guessing reaches on validation; NAN before it was measured */
  Compression *compression; /* or NULL */
  Expert *init;             /* whose parameters the run starts from, or NULL */
  bool bare;                /* a baseline alone is to be measured: neither guard nor views */
  Guard *guard;             /* that its experts get, or NULL */
  float *centre;            /* (d_out, d_in) that was subtracted, or NULL */
  char *resume;             /* file of the state between epochs, or NULL */
  uint64_t key;             /* of all that the state depends on */
  gint64 saved;             /* when the state was last written */
  TrainResult *result;
  gint64 started;
} TrainRun;

/* Task, layers and what is done to them before training; chooses the branches of several views. *layer gets the layer's
 * name, which the caller frees. */
bool train_gather(TrainRun *run, Collection *collection, const GPtrArray *models, TextEncoder *encoder, char **layer,
                  GError **error);

/* The canonical name of what the user wrote: a name, #N in upstream's order, or nothing (NULL: the largest). The caller
 * frees it. */
char *train_choose_layer(const Collection *collection, const Model *model, const char *wanted, GError **error);

/* Allocates parameters and scratch for r->task and r->set, and starts the parameters. */
bool train_prepare(TrainRun *run, GError **error);

/* Runs the epochs that are left; the best parameters by validation end up in run->probex. */
bool train_epochs(TrainRun *run, GError **error);

/* What the options say, or the task's default. */
double train_weight_decay(const TrainOptions *options);

/* How well the present parameters do on a split. */
Score train_measure(TrainRun *run, TaskSplit split, double *loss);

/* Writes the state between two epochs, at most every two seconds: a run that is killed loses one epoch or two
 * seconds, whichever is longer. Trouble is no error: the run goes on without. */
void train_state_save(TrainRun *run);

/* Takes up the state of an earlier run with the same options on the same models, if there is one. */
void train_state_load(TrainRun *run);

/* Removes the state. */
void train_state_drop(TrainRun *run);
