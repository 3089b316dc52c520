/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.json, as the `tokenizers` library writes it: what of it copse uses. */
#pragma once

#include "core/json.h"
#include "encoders/vocabulary.h"

typedef struct {
  SafeText *type;                    /* of the model: "BPE", "WordPiece", …; "" when it does not say */
  Vocabulary *vocabulary;            /* its own and added tokens; NULL when it is no object of ids */
  GPtrArray *merges;                 /* of char*: left, right, left, right, … */
  char *suffix;                      /* end_of_word_suffix, or "" */
  char *prefix;                      /* continuing_subword_prefix, or "" */
  char *unknown;                     /* unk_token, or "" */
  cJSON *normalizer, *pre_tokenizer; /* as they stand, or NULL */
} TokenizerFile;

/* Reads one of at most VOCABULARY_MAX_BYTES. Errors name the file and the place. */
TokenizerFile *tokenizer_file_open(const char *path, GError **error);

/* The same from n bytes; `label` names them in messages. */
TokenizerFile *tokenizer_file_parse(const char *bytes, size_t n, const char *label, GError **error);
void tokenizer_file_free(TokenizerFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TokenizerFile, tokenizer_file_free)
