/* SPDX-License-Identifier: Apache-2.0 */
/* One row of a comparison: a layer, or a tensor that is none, of two models. */
#pragma once

#include "core/text.h"
#include "weights/layers/layer.h"

typedef enum {
  LAYER_SAME, /* number for number */
  LAYER_MOVED,
  LAYER_ADDED_TO, /* one is an adapter of the other's dense layer: its size is what is measured */
  LAYER_OTHER_SHAPE,
  LAYER_ONLY_P,
  LAYER_ONLY_X,
  LAYER_UNREAD,    /* its numbers cannot be read */
  LAYER_UNCOMPUTED /* an adapter changes it in a way that is not computed */
} LayerState;

/* "same", "moved", "adapter", … Static text. */
const char *layer_state_name(LayerState state);

/* One side of a row; d_out 0 where the layer is missing. */
typedef struct {
  LayerForm form;
  uint64_t d_out, d_in, rank;
  Dtype dtype;
} LayerSide;

typedef struct {
  SafeText *name;
  LayerState state;
  LayerSide p, x;
  double distance;          /* |X - P|, an adapter's own size; NAN when not compared */
  double size;              /* |P|, of the dense one beside an adapter; NAN */
  double relative;          /* distance over size; NAN */
  double scale;             /* s of a low-rank change that stands beside nothing; NAN */
  const char *scale_source; /* who says so; static text, NULL: nobody */
  unsigned rank;            /* of the difference; RANK_PROBES: that many or more; 0: not known */
} DiffRow;
