/* SPDX-License-Identifier: Apache-2.0 */
/* Writes small CLIP folders whose weights follow from a simple generator, so that answers recorded
 * elsewhere can be compared. Layout, vocabulary 1214, width 16, 2 heads, 2 layers, dim 12. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "weights/dtype.h"

enum { CLIP_FIXTURE_DIM = 12, CLIP_FIXTURE_WIDTH = 16 };

typedef struct {
  const char *config;       /* text of config.json; NULL: none is written */
  const char *config_name;  /* NULL: config.json */
  const char *weights_name; /* NULL: model.safetensors */
  Dtype dtype;              /* DTYPE_F64 (0) stands for DTYPE_F32 */
  const char *prefix;       /* before transformers' names: "text_model." or "" */
  bool open_clip;           /* OpenCLIP's names and fused projections instead */
  bool no_projection;
  const char *leave_out; /* a tensor that is not written, or NULL */
  const char *misshape;  /* a tensor that lacks its last row, or NULL */
  bool no_tokenizer;
} ClipFixture;

/* Writes the folder, made if it is not there. */
void clip_fixture_write(const char *folder, const ClipFixture *fixture);
