/* SPDX-License-Identifier: Apache-2.0 */
/* What cards and configurations call a base, and which model of the collection that is. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/model.h"

typedef struct DeclaredIndex DeclaredIndex;

/* An index over Model*; borrows them. Filled when it is first asked; for one thread. */
DeclaredIndex *declared_index_new(const GPtrArray *models);
void declared_index_free(DeclaredIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeclaredIndex, declared_index_free)

/* The models that model `self` may mean by `name`, itself left out: those whose full name
 * ("org/name") it is; else the one at this path, from the collection's root or beside `self`; else a folder that holds
 * the owner's name too ("org--name"); else those whose last part it has, unless tools give it to any model, or both say
 * an organisation and say different ones. What a quantiser put behind the name is left out where nothing has it. Array
 * of unsigned, indices into the models; empty when there is none. Capitals do not matter. */
GArray *declared_resolve(DeclaredIndex *index, unsigned self, const char *name);

/* A step of a training run, by the path: "run/checkpoint-200/model.safetensors" is step 200 of
 * "run/checkpoint-#/model.safetensors". *run is the caller's. False for other paths. */
bool declared_step(const char *path, char **run, guint64 *step);
