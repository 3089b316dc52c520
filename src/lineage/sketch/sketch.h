/* SPDX-License-Identifier: Apache-2.0 */
/* What lineage remembers of a model's weights: one pass over the file, then every question about
 * two models is answered from their sketches. A matrix takes up to 5.4 kB (small ones up to 8.5 kB; a model 73 kB more than its projections), any other
 * tensor 0.2 kB and its name: 100,000 models of 24 matrices are 10 GB, of a ViT-B/16 each some 18 GB.
 *
 * A sketch is immutable after model_sketch_centre() and may then be read by several threads. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/progress.h"
#include "numerics/hash.h"
#include "lineage/sketch/symmetry.h"
#include "numerics/moments.h"
#include "weights/layers/layer.h"
#include "weights/layers/tensor_name.h"
#include "weights/weight_file.h"

/* Tables of tokens are made longer: numbers of rows that a longer one has too, at places that depend on the width
 * alone once there are 1,024 rows. */
enum { TABLE_SAMPLES = 256 };

/* What a tensor is to the comparison of two models. */
typedef enum {
  PART_MATRIX,  /* a dense layer of the trunk: projected and compared */
  PART_HEAD,    /* the output layer, weight or bias: changes with the task, so it is left out of
                   kinship */
  PART_VECTOR,  /* a bias or a norm layer: statistics alone, strangers are alike in these */
  PART_CLOCK,   /* a counter of training steps */
  PART_ADAPTER, /* A or B of a low-rank layer */
  PART_OTHER    /* anything else: only its fingerprint counts */
} PartKind;

typedef struct {
  SafeText *name; /* canonical layer name; of some rows of a fused one, "attn.qkv[q]" */
  TensorRole role;
  PartKind part;
  bool projected;
  bool gridded; /* quantised: as stored, or once (grid.h); of PART_MATRIX alone */
  Dtype dtype;
  uint64_t d_out, d_in; /* of the layer; a vector is count x 1 */
  float scale;          /* how strongly the adapter's layer acts whose main tensor this is; NAN */
  uint64_t seed;        /* equal in two models: same key of the name (name_key.h), role and shape */
  Moments moments;
  ContentHash hash;                      /* of the bytes as they are stored, and of the number format */
  uint64_t as_single, as_half, as_brain; /* of the first PROJECTION_RUN numbers, rounded to F32, F16
                                            and BF16; of what holds no floats: the hash's */
  size_t width;                          /* of the projection */
  float *projection;                     /* projection_width() numbers, when `projected` */
  size_t placed;                         /* numbers at random places (numerics/tail.h), of PART_MATRIX alone */
  float *places;
  float *table; /* TABLE_SAMPLES numbers of the first rows, of a table of tokens or a head; NULL of all else */
} TensorSketch;

typedef struct {
  GArray *tensors;                          /* of TensorSketch, by seed */
  GArray *sides;                            /* of SymmetrySide: what permuted neurons leave as it is */
  ContentHash content;                      /* of all tensors, whatever their order, names and container */
  ContentHash as_single, as_half, as_brain; /* the same of the rounded numbers */
  double epsilon;                           /* rounding error of the coarsest float format in use, relative */
  double norm2;                             /* sum of squares over the trunk */
  bool quantised;                           /* most of the trunk is gridded */
  uint64_t trunk;                           /* elements of the PART_MATRIX tensors that can be compared */
  bool finite;                              /* false: some float tensor holds NaN or infinity */

  /* What tells a child from its parent (see direction.h); NAN when there is nothing to tell. */
  double clock;       /* sum of the step counters */
  double kurtosis;    /* of the matrices, weighted by their elements */
  double norm_layers; /* sum of (w - 1)^2 over one-dimensional weights */
  double biases;      /* sum of squares */
  double head_scale;  /* mean square of the head's weight x its d_in */
  uint64_t head_out;  /* its d_out, 0 when there is no head */
  double zeros;       /* share of the matrices' numbers that are 0, by those at random places */
} ModelSketch;

/* Reads every tensor of the file once, in blocks of 256 kB. `config` is what stands beside an adapter, or NULL. `seed`
 * picks the projections: only sketches of one seed compare. NULL when bytes cannot be read or p is cancelled. */
ModelSketch *model_sketch_read(WeightFile *file, const AdapterConfig *config, uint64_t seed, const Progress *p,
                               GError **error);

void model_sketch_free(ModelSketch *sketch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelSketch, model_sketch_free)

/* An empty sketch to append tensors to, and the last step after that: sorts them, sums up. */
ModelSketch *model_sketch_new(void);
void model_sketch_settle(ModelSketch *sketch);

/* Subtracts the mean from every projection: tensors that start as a non-zero constant would
 * otherwise look alike in strangers. Once for each set of sketches (ModelSketch* or NULL), which
 * share the projections of ones. */
void model_sketches_centre(const GPtrArray *sketches, unsigned threads);

/* As a checksummed block of bytes and back. NULL for bytes that are damaged, of another version
 * or made with another seed. Sketches are stored before they are centred. */
GBytes *model_sketch_pack(const ModelSketch *sketch, uint64_t seed);
ModelSketch *model_sketch_unpack(GBytes *bytes, uint64_t seed);

/* Sum of (w - mean)^2, or 0 for a tensor that cannot be compared: constant to within float32's
 * rounding, or with a NaN or infinity in it. */
double tensor_sketch_variation(const TensorSketch *tensor);

/* True when both hold the same numbers, but for rounding to the coarser of two different formats. */
bool tensor_sketch_equal(const TensorSketch *a, const TensorSketch *b);

/* True for the layer that maps to the task's outputs, by the words that models use for it. */
bool layer_name_is_head(const SafeText *name);
