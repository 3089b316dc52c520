/* SPDX-License-Identifier: Apache-2.0 */
/* A layer is a canonical 2-D matrix X (d_out x d_in) of a model, in one of two forms:
 *   dense     X itself; a kernel (o, i, h, w) is taken as o x (i·h·w)
 *   low-rank  X = s · B · A with B (d_out x r) and A (r x d_in): an adapter
 * A low-rank layer is never multiplied out by the engine. */
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

/* All layers of a file, in the order in which they first appear: every tensor of two or more
 * dimensions in a readable float format, and every complete pair of adapter matrices. `scaling` may be NULL. Reads the
 * header only. Array of LayerInfo; free with g_array_unref. */
GArray *layer_list(const WeightFile *file, const LoraScaling *scaling);

/* A tensor that the layer is made of, the one that tells its number format. */
size_t layer_main_tensor(const LayerInfo *layer);

/* The form of the first adapter's tensor of a file, also of one that is not computed and so has no layer; FORM_NONE
 * when it is no adapter. Reads the header only. */
AdapterForm layer_adapter_form(const WeightFile *file);

/* The layer of that canonical name (or of that tensor key), or NULL. Borrowed. */
const LayerInfo *layer_find(const GArray *layers, const char *name);

/* The numbers of one layer. */
typedef struct {
  LayerForm form;
  size_t d_out, d_in, rank;
  float scale; /* s; 1 for dense */
  float *x;    /* (d_out, d_in), dense */
  float *b;    /* (d_out, rank), low-rank */
  float *a;    /* (rank, d_in), low-rank */
} Layer;

/* Reads a layer as float32. `out` is cleared with layer_clear(). */
bool layer_read(WeightFile *file, const LayerInfo *info, Layer *out, GError **error);
void layer_clear(Layer *layer);

/* The squared Frobenius norm; low-rank: s^2 tr((B'B)(AA')), without the product. */
double layer_norm2(const Layer *layer);
