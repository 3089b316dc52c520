/* SPDX-License-Identifier: Apache-2.0 */
/* What a layer is: where its numbers lie in a file, and the numbers themselves. The functions are layer.h's. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include "weights/layers/adapter_form.h"
#include "weights/layers/adapter_scale.h"
#include "weights/weight_file.h"

typedef enum { LAYER_DENSE, LAYER_LOW_RANK } LayerForm;

/* Factors of a higher rank are no adapter; pairs of such are left out of layer_list(). */
enum { LAYER_MAX_RANK = 4096 };

/* How a pair of factors is stored. */
typedef enum {
  PAIR_PLAIN,       /* A r x d_in, B d_out x r */
  PAIR_TRANSPOSED,  /* A d_in x r, B r x d_out (MLX) */
  PAIR_EMBEDDING,   /* A r x n, B d x r; the change of the n x d table is (B A)' (PEFT) */
  PAIR_TOKEN_TABLE, /* A n x r, B d x r; the change is A B' (GGUF) */
} PairOrder;

/* Where a layer's numbers are in a file. */
typedef struct {
  SafeText *name; /* canonical */
  LayerForm form;
  uint64_t d_out, d_in;
  uint64_t rank;              /* low-rank only */
  gssize weight;              /* tensor index, dense */
  uint64_t first;             /* number of that tensor which the layer begins with */
  bool stacked;               /* one of several matrices in it: expert_stack.h */
  gssize a, b, alpha;         /* tensor indices, low-rank; -1 when there is none: forms other than LoRA have parts */
  PairOrder order;            /* of a and b */
  AdapterForm adapter;        /* FORM_NONE for a matrix itself; a dense layer can be a difference */
  gssize part[ADAPTER_PARTS]; /* tensor indices, or -1 */
  AdapterScale scale;         /* of a low-rank layer */
  bool widest;    /* d_in is the most that it can be: VeRA shares one A, of which a layer uses the first columns */
  bool permuted;  /* rows lie as GGUF's converters put those of llama's q and k */
  uint64_t heads; /* that they belong to; 0: the file does not say, and they stay where they are */
} LayerInfo;

/* The numbers of one layer. */
typedef struct {
  LayerForm form;
  size_t d_out, d_in, rank;
  float scale; /* s; 1 for dense */
  float *x;    /* (d_out, d_in), dense */
  float *b;    /* (d_out, rank), low-rank */
  float *a;    /* (rank, d_in), low-rank */
} Layer;
