/* SPDX-License-Identifier: Apache-2.0 */
/* A trained expert: the parameters, and everything one must know to use and judge it. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "collection/collection.h"
#include "experts/guard/guard.h"
#include "experts/kernel/kernel.h"
#include "experts/probex/layer_set.h"
#include "experts/probex/probex.h"
#include "experts/task/split.h"
#include "numerics/rate.h"
#include "encoders/encoder.h"
#include "experts/curve.h"

typedef enum { EXPERT_ALIGN, EXPERT_CLASSIFY } ExpertTask;

/* The representations of an expert that is not stored, as their file would be; NULL: none yet. */
typedef struct {
  GBytes *content;
} ExpertRows;

typedef struct {
  SafeText *name; /* file name without ending: "probex-mid.0-words" */
  char *path;     /* of the checkpoint; NULL before it is stored */
  bool foreign;   /* a file from elsewhere, not one of the collection's experts: it chooses no path that is opened */
  ExpertTask task;
  SafeText *layer;   /* canonical */
  SafeText *shapes;  /* architecture it belongs to (Model.shapes) */
  int tree;          /* that it was restricted to, as numbered then; -1: to none */
  SafeText *encoder; /* description of the text encoder, align only */
  SafeText *fingerprint;
  bool raw_text;        /* text vectors go to the head as the encoder gives them: not centred, not of length 1 */
  SafeText *prompts;    /* of the encoder (text/prompts.h); NULL: the encoder's default */
  SafeText *label_key;  /* label source (experts/task/label_source.h) */
  SafeText *stop_words; /* left out of tags, or NULL */
  unsigned min_count;   /* models that a label needed; 0: the source's default */
  SplitRecord *split;   /* who trained, validated and tested; NULL: not known, from an old file */
  GPtrArray *labels;    /* of SafeText: the concepts it was trained on */
  uint64_t seed;
  uint64_t run; /* key of the options and models it was trained with; 0: not known */
  unsigned epochs;
  GArray *curve; /* of EpochRow: how it was trained by steps; NULL: in closed form, or not known */
  double seconds;
  double temperature;              /* of its probabilities, fitted on validation; 1 when it was not */
  double threshold;                /* of confidence: below it the answer is "don't know"; NAN: not known */
  double floor;                    /* align: of nine in ten right validation answers the cosine is above; a best label
                          below it means "none of these"; NAN: not known */
  double answered, answered_right; /* on test: share above the threshold, share of those right; NAN */
  Score val, test, test_holdout;   /* test: seen concepts; test_holdout: concepts never trained on */
  Kernel *kernel;                  /* a kernel expert's; NULL for ProbeX */
  Probex *probex;                  /* for raw layers: the spread it was trained at is folded into V */
  float *centre;                   /* (d_out, d_in): subtracted from a raw layer first; NULL: nothing */
  Guard *guard;                    /* of a trained form: tells models of another kind; NULL: nothing does */
  float *text_mean;                /* (d_text): removed from text vectors before they are mapped; align only */
  ExpertRows *rows;                /* representation.c's; NULL: not made by expert_new() */
} Expert;

/* The temperature and the threshold of its answers; `unseen`: where labels that it was not trained on are among the
 * choices, for which a kernel expert may have its own. */
bool expert_knows_unseen(const Expert *expert);
double expert_temperature(const Expert *expert, bool unseen);
double expert_threshold(const Expert *expert, bool unseen);

/* "probex", "multiview" or "kernel". Static text. */
const char *expert_kind_name(const Expert *expert);

/* "align" or "classify". */
const char *expert_task_name(ExpertTask task);

/* Of the training models, turned into another basis, the share that it answers for nevertheless; NAN when it does not
 * tell what does not belong to it. */
double expert_foreign_passed(const Expert *expert);

Expert *expert_new(void);
void expert_free(Expert *expert);

/* True for a model of the architecture and the tree that the expert was trained for; upstream's checkpoints name
 * neither, and any model may be. */
bool expert_is_for(const Expert *expert, const Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Expert, expert_free)

/* Reads a checkpoint: safetensors under upstream's names (probes.weight, shared_probe_proj.weight,
 * per_probe_encoders.*, regression_head.* or classification_head.*), so that either program opens
 * the other's; ours add copse.tau, copse.text_mean, copse.centre and the facts as metadata. */
Expert *expert_load(const char *path, GError **error);

/* True when the checkpoint says that it is of this run: its head alone is read, whatever became of the rest. */
bool expert_is_of_run(const char *path, uint64_t run);

/* Writes a checkpoint, whole or not at all. */
bool expert_save(const Expert *expert, const char *path, GError **error);

/* The experts of a collection, best validation first. Array of Expert*; files that cannot be
 * read are left out with a message in `warnings` (char*, may be NULL). */
GPtrArray *expert_list(const Collection *collection, GPtrArray *warnings, GError **error);

/* Folder of the collection's experts, or NULL when it has no state. The caller frees it. */
char *expert_folder(const Collection *collection);

/* The place of the expert of that name among `experts` (of Expert*), which may be NULL like the name; -1: none. */
int experts_index(const GPtrArray *experts, const char *name);

/* The expert of that name in the collection, or in the file of that path; NULL: the best one. */
Expert *expert_find(const Collection *collection, const char *name, GError **error);

/* Names the text encoder, and its prompts, of an expert that aligns; each may be NULL: as it was. One that says what it
 * was trained with takes no other (expert_takes_encoder()). */
void expert_set_encoder(Expert *expert, const char *encoder, const char *prompts);

/* The text encoder it was trained with, its prompts set; "words" when a file of ours does not say. COPSE_ERROR_USAGE for
 * a file of the authors' programs, which name none, until expert_set_encoder() did. One that lies at a path
 * is not opened for a foreign expert, unless that named it: COPSE_ERROR_UNSUPPORTED. */
TextEncoder *expert_open_encoder(const Expert *expert, GError **error);

/* False with an error when the expert was trained with another encoder. */
bool expert_takes_encoder(const Expert *expert, const TextEncoder *encoder, GError **error);

/* vector (r_t) of a text in the expert's representation space, length 1. `encoder` must be the one it
 * was trained with: another is refused by its fingerprint. */
bool expert_map_text(const Expert *expert, TextEncoder *encoder, const char *text, float *vector, char ***unknown,
                     GError **error);

/* The same for n texts at once, vectors (n, r_t). `known` (n): whether each holds a known word, its
 * vector is zero otherwise; NULL: each must. */
bool expert_map_texts(const Expert *expert, TextEncoder *encoder, const char *const *texts, size_t n, float *vectors,
                      bool *known, GError **error);

/* Where labels' vectors (n, d_text), centred and of length 1, lie among the representations: mapped (n, r_t). `names`
 * (n) are the labels, by which a kernel expert tells those it was trained on. */
void expert_map_vectors(const Expert *expert, const char *const *names, const float *text, size_t n, float *mapped);

/* e (n, r_t) of every model of a set of raw layers; a dense set is centred in place if the expert is. The
 * set must have the expert's layer shape. */
bool expert_represent(const Expert *expert, LayerSet *set, float *e, const Progress *progress, GError **error);
