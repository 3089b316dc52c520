/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions that download tools and people keep beside a weight file (their names: walk/file_use.h). */
#pragma once

#include "collection/model.h"

enum { SIDECAR_MAX_BYTES = 1 << 20 };

/* Adds what a sidecar says: trained_words, description, name, tags, family as declared. `source` is its ending. One
 * that cannot be read costs a problem. `text` need not be UTF-8. */
void sidecar_add_facts(Model *model, const char *text, size_t n, const char *source);
