/* SPDX-License-Identifier: Apache-2.0 */
/* Models that must stay on one side of a split, since one tells what the other is: copies and recasts, near kin, the
 * checkpoints of one run, and whatever the caller sets together. With copies on both sides pure noise is read back.
 *
 * Likeness is the cosine of what sets two models apart from the mean of all, in the layer of a few in which they are
 * least alike. A copy has .9995 and more whatever its labels are. Near kin have at least .5, and stand out from what
 * models of one label have among each other: models of one label are alike because of the label, and few of them much
 * more so than the others. */
#pragma once

#include "collection/collection.h"

typedef enum { KIN_COPY, KIN_NEAR, KIN_RUN, KIN_GIVEN, KIN_REASONS } KinReason;

typedef struct {
  size_t n, groups;
  size_t *group;                /* (n): in [0, groups), numbered as they come */
  unsigned joined[KIN_REASONS]; /* groups that were joined for that reason */
} Kin;

/* What is asked. label (n): models of one number share their label. `given` (path -> key, both char*; may be NULL):
 * models of one key belong together. `given_only`: nothing else is looked at. */
typedef struct {
  const Collection *collection; /* NULL: weights are not looked at */
  const size_t *label;
  bool
      many; /* a model has many labels, of which `label` tells one list from another: near kin are told from all pairs */
  const GHashTable *given;
  bool given_only;
} KinQuestion;

/* Of models (Model*) of one architecture. Reads up to four layers of each. A layer that cannot be read as one is passed
 * over. NULL when cancelled. */
Kin *kin_find(const GPtrArray *models, const KinQuestion *question, const Progress *progress, GError **error);
void kin_free(Kin *kin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Kin, kin_free)

/* As a table for KinQuestion.given: path -> key. The caller frees it. */
GHashTable *kin_table(const Kin *kin, const GPtrArray *models);

/* How many models are in a group with another. */
size_t kin_grouped(const Kin *kin);

/* "copies and recasts", … Static text. */
const char *kin_reason_name(KinReason reason);
