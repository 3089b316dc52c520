/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer is: where its numbers lie in a file, and the numbers themselves. The functions are layer.h's. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "weights/layers/adapter_form.h"
#include "weights/weight_file.h"

typedef enum { LAYER_DENSE, LAYER_LOW_RANK } LayerForm;

/* Factors of a higher rank are no adapter; pairs of such are left out of layer_list(). */
enum { LAYER_MAX_RANK = 4096 };

/* Where a layer's numbers are in a file. */
typedef struct {
  SafeText *name; /* canonical */
  LayerForm form;
  uint64_t d_out, d_in;
  uint64_t rank;              /* low-rank only */
  gssize weight;              /* tensor index, dense */
  gssize a, b, alpha;         /* tensor indices, low-rank; -1 when there is none: forms other than LoRA have parts */
  AdapterForm adapter;        /* FORM_NONE for a dense layer */
  gssize part[ADAPTER_PARTS]; /* tensor indices, or -1 */
  uint64_t scale_rank;        /* what alpha is divided by; 0: the scale is 1 */
  bool transposed;            /* A and B are stored as their transposes */
  double config_alpha;        /* alpha of the adapter's configuration, NAN when there is none */
  bool rank_stabilised;       /* rsLoRA: s = alpha / sqrt(r) */
} LayerInfo;

/* What adapter_config.json says of the scale; applies to tensors without an alpha of their own. */
typedef struct {
  double alpha;         /* lora_alpha; NAN when absent */
  bool rank_stabilised; /* use_rslora */
} LoraScaling;

/* The numbers of one layer. */
typedef struct {
  LayerForm form;
  size_t d_out, d_in, rank;
  float scale; /* s; 1 for dense */
  float *x;    /* (d_out, d_in), dense */
  float *b;    /* (d_out, rank), low-rank */
  float *a;    /* (rank, d_in), low-rank */
} Layer;
