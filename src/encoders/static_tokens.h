/* SPDX-License-Identifier: Apache-2.0 */
/* Tokenizers of static token tables: BERT's WordPiece, and byte pairs as GPT-2 has them. */
#pragma once

#include "encoders/tokenizer_file.h"

typedef struct StaticTokens StaticTokens;

/* Makes one of a tokenizer.json, whose vocabulary it takes. COPSE_ERROR_UNSUPPORTED, naming the
 * type, for any other than WordPiece and byte-level BPE. */
StaticTokens *static_tokens_new(TokenizerFile *file, const char *label, GError **error);
void static_tokens_free(StaticTokens *tokens);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(StaticTokens, static_tokens_free)

const Vocabulary *static_tokens_vocabulary(const StaticTokens *tokens);

/* Appends the ids (uint32_t) of a text, at most `limit`, without special tokens; what the
 * vocabulary lacks is left out, and added to `unknown` (char*, may be NULL). Thread-safe. */
void static_tokens_encode(const StaticTokens *tokens, const char *text, size_t limit, GArray *ids, GPtrArray *unknown);

/* How a token reads. The caller frees it. */
SafeText *static_tokens_show(const StaticTokens *tokens, uint32_t id);
