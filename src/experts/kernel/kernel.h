/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel expert: ridge regression on the likeness of a model's weights to those of the training models, over several
 * layers and views, in closed form.
 *
 *   k(x)_j = sum of w_t K_t(x, j)          t: terms, each a layer and a view, scaled as kernel_scale.h says
 *   e(x)   = k(x)' A + b
 *
 * For classes the answer may be shared with directions (direction.h), as models left out say.
 *
 * For alignment there are two such answers, side by side and each of length 1, since what serves labels that were
 * trained on is not what serves others: the first is read for trained labels, the second for any other text. */
#pragma once

#include "collection/collection.h"
#include "experts/kernel/direction.h"
#include "experts/kernel/kernel_gate.h"
#include "experts/kernel/kernel_gram.h"
#include "experts/kernel/kernel_scale.h"
#include "experts/probex/probex.h"
#include "weights/weight_file.h"

/* Log of the inverse temperature of cosines before any is fitted. */
#define KERNEL_SHARPNESS 3.0f

/* Questions about trained labels, and about others. */
enum { KERNEL_SEEN, KERNEL_UNSEEN, KERNEL_HEADS };

typedef struct {
  size_t layer; /* index into Kernel.layers */
  KernelView view;
  float weight[KERNEL_HEADS]; /* of the term in each sum; they add up to 1 */
  KernelScale *scale;
} KernelTerm;

typedef struct {
  size_t width; /* numbers of the answer; 0: there is no such head */
  float *a;     /* (n, width) */
  float *b;     /* (width) */
  double lambda;
} KernelHead;

typedef struct {
  size_t n;          /* training models that new ones are compared with: all, or landmarks (landmarks.h) */
  GPtrArray *layers; /* of SafeText: canonical names */
  GPtrArray *rows;   /* of KernelRows: the training models, by layer */
  GArray *terms;     /* of KernelTerm */
  KernelHead head[KERNEL_HEADS];
  GPtrArray *directions; /* of Directions, of classes: what is added to the first answer */
  float ridge;           /* share of the first answer that ridge has; theirs are their weights */
  bool one_hot;          /* the first head answers with a number a label instead of a text's vector */
  double left_out[2];    /* exact top-1 of models, and of whole labels, left out; classes: r² of models left out */
  KernelGate *gate;      /* or NULL: nothing tells what belongs here */
  double unseen_temperature, unseen_threshold; /* of answers about labels never trained on, fitted on whole labels left
                            out: Expert.temperature and .threshold for those; NAN: not known */
  double least_norm; /* of the centred answer of the last head: below it a model is of another kind; 0: not known */
} Kernel;

Kernel *kernel_new(void);
void kernel_free(Kernel *kernel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kernel, kernel_free)

/* Which of its two sums the gate looks at: the one for labels never trained on where there is one. */
int kernel_gate_head(const Kernel *kernel);

/* Numbers of a whole answer. */
size_t kernel_width(const Kernel *kernel);

/* Adds a term; takes scale. */
void kernel_add_term(Kernel *kernel, size_t layer, KernelView view, const float weight[KERNEL_HEADS],
                     KernelScale *scale);

/* e (n, width) of models whose layers are in `sets` (LayerSet* by layer, all of n models). The e of
 * those that are unlike anything in training is zero. *nothing (n, may be NULL): models with nothing in any layer. */
bool kernel_represent(const Kernel *kernel, const GPtrArray *sets, float *e, bool *nothing, const Progress *progress,
                      GError **error);

/* The sums of all terms (sets' n, kernel's n) of models against those that the kernel holds, by head; one that is NULL is
 * left out. there (n) becomes true where a layer holds something. *extra: what directions answer (n, width) is added, or
 * NULL. */
bool kernel_likeness(const Kernel *kernel, const GPtrArray *sets, float *const sums[KERNEL_HEADS], bool *there,
                     float *extra, const Progress *progress, GError **error);

/* The same of rows at hand (KernelRows* by layer). */
bool kernel_likeness_of_rows(const Kernel *kernel, const GPtrArray *rows, float *const sums[KERNEL_HEADS], bool *there,
                             float *extra, const Progress *progress, GError **error);

/* The same as kernel_represent(), reading the layers of the models (Model*). *broken (n): models that hold no numbers one can reckon with;
 * the e of one with nothing at all is zero. */
bool kernel_read_and_represent(const Kernel *kernel, const Collection *collection, const GPtrArray *models, float *e,
                               bool *broken, const Progress *progress, GError **error);

/* Where texts lie (n, width): `text` (n, d_text), centred and of length 1; label[i] is the index of the trained label
 * that text i is, or -1. The product with e of length 1 is the cosine with the answer that the label is read from. */
void kernel_map_text(const Kernel *kernel, const float *text, const gssize *label, size_t n, size_t d_text,
                     float *mapped);

/* What stands in for ProbeX's parameters where a kernel speaks: sizes, a temperature, and for classes a head that hands
 * the answer on, four times over (answers lie about -1 and 1, logits further out). One of d_text and classes is 0. */
Probex *kernel_shell(const Kernel *kernel, size_t d_text, size_t classes, GError **error);

/* Tells one kernel from another. */
uint64_t kernel_hash(const Kernel *kernel);
