/* SPDX-License-Identifier: Apache-2.0 */
/* Python's pickles, taken apart without Python: a stream of opcodes becomes a graph of inert
 * values.
 *
 * Where Python would import a class or call a function, a value is built that remembers the name,
 * the arguments and the state; nothing is imported, called or looked up. The caller says of every
 * global name what it thinks of it: known (a tag of the caller's), opaque (kept by name, to be left
 * alone) or refused, which ends the reading with an error that names it.
 *
 * Bounds, so that no stream can ask for more than it is worth: 64 MiB of pickle, 4 Mi values, stack
 * and memo, 16 Mi places in containers. There is no recursion. Values may share others and form
 * cycles: who walks them bounds the walk. */
#pragma once

#include "core/source.h"
#include "weights/torch/pickle_value.h"

/* Reads one pickle that begins at `offset` of the source. Errors name the source and the byte. */
Pickle *pickle_read(ByteSource *source, uint64_t offset, PickleJudge judge, void *user, GError **error);
void pickle_free(Pickle *pickle);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Pickle, pickle_free)

/* The value; borrowed, as are all values below it. */
const PickleValue *pickle_root(const Pickle *pickle);

/* Values, and places in containers that they take: what a walk may cost is measured by it. */
uint64_t pickle_size(const Pickle *pickle);

/* Offset in the source of the byte after the pickle. */
uint64_t pickle_end(const Pickle *pickle);

/* Names of globals that were judged opaque, each once, in the order of the file: SafeText. */
const GPtrArray *pickle_opaque(const Pickle *pickle);

/* All PERSISTENT values, in the order of the file. */
const GPtrArray *pickle_persistents(const Pickle *pickle);

/* Item i of a TUPLE or LIST, or NULL when there is none or v is something else; v may be NULL. */
const PickleValue *pickle_item(const PickleValue *v, guint i);

/* Whole numbers of at least 0; false for anything else, NULL included. */
bool pickle_to_u64(const PickleValue *v, uint64_t *n);

/* True for TEXT (BYTES likewise: Python 2's strings) that is exactly s. */
bool pickle_is_text(const PickleValue *v, const char *s);

/* The tag of an OBJECT's callable or of a GLOBAL itself; PICKLE_OPAQUE for all else. */
int pickle_tag(const PickleValue *v);
