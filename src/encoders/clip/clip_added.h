/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that were added to a tokenizer after it was made, as textual inversion leaves them: "<fox-toy>" and its row in
 * the token table. They are found in the text before anything else is done with it, the leftmost and longest first, in
 * the very spelling they were added in. */
#pragma once

#include "encoders/vocabulary.h"

typedef struct ClipAdded ClipAdded;

ClipAdded *clip_added_new(void);
void clip_added_free(ClipAdded *added);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ClipAdded, clip_added_free)

/* Reads what lies beside a tokenizer in `folder`: added_tokens.json ({"token": id}) and added_tokens_decoder of
 * tokenizer_config.json ({"id": {"content": …}}). Files that are missing are no error; damaged ones are. */
bool clip_added_read(ClipAdded *added, const char *folder, GError **error);

/* Reads "added_tokens" of a tokenizer.json (n bytes): a list of {"id", "content"}. */
bool clip_added_parse(ClipAdded *added, const char *bytes, size_t n, const char *label, GError **error);

/* The first added token at or after `text`: its place, or NULL when there is none; *n gets its length, *id its id. */
const char *clip_added_find(const ClipAdded *added, const char *text, size_t *n, uint32_t *id);

/* The largest id plus 1; 0 when there are none. */
uint32_t clip_added_ids(const ClipAdded *added);

/* The token of an id, not safe to show, or NULL. Borrowed. */
const char *clip_added_token(const ClipAdded *added, uint32_t id);

/* A hash of the tokens with their ids; 0 when there are none. */
uint64_t clip_added_hash(const ClipAdded *added);
