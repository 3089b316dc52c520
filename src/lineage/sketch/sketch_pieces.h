/* SPDX-License-Identifier: Apache-2.0 */
/* What a sketch is made of: the tensors of a file that are numbers of the model, under their layers' names. A fused
 * matrix comes as its parts, so that it meets a model that keeps them apart; rows that GGUF's converters moved come in
 * their order. Moments, raw copies beside an average and tensors that hold an alpha are left out. */
#pragma once

#include "weights/layers/layer.h"
#include "weights/layers/qkv_rows.h"

typedef struct {
  size_t tensor;
  uint64_t first, count; /* numbers of the tensor; bytes where it holds none */
  SafeText *name;        /* of the layer, or of a part: "attn.qkv[q]" */
  TensorRole role;
  uint64_t d_out, d_in; /* of the layer or part; a vector is count x 1; 0 of an adapter's part that makes no layer */
  uint64_t heads;       /* rows to put back; 0: as they lie */
  QkvRows rows;         /* of a part whose rows alternate with the others'; heads 0: they do not */
  bool layered, dense;  /* a layer is made of it; a dense one */
  bool apart;           /* its rows lie in another order that the file does not tell: it compares with nothing */
  float scale;          /* of the low-rank layer whose main tensor it is; NAN */
} SketchPiece;

/* In the file's order. `config` may be NULL. Reads the header, and tensors that hold an alpha. Array of SketchPiece;
 * free with g_array_unref. */
GArray *sketch_pieces(WeightFile *file, const AdapterConfig *config);

/* Numbers first .. first + n of a piece as they are stored, `unit` of them packed into `width` bytes; both `first` and
 * n are whole units. */
bool sketch_piece_read(WeightFile *file, const SketchPiece *piece, size_t unit, size_t width, uint64_t first, size_t n,
                       void *dst, GError **error);
