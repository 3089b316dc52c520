/* SPDX-License-Identifier: Apache-2.0 */
/* The layer of one model that stands for a layer of another: the same one under whatever name, several that it is fused
 * from, or some rows of one that it is fused into. */
#pragma once

#include "weights/layers/layer.h"
#include "weights/layers/name_key.h"

typedef struct LayerMatch LayerMatch;

/* `layers` (of LayerInfo) is borrowed. */
LayerMatch *layer_match_new(const GArray *layers);
void layer_match_free(LayerMatch *match); /* NULL-safe */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LayerMatch, layer_match_free)

/* One or more layers above each other, of which the rows from `first` on count. */
typedef struct {
  unsigned n;
  const LayerInfo *info[NAME_MOST_PARTS];
  uint64_t first, d_out, d_in;
  bool ordered;   /* rows that alternate (qkv_rows.h) are brought into order first */
  uint64_t heads; /* those rows' */
} LayerRef;

/* A layer for itself. */
LayerRef layer_ref_of(const LayerInfo *info);

/* What stands for `layer`; false when nothing does. */
bool layer_match_find(const LayerMatch *match, const LayerInfo *layer, LayerRef *out);

/* `layer` itself, to be compared with what was found to stand for it. */
LayerRef layer_ref_facing(const LayerInfo *layer, const LayerRef *other);

/* Fills in the heads of what is to be ordered: either file says how many, else as many as bring the two nearest. False
 * when no number of heads fits. */
bool layer_refs_settle(WeightFile *a, LayerRef *x, WeightFile *b, LayerRef *y);

/* Reads what a reference says as one layer; `out` is cleared with layer_clear(). False when it cannot be read. */
bool layer_ref_read(WeightFile *file, const LayerRef *ref, Layer *out);
