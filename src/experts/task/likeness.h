/* SPDX-License-Identifier: Apache-2.0 */
/* Which models are copies of each other, or near kin, by the numbers in a few of their layers; the rule is in kin.h.
 *
 * Each layer X is looked at through P' X Q with 24 columns of random numbers on either side (low-rank layers in their
 * factors), brought to length 1 and centred on the mean of all models. Equal layers have equal pictures; the cosine of
 * others is right to some hundredths. */
#pragma once

#include "collection/collection.h"

/* Two models that belong together; `copy`: they hold the same numbers but for rounding. */
typedef void (*LikenessPair)(void *user, size_t i, size_t j, bool copy);

/* Tells of every such pair among models (Model*) of one architecture. label (n): models of one
 * number are peers; NULL: all are. All ranks of a team call it together: each takes some of the layers, the leader
 * compares. False when cancelled. */
bool likeness_pairs(const Collection *collection, const GPtrArray *models, const size_t *label, LikenessPair pair,
                    void *user, const Progress *progress, GError **error);
