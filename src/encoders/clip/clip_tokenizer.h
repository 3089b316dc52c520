/* SPDX-License-Identifier: Apache-2.0 */
/* CLIP's tokenizer: a text to the ids that the text tower takes.
 *
 *   <|startoftext|>  words by clip_text.h, each by byte pairs  <|endoftext|>
 *
 * The two special tokens typed by a user are those tokens: <|endoftext|> wherever it stands in the
 * text, <|startoftext|> wherever it stands once the text is in lower case. Added tokens (clip_added.h) go before. */
#pragma once

#include "encoders/bpe.h"

/* Positions of the published models; the tower's own number counts. */
enum { CLIP_CONTEXT = 77 };

typedef struct ClipTokenizer ClipTokenizer;

/* Reads vocab.json and merges.txt of a folder, or its tokenizer.json, else those in the folder
 * `tokenizer` beside it (or tokenizer_2 beside text_encoder_2), where diffusers' pipelines keep
 * them. Errors name the file and what was expected. */
ClipTokenizer *clip_tokenizer_open(const char *folder, GError **error);

/* Over bytes of a vocab.json and a merges.txt, or of a tokenizer.json when `merges` is NULL. */
ClipTokenizer *clip_tokenizer_parse(const char *vocabulary, size_t n, const char *merges, size_t m, const char *label,
                                    GError **error);
void clip_tokenizer_free(ClipTokenizer *tokenizer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClipTokenizer, clip_tokenizer_free)

/* Appends the ids (uint32_t): a start, the text, an end, at most `limit` in all (at least 2); a
 * text that is too long is cut before its end. Thread-safe. */
void clip_tokenizer_encode(const ClipTokenizer *tokenizer, const char *text, size_t limit, GArray *ids);

/* The id of <|endoftext|>. */
uint32_t clip_tokenizer_end(const ClipTokenizer *tokenizer);

/* The largest id plus 1. */
uint32_t clip_tokenizer_ids(const ClipTokenizer *tokenizer);

/* A hash of vocabulary and merges. */
uint64_t clip_tokenizer_hash(const ClipTokenizer *tokenizer);

/* What a token stands for; "</w>" ends those that end a word. The caller frees it. */
SafeText *clip_tokenizer_show(const ClipTokenizer *tokenizer, uint32_t id);
