/* SPDX-License-Identifier: Apache-2.0 */
/* Byte-pair encoding of words, as CLIP's and GPT-2's tokenizers do it.
 *
 * A word is a row of bytes, each written as one printable character (21-7E, A1-AC and AE-FF as
 * themselves, the other 68 in order as U+0100, U+0101, …); with a suffix such as "</w>", the last
 * one carries it. Then the pair that comes first in the list of merges becomes one symbol,
 * leftmost first, until no pair of neighbours is in the list. */
#pragma once

#include "encoders/vocabulary.h"

typedef struct Bpe Bpe;

/* An encoder over a vocabulary, which it keeps and frees. `suffix` marks a word's end, "" for
 * none. COPSE_ERROR_FORMAT when a byte has no symbol in the vocabulary; `label` names the file in
 * messages. */
Bpe *bpe_new(Vocabulary *vocabulary, const char *suffix, const char *label, GError **error);
void bpe_free(Bpe *bpe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bpe, bpe_free)

const Vocabulary *bpe_vocabulary(const Bpe *bpe);

/* Adds the next merge; earlier ones go first. False when a part or the result is not in the
 * vocabulary. */
bool bpe_add_merge(Bpe *bpe, const char *left, const char *right);

/* Adds the lines of a merges.txt (n bytes): "left right" each, after a first line that may be
 * "#version: …". COPSE_ERROR_FORMAT with file and line. */
bool bpe_add_merges(Bpe *bpe, const char *bytes, size_t n, const char *label, GError **error);

/* A hash of the merges in their order. */
uint64_t bpe_hash(const Bpe *bpe);

/* Appends the ids (uint32_t) of one word of n bytes; time n log n. Thread-safe once all merges
 * are in. */
void bpe_encode_word(const Bpe *bpe, const char *word, size_t n, GArray *ids);

/* The text that a token stands for, without its suffix, as clean text. The caller frees it. */
SafeText *bpe_token_text(const Bpe *bpe, uint32_t id);
