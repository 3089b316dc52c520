/* SPDX-License-Identifier: Apache-2.0 */
/* Which models train, which validate and which test; drawn so that kin stay on one side, and remembered by content, so
 * that renaming, moving or adding files changes no figure of an expert that is there. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  SPLIT_TRAIN,
  SPLIT_VAL,
  SPLIT_TEST,
  SPLIT_HOLDOUT,
  SPLIT_VAL_HOLDOUT, /* never drawn: a folder's, where it is asked for */
  SPLIT_COUNT
} TaskSplit;

/* A model's content in 128 bits. */
typedef struct {
  uint64_t hi, lo;
} SplitKey;

/* For tables whose keys are SplitKey*. */
guint split_key_hash(gconstpointer key);
gboolean split_key_equal(gconstpointer a, gconstpointer b);

/* What is to be split. */
typedef struct {
  size_t n, groups;
  const size_t *group; /* (n): in [0, groups); models of a group share their side */
  const size_t *label; /* (n): in [0, labels); NULL: models have many labels, and none is held out */
  size_t labels;
  const SplitKey *key; /* (n) */
  uint64_t seed;
} SplitPlan;

/* Draws by seed and content: a tenth of the groups each for validation and test, and with labels 15 % of those, but
 * two at the least, into SPLIT_HOLDOUT with all their models (when there are six labels; a group of several labels
 * goes with its first model's). Of each label one group trains. A group's side depends on its own content and hardly on
 * what else is there. split (n) is written. */
void split_draw(const SplitPlan *plan, TaskSplit *split);

/* Takes validation out of the training part alone, in the same way. */
void split_draw_validation(const SplitPlan *plan, TaskSplit *split);

/* Which content was where. */
typedef struct {
  size_t n;
  SplitKey *key;          /* (n) */
  TaskSplit *part;        /* (n) */
  bool drawn, val_drawn;  /* by copse; val_drawn: validation alone */
  size_t grouped, groups; /* models that had kin, and groups that all fell into; 0, 0: not known */
  GPtrArray *labels;      /* (n) of GPtrArray of char*: what they were called (split_labels.h); or NULL */
} SplitRecord;

SplitRecord *split_record_new(const SplitKey *key, const TaskSplit *part, size_t n);
void split_record_free(SplitRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SplitRecord, split_record_free)

/* The parts of models by their content; SPLIT_COUNT for one that was not there. Content that was there k times is found
 * k times. */
void split_record_apply(const SplitRecord *record, const SplitKey *key, size_t n, TaskSplit *split);

/* As numbers for a file, SPLIT_RECORD_WIDTH a model, each a whole number below 65536; and back. NULL for numbers that
 * are none of these. The caller frees both. */
enum { SPLIT_RECORD_WIDTH = 9 };
float *split_record_pack(const SplitRecord *record);
SplitRecord *split_record_unpack(const float *numbers, size_t n);
