/* SPDX-License-Identifier: Apache-2.0 */
/* What to keep of the forest: words that must all be there, without regard to case, in the name, path, concept or tags,
 * each where a word begins. `-word` or `!word` must not be there. `kind:lora`, `dtype:f16`, `confidence>=.9`,
 * `duplicate:*`, `license:cc0*`, `params<10k` look at one field of collection/fields.def, or at a key that models
 * declare, as the query language reads them (search/question.h). */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "lineage/forest/forest.h"

typedef struct RowFilter RowFilter;

/* NULL for an empty text, which keeps everything. */
RowFilter *row_filter_parse(const char *text);
void row_filter_free(RowFilter *filter);

/* What is wrong with its fields, with the names of those there are; NULL when nothing is, or there is no filter. The
 * caller frees it. */
char *row_filter_problem(const RowFilter *filter, const GPtrArray *models);

/* From now on words are looked for inside of words, too: for a filter that keeps nothing. False when that
 * was so already. */
bool row_filter_widen(RowFilter *filter);
bool row_filter_is_wide(const RowFilter *filter);

/* The letters (search/fuzzy.h) that a haystack must have to be kept. */
guint64 row_filter_letters(const RowFilter *filter);

/* True when the filter keeps nothing that `before` does not, for it only goes on with what was typed. It is as wide then:
 * where no word began with less, none begins with more. */
bool row_filter_narrow(RowFilter *filter, const RowFilter *before);

/* `haystack` is what node_haystack() gives for the node. */
bool row_filter_match(const RowFilter *filter, const Forest *forest, const ForestNode *node, const char *haystack,
                      const char *label_key);

/* Name, path, concept and tags of a node in one string, folded in case. The caller frees it. */
char *node_haystack(const ForestNode *node, const char *label_key);

/* model_concept() for people: a list of labels reads "a, b"; NULL when it says nothing. The caller frees it. */
char *model_concept_text(const Model *model, const char *label_key);
