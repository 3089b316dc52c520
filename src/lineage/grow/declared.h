/* SPDX-License-Identifier: Apache-2.0 */
/* What cards and configurations call a base, and which model of the collection that is. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "collection/model.h"

/* A base as cards write it, without a Hub address in front or slashes behind. NULL when it looks
 * like neither a repository nor a path ("", "None", a sentence). The caller frees it. */
char *declared_name(const char *base);

/* A base that is called by its folder's role in a run ("final", "checkpoint-500", "output"): on two machines, two
 * bases. */
bool declared_is_role(const char *last_part);

/* What a quantised twin is a twin of: "fable-7b" of "fable-7b-unsloth-bnb-4bit", "llama-3-8b" of "Llama-3-8B-GPTQ".
 * NULL when the name says nothing of the kind. The caller frees it. */
char *declared_twin(const char *last_part);

/* "vit" of "google/vit", "./models/vit" and "D:\\models\\vit". Borrowed. */
const char *declared_last_part(const char *name);

typedef struct DeclaredIndex DeclaredIndex;

/* An index over Model*; borrows them. Filled when it is first asked; for one thread. */
DeclaredIndex *declared_index_new(const GPtrArray *models);
void declared_index_free(DeclaredIndex *index);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DeclaredIndex, declared_index_free)

/* The models that model `self` may mean by `name`, itself left out: those whose full name
 * ("org/name") it is; else those whose last part it has, unless both say an organisation and say
 * different ones; else the one at this path, from the collection's root or beside `self`; else those whose last part a
 * quantised twin's name has left, whoever made the twin. A folder's role on another machine is no name. Array
 * of unsigned, indices into the models; empty when there is none. Capitals do not matter. */
GArray *declared_resolve(DeclaredIndex *index, unsigned self, const char *name);

/* A step of a training run, by the path: "run/checkpoint-200/model.safetensors" is step 200 of
 * "run/checkpoint-#/model.safetensors". *run is the caller's. False for other paths. */
bool declared_step(const char *path, char **run, guint64 *step);
