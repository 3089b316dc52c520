/* SPDX-License-Identifier: Apache-2.0 */
/* Python's unpickling machine, without the part that calls: a stack, marks, a memo, and an action
 * for each opcode. Seen by the pickle_*.c files alone. */
#pragma once

#include "weights/torch/pickle_input.h"
#include "weights/torch/pickle_store.h"

struct Pickle {
  PickleStore store;
  PickleValue *root;
  uint64_t end;
  GPtrArray *opaque;      /* of SafeText, borrowed from the store */
  GHashTable *listed;     /* the same, as a set of addresses */
  GPtrArray *persistents; /* of PickleValue */
};

typedef struct {
  Pickle *pickle;
  PickleStore *store;
  PickleInput in;
  GPtrArray *stack, *memo; /* of PickleValue, borrowed */
  GArray *marks;           /* of guint: heights of the stack */
  PickleJudge judge;
  void *user;
  uint64_t at; /* of the opcode at work */
  bool stopped;
  GError **error;
} Machine;

typedef struct Opcode Opcode;
struct Opcode {
  bool (*run)(Machine *m, const Opcode *op);
  unsigned char width; /* bytes of the number that follows, or how many items are taken */
  PickleKind kind;     /* of the value that is made */
};

/* Sets the error, with the place of the opcode; returns false. */
bool machine_fail(Machine *m, const char *problem);

/* Pushes a value; NULL stands for one that found no room, and fails. */
bool machine_push(Machine *m, PickleValue *v);

/* The height below which nothing may be taken: the last mark. */
guint machine_floor(const Machine *m);

/* The last value; NULL with an error when there is none above the mark. */
PickleValue *machine_top(Machine *m);
PickleValue *machine_pop(Machine *m);

/* Removes the last mark; *height is where it stood. */
bool machine_pop_mark(Machine *m, guint *height);

/* Moves what stands on the stack from `height` on into a container; NULL fails. */
bool machine_gather(Machine *m, guint height, PickleValue *into);

/* The little-endian number of 1 to 8 bytes that follows the opcode. */
bool machine_number(Machine *m, unsigned width, uint64_t *n);

/* The line that follows; valid until the next read. */
const char *machine_line(Machine *m, size_t *n);

/* pickle_scalars.c */
bool op_constant(Machine *m, const Opcode *op);
bool op_integer(Machine *m, const Opcode *op);
bool op_long(Machine *m, const Opcode *op);
bool op_decimal(Machine *m, const Opcode *op);
bool op_real(Machine *m, const Opcode *op);
bool op_real_line(Machine *m, const Opcode *op);
bool op_counted(Machine *m, const Opcode *op);
bool op_text_line(Machine *m, const Opcode *op);

/* pickle_containers.c: containers, stack and memo */
bool op_empty(Machine *m, const Opcode *op);
bool op_gather(Machine *m, const Opcode *op);
bool op_small_tuple(Machine *m, const Opcode *op);
bool op_extend_one(Machine *m, const Opcode *op);
bool op_extend(Machine *m, const Opcode *op);
bool op_mark(Machine *m, const Opcode *op);
bool op_pop(Machine *m, const Opcode *op);
bool op_pop_mark(Machine *m, const Opcode *op);
bool op_duplicate(Machine *m, const Opcode *op);
bool op_put(Machine *m, const Opcode *op);
bool op_memoize(Machine *m, const Opcode *op);
bool op_get(Machine *m, const Opcode *op);

/* pickle_objects.c: globals, and what would be calls */
bool op_global(Machine *m, const Opcode *op);
bool op_stack_global(Machine *m, const Opcode *op);
bool op_object(Machine *m, const Opcode *op);
bool op_instance(Machine *m, const Opcode *op);
bool op_marked_object(Machine *m, const Opcode *op);
bool op_build(Machine *m, const Opcode *op);
bool op_persistent(Machine *m, const Opcode *op);
bool op_persistent_line(Machine *m, const Opcode *op);
