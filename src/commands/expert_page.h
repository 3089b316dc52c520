/* SPDX-License-Identifier: Apache-2.0 */
/* What a page of HTML says of a collection's experts: how good each is, and where the best one sees the models. */
#pragma once

#include "collection/collection.h"
#include "core/progress.h"

/* A table of the experts, best first, with their measured accuracy, and the map of the first that has one as inline SVG,
 * a point a model. Markup; "" where there are no experts. What an expert cannot say goes to `warnings` (char*). The
 * caller frees it. */
char *expert_page(const Collection *collection, const GPtrArray *models, GPtrArray *warnings, const Progress *progress);
