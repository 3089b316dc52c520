/* SPDX-License-Identifier: Apache-2.0 */
/* A text encoder turns a string into a vector. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

typedef struct TextEncoder TextEncoder;

/* Opens an encoder by its description:
 *
 *   words            the embedded English word vectors
 *   clip:DIR         the text tower of a CLIP in a Hub folder
 *   model2vec:DIR    a static token table
 *   glove:FILE       word vectors as text (GloVe's and word2vec's files)
 *   table:FILE       texts encoded elsewhere (a safetensors file)
 *
 * A relative path is taken from the working folder; the encoder's name has it in full. Its
 * prompts are prompts_default(). COPSE_ERROR_USAGE for any other description. */
TextEncoder *text_encoder_open(const char *description, GError **error);
void text_encoder_free(TextEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TextEncoder, text_encoder_free)

/* Its description, paths in full. */
const char *text_encoder_name(const TextEncoder *encoder);

/* Name and content hash, prompts included: an expert remembers it and refuses another. */
const char *text_encoder_fingerprint(const TextEncoder *encoder);

size_t text_encoder_dim(const TextEncoder *encoder);

/* Other prompts (text/prompts.h); NULL: the default. Call before others use the encoder. */
bool text_encoder_set_prompts(TextEncoder *encoder, const char *prompts, GError **error);

/* Whether text_encoder_encode() and text_encoder_encode_many() leave vectors at the length that the encoder gives them
 * (the mean of the prompts'), as the authors of ProbeX do; at first they bring them to length 1. Call before others use
 * the encoder. */
void text_encoder_keep_length(TextEncoder *encoder, bool keep);

/* Name of its prompts. Borrowed. */
const char *text_encoder_prompts(const TextEncoder *encoder);

/* Writes dim numbers, of length 1 unless the text holds no known word: then COPSE_ERROR_NOT_FOUND
 * and zeros. The text is put into each prompt and the vectors are averaged. `unknown`, when not
 * NULL, gets a NULL-terminated list of the words that were left out, or read as others
 * ("dugong (mammal)") (g_strfreev), NULL when there are none. Thread-safe. */
bool text_encoder_encode(TextEncoder *encoder, const char *text, float *dst, char ***unknown, GError **error);

/* What such a list says to a reader: "unknown words, left out: xyzzy; read as others: dugong (mammal)". NULL when it is
 * NULL or empty. The caller frees it. */
char *text_encoder_unknown_text(char *const *unknown);

/* text_encoder_encode() for n texts, dst (n, dim). `known[i]` is false, and the row zero, where a text has no
 * vector; that is no error. Much faster than one by one for encoders that compute. */
bool text_encoder_encode_many(TextEncoder *encoder, const char *const *texts, size_t n, float *dst, bool *known,
                              GError **error);

/* The encoder's own vector of the text as it is: without prompts, not brought to length 1. */
bool text_encoder_embed(TextEncoder *encoder, const char *text, float *dst, char ***unknown, GError **error);

/* Appends the ids (uint32_t) of the text's tokens and, unless `shown` is NULL, how they read
 * (SafeText). COPSE_ERROR_UNSUPPORTED when the encoder has none. */
bool text_encoder_tokens(TextEncoder *encoder, const char *text, GArray *ids, GPtrArray *shown, GError **error);

typedef struct {
  SafeText *word;
  double cosine;
} NearWord;

/* The words of the encoder's own list that are nearest to a text, itself left out, best first:
 * NearWord, at most `limit`. `among` (NULL-terminated; NULL: the own list) are encoded and ranked
 * instead. Free with g_array_unref. COPSE_ERROR_UNSUPPORTED when it has no list. */
GArray *text_encoder_nearest(TextEncoder *encoder, const char *text, char *const *among, size_t limit, GError **error);
