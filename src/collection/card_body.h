/* SPDX-License-Identifier: Apache-2.0 */
/* The readable part of a model's card. */
#pragma once

#include "collection/collection.h"

enum { CARD_BODY_MAX = 1024 * 1024 };

/* What README.md says below its front matter, cleaned, newlines kept: from the folder of the weights, or
 * the nearest above it that still belongs to the model. Longer cards are cut at CARD_BODY_MAX bytes.
 * The caller frees it. NULL with COPSE_ERROR_NOT_FOUND when there is none, when it lies outside the
 * collection, or when the model lies in an archive. */
SafeText *card_body_read(const Collection *collection, const Model *model, GError **error);
