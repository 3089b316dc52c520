/* SPDX-License-Identifier: Apache-2.0 */
/* Which layers and views carry the labels: by exact errors on the training models, or on some of them. */
#pragma once

#include "experts/kernel/kernel.h"
#include "experts/kernel/kernel_target.h"

/* One layer seen one way. */
typedef struct {
  char *layer;
  KernelView view;
  double r2[KERNEL_HEADS]; /* models, and whole labels, left out; NAN for classes' second */
  float *k;                /* (n, n): scaled kernel of the models looked at, or NULL */
  float weight[KERNEL_HEADS];
} KernelCandidate;

typedef struct {
  GArray *candidates;        /* of KernelCandidate, best first */
  size_t n;                  /* models looked at */
  double top1[KERNEL_HEADS]; /* of the chosen sums; r² for classes */
  double control;            /* of the first sum with the labels dealt out at random: what no skill looks like */
} KernelChoice;

/* Looks at every layer of `layers` (char*). `models` (n of target) are the training models. Layers that cannot be
 * read in one shape are left out with a line in `warnings` (may be NULL). COPSE_ERROR_TOO_FEW when none is left. Of a team all
 * ranks call it alike and look at the layers together; the leader alone gets an answer, the others an error of
 * team_leave(). */
KernelChoice *kernel_choose(const Collection *collection, const GPtrArray *models, const GPtrArray *layers,
                            const KernelTarget *target, const DenseStoreOptions *store, uint64_t seed,
                            GPtrArray *warnings, const Progress *progress, GError **error);

/* The same without choosing: what each layer tells, and no more. NULL when cancelled, and everywhere but at the leader of
 * a team, whose ranks look at the layers together. */
KernelChoice *kernel_look(const Collection *collection, const GPtrArray *models, const GPtrArray *layers,
                          const KernelTarget *target, uint64_t seed, const Progress *progress, GError **error);
void kernel_choice_free(KernelChoice *choice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelChoice, kernel_choice_free)

/* At most `most` of the target's models, ascending: whole labels, drawn by seed, so that labels can be left out. The
 * caller frees them. */
size_t *kernel_some_models(const KernelTarget *target, size_t most, uint64_t seed, size_t *n);

/* Of a scaled kernel of the target's models: r² and top-1 of models, and of whole labels, left out; NAN for what is not
 * there. by_top1: the lambda is chosen so. */
bool kernel_judge(const KernelTarget *target, const float *k, bool by_top1, double r2[KERNEL_HEADS],
                  double top1[KERNEL_HEADS], GError **error);

/* The views worth trying of layers of that form and size; returns how many. */
size_t kernel_views(LayerForm form, size_t d_out, size_t d_in, KernelView views[8]);
