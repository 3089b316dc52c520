/* SPDX-License-Identifier: Apache-2.0 */
/* Experts whose every answer can be reckoned by hand: the layer is (4, 2), the expert takes its first column for the
 * representation, and a table of texts maps words onto the four axes. */
#pragma once

#include "experts/expert.h"
#include "tests/unit/collection_fixture.h"

enum { AXES = 4 };

/* A model with one layer, `layer`.weight, whose first column is x; `concept` (NULL: none) goes into its metadata. */
void put_column(const Fixture *f, const char *path, const char *layer, const float x[AXES], const char *concept);

/* fox, cat, owl and oak lie on the four axes. Returns the description of that encoder; the caller frees it. */
char *put_texts(const Fixture *f);

/* An expert that aligns models such as `example` with the texts, not stored: temperature 1, no threshold, no floor. */
Expert *column_expert(const Fixture *f, const char *layer, const Model *example);

/* The same for four classes: fox when x[0] > 0 and so on; the logit is ten times x. */
Expert *class_expert(const char *layer, const Model *example);

/* Stores it among the collection's experts under that name. */
void keep_expert(const Fixture *f, Expert *expert, const char *name);
