/* SPDX-License-Identifier: Apache-2.0 */
/* How the tensors of a CLIP text tower are called, in the layouts that there are. */
#pragma once

#include "encoders/clip/clip_store.h"

typedef struct {
  const char *prefix; /* before every name but the projection's */
  const char *projection_prefix;
  const char *tokens, *positions, *final, *projection;
  const char *layers;                          /* before a layer's number */
  const char *norm1, *norm2, *out, *fc1, *fc2; /* parts of a layer */
  const char *fused;                           /* query, key and value in one: "attn.in_proj weight"; or NULL */
} ClipNames;

/* The layout whose token table the file has. COPSE_ERROR_UNSUPPORTED when it is none. Static. */
const ClipNames *clip_names_for(const ClipStore *store, GError **error);
