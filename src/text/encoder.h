/* SPDX-License-Identifier: Apache-2.0 */
/* A text encoder turns a string into a vector. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

typedef struct TextEncoder TextEncoder;

/* Opens an encoder by its description: "words" (embedded English word vectors). */
TextEncoder *text_encoder_open(const char *description, GError **error);
void text_encoder_free(TextEncoder *encoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TextEncoder, text_encoder_free)

/* "words". */
const char *text_encoder_name(const TextEncoder *encoder);

/* Name and content hash: an expert remembers it and refuses another. */
const char *text_encoder_fingerprint(const TextEncoder *encoder);

size_t text_encoder_dim(const TextEncoder *encoder);

/* Writes dim numbers, of length 1 unless the text holds no known word: then COPSE_ERROR_NOT_FOUND
 * and zeros. `unknown`, when not NULL, gets a NULL-terminated list of the words that were left out
 * (g_strfreev), NULL when there are none. Thread-safe. */
bool text_encoder_encode(TextEncoder *encoder, const char *text, float *dst, char ***unknown,
                         GError **error);
