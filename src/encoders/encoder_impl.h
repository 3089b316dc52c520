/* SPDX-License-Identifier: Apache-2.0 */
/* What a kind of text encoder provides: seen by the encoders and encoder.c alone. */
#pragma once

#include "encoders/encoder.h"
#include "encoders/prompts.h"

typedef struct {
  /* Fills dst (dim numbers, zeroed) with the encoder's own vector. Collects unknown words as
   * char*. Returns how many known parts went in; 0 means there is no vector. */
  size_t (*encode)(TextEncoder *encoder, const char *text, float *dst, GPtrArray *unknown, GError **error);
  /* The same for n texts at once, dst (n, dim); NULL: one after the other. */
  bool (*encode_many)(TextEncoder *encoder, const char *const *texts, size_t n, float *dst, GError **error);
  /* Appends the ids (uint32_t) of a text's tokens and, unless NULL, how they read (SafeText).
   * NULL: it has no tokens. */
  bool (*tokens)(TextEncoder *encoder, const char *text, GArray *ids, GPtrArray *shown, GError **error);
  /* The vector (dim) of word i, below `words`, and the word itself, which the caller frees. NULL:
   * it has no list of words. */
  bool (*vector)(TextEncoder *encoder, size_t i, float *dst);
  SafeText *(*word)(TextEncoder *encoder, size_t i);
  void (*close)(TextEncoder *encoder);
} TextEncoderOps;

struct TextEncoder {
  const TextEncoderOps *ops;
  char *name;
  char *own;         /* fingerprint of the encoder itself */
  char *fingerprint; /* with that of its prompts */
  size_t dim;
  size_t words; /* see word() */
  Prompts *prompts;
  bool own_length; /* vectors are not brought to length 1 */
  void *private_data;
};

/* The kinds: each fills ops, own, dim and private_data, or fails; what it has filled by
 * then is freed through ops->close. */
bool words_open(TextEncoder *encoder, GError **error);
bool clip_open(TextEncoder *encoder, const char *folder, GError **error);
bool model2vec_open(TextEncoder *encoder, const char *folder, GError **error);
bool glove_open(TextEncoder *encoder, const char *path, GError **error);
bool table_open(TextEncoder *encoder, const char *path, GError **error);
