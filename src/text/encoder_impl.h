/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of text encoder provides: seen by the encoders and encoder.c alone. */
#pragma once

#include "text/encoder.h"

typedef struct {
  /* Fills dst (dim numbers, zeroed) with the vector before it is brought to length 1. Collects unknown
   * words as char*. Returns how many known parts went in; 0 means there is no vector. */
  size_t (*encode)(TextEncoder *encoder, const char *text, float *dst, GPtrArray *unknown,
                   GError **error);
  void (*close)(TextEncoder *encoder);
} TextEncoderOps;

struct TextEncoder {
  const TextEncoderOps *ops;
  char *name;
  char *fingerprint;
  size_t dim;
  void *private_data;
};

/* The embedded English word vectors. */
bool words_open(TextEncoder *encoder, GError **error);
