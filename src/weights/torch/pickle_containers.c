/* SPDX-License-Identifier: Apache-2.0 */
/* Opcodes for containers, the stack and the memo. */
#include "weights/torch/pickle_machine.h"
#include "weights/torch/pickle_text.h"

enum { MOST_MARKS = 1 << 16, MOST_MEMO = 2 << 20 };

bool op_empty(Machine *m, const Opcode *op) { return machine_push(m, pickle_store_new(m->store, op->kind)); }

bool op_gather(Machine *m, const Opcode *op) {
  guint height;
  if (!machine_pop_mark(m, &height)) return false;
  PickleValue *v = pickle_store_new(m->store, op->kind);
  return machine_gather(m, height, v) && machine_push(m, v);
}

bool op_small_tuple(Machine *m, const Opcode *op) {
  if (m->stack->len - machine_floor(m) < op->width) return machine_fail(m, "it takes from an empty stack");
  PickleValue *v = pickle_store_new(m->store, PICKLE_TUPLE);
  return machine_gather(m, m->stack->len - op->width, v) && machine_push(m, v);
}

/* The container that items of `kind` (LIST, DICT, SET) go to when they are put on v: v itself or,
 * for an object, one beside it (a second one, of another kind, is not kept). NULL when v takes
 * none. */
static PickleValue *place_for(Machine *m, PickleValue *v, PickleKind kind) {
  if (v->kind == kind) return v;
  if (v->kind != PICKLE_OBJECT) return NULL;
  PickleValue *fresh = NULL;
  if (!v->u.object.items || v->u.object.items->kind != kind) fresh = pickle_store_new(m->store, kind);
  if (!v->u.object.items) v->u.object.items = fresh;
  return fresh ? fresh : v->u.object.items;
}

/* Puts what stands from `height` on onto the value below it. */
static bool extend(Machine *m, guint height, PickleKind kind) {
  if (height <= machine_floor(m)) return machine_fail(m, "it takes from an empty stack");
  PickleValue *into = place_for(m, m->stack->pdata[height - 1], kind);
  return into ? machine_gather(m, height, into) : machine_fail(m, "items are put on what is no container");
}

bool op_extend_one(Machine *m, const Opcode *op) {
  if (m->stack->len < op->width) return machine_fail(m, "it takes from an empty stack");
  return extend(m, m->stack->len - op->width, op->kind);
}

bool op_extend(Machine *m, const Opcode *op) {
  guint height;
  return machine_pop_mark(m, &height) && extend(m, height, op->kind);
}

bool op_mark(Machine *m, const Opcode *op) {
  (void)op;
  if (m->marks->len == MOST_MARKS) return machine_fail(m, "it sets too many marks");
  g_array_append_val(m->marks, m->stack->len);
  return true;
}

bool op_pop(Machine *m, const Opcode *op) {
  (void)op;
  guint height;
  if (m->stack->len == machine_floor(m) && m->marks->len) return machine_pop_mark(m, &height);
  return machine_pop(m) != NULL;
}

bool op_pop_mark(Machine *m, const Opcode *op) {
  (void)op;
  guint height;
  if (!machine_pop_mark(m, &height)) return false;
  g_ptr_array_set_size(m->stack, (int)height);
  return true;
}

bool op_duplicate(Machine *m, const Opcode *op) {
  (void)op;
  PickleValue *v = machine_top(m);
  return v && machine_push(m, v);
}

/* The place in the memo: a number of op->width bytes, or a line of digits for 0. */
static bool memo_place(Machine *m, const Opcode *op, uint64_t *place) {
  if (op->width) return machine_number(m, op->width, place);
  size_t n;
  int64_t value;
  unsigned char big[PICKLE_BIG_BYTES];
  const char *s = machine_line(m, &n);
  if (!s) return false;
  if (pickle_text_integer(s, n, &value, big) != PICKLE_DIGITS_SMALL || value < 0)
    return machine_fail(m, "a place in the memo is written wrongly");
  *place = (uint64_t)value;
  return true;
}

static bool remember(Machine *m, uint64_t place) {
  PickleValue *v = machine_top(m);
  if (!v) return false;
  if (place >= MOST_MEMO) return machine_fail(m, "its memo grows too large");
  if (place >= m->memo->len) g_ptr_array_set_size(m->memo, (int)place + 1);
  m->memo->pdata[place] = v;
  return true;
}

bool op_put(Machine *m, const Opcode *op) {
  uint64_t place;
  return memo_place(m, op, &place) && remember(m, place);
}

bool op_memoize(Machine *m, const Opcode *op) {
  (void)op;
  return remember(m, m->memo->len);
}

bool op_get(Machine *m, const Opcode *op) {
  uint64_t place;
  if (!memo_place(m, op, &place)) return false;
  if (place >= m->memo->len || !m->memo->pdata[place])
    return machine_fail(m, "it asks the memo for what was never put there");
  return machine_push(m, m->memo->pdata[place]);
}
