/* SPDX-License-Identifier: Apache-2.0 */
/* One packed matrix: which tensors of a file it is made of, and how. Seen by packed/ alone. */
#pragma once

#include "weights/weight_file.h"

typedef enum {
  PACKING_COLUMNS, /* words hold numbers of one column (GPTQ): the inputs of one output */
  PACKING_WOVEN,   /* words hold eight columns of one input, interleaved (AWQ) */
  PACKING_ROWS,    /* words hold numbers of one row (compressed-tensors, MLX) */
  PACKING_TABLE,   /* four bits that pick from a table, high half first (bitsandbytes) */
  PACKING_E2M1,    /* four bits of floating point, low half first (MXFP4, NVFP4) */
  PACKING_SCALED,  /* one byte a number, which has a dtype of its own (FP8, int8) */
  PACKING_SHARES,  /* bytes hold numbers of rows that lie a share of all apart (HQQ) */
  PACKING_UNREAD   /* told by name and shape */
} Packing;

enum {
  PART_CODES,  /* the packed numbers */
  PART_SCALES, /* a scale a group */
  PART_ZEROS,  /* its zero, packed as the codes are, or what is added */
  PART_ORDER,  /* which group an input belongs to */
  PART_WHOLE,  /* a scale of the whole matrix; of TABLE: scales of the packed scales */
  PART_TABLE,  /* sixteen numbers */
  PART_NESTED, /* the table of packed scales */
  PACKED_PARTS
};

typedef struct {
  Packing packing;
  Dtype dtype; /* as which it is shown */
  SafeText *name;
  gssize part[PACKED_PARTS];          /* tensors of the file, or -1 */
  Dtype codes;                        /* number format of SCALED's bytes */
  unsigned bits;                      /* of one number */
  uint64_t matrices, rows, columns;   /* as they are packed */
  int rank;                           /* 2, or 3 when there are several matrices or the file says so */
  bool turned;                        /* shown as columns x rows */
  uint64_t scale_rows, scale_columns; /* scales of one matrix */
  uint64_t block_rows, block_columns; /* numbers that share one */
  bool zero_is_added, zero_less_one, whole_divides;
  uint64_t block, nested_block; /* TABLE: numbers that share a scale, scales that share one; SHARES: numbers of a row of
                                   groups, rows of a share */
  bool by_columns;              /* SHARES: a scale a column of groups, else a row */
  double nested_offset;
} PackedTensor;
