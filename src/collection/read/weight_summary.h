/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of a weight file says, in a few hundred bytes and its metadata, so that the file
 * can be closed: of an archive, thousands are passed before all that lies beside them was seen. */
#pragma once

#include <glib.h>

#include "collection/read/family.h"

typedef struct {
  SafeText *format;
  ModelKind kind;
  AdapterForm adapter;
  unsigned tensors;
  uint64_t params; /* elements of float tensors */
  unsigned dtypes[DTYPE_COUNT];
  FamilyGuess family;   /* what the layers fit */
  SafeText *shapes;     /* see collection/signature.h */
  GHashTable *metadata; /* SafeText -> SafeText; a reference */
} WeightSummary;

WeightSummary *weight_summary_of(const WeightFile *file);

/* Looks whether a head beside a table of tokens of its shape is that table once more, by the bytes at several places of
 * both, and counts it once then. False when there is no such pair: the header tells all. */
bool weight_summary_count_tied(WeightSummary *summary, WeightFile *file);

/* A copy that says the same of the tensors, with other metadata, of which it takes a reference; NULL: none. */
WeightSummary *weight_summary_with(const WeightSummary *summary, GHashTable *metadata);

void weight_summary_free(WeightSummary *summary);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WeightSummary, weight_summary_free)
