/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/pickle_machine.h"

#include "core/error.h"

enum { MOST_STACK = 2 << 20 };

bool machine_fail(Machine *m, const char *problem) {
  g_set_error(m->error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: pickle at byte %" G_GUINT64_FORMAT ": %s%s",
              byte_source_label(m->in.source), m->at, problem, damage_hint(problem));
  return false;
}

/* Pushes a value; NULL stands for one that found no room. */
bool machine_push(Machine *m, PickleValue *v) {
  if (!v) return machine_fail(m, "it holds more values than are read");
  if (m->stack->len == MOST_STACK) return machine_fail(m, "its stack grows too high");
  g_ptr_array_add(m->stack, v);
  return true;
}

/* The height below which nothing may be taken. */
guint machine_floor(const Machine *m) { return m->marks->len ? g_array_index(m->marks, guint, m->marks->len - 1) : 0; }

PickleValue *machine_top(Machine *m) {
  if (m->stack->len > machine_floor(m)) return m->stack->pdata[m->stack->len - 1];
  machine_fail(m, "it takes from an empty stack");
  return NULL;
}

PickleValue *machine_pop(Machine *m) {
  PickleValue *v = machine_top(m);
  if (v) g_ptr_array_set_size(m->stack, (int)m->stack->len - 1);
  return v;
}

/* Removes the last mark; *height is where it stood. */
bool machine_pop_mark(Machine *m, guint *height) {
  if (m->marks->len == 0) return machine_fail(m, "it looks for a mark that is not there");
  *height = machine_floor(m);
  g_array_set_size(m->marks, m->marks->len - 1);
  return true;
}

/* Moves what stands on the stack from `height` on into a container. */
bool machine_gather(Machine *m, guint height, PickleValue *into) {
  if (!into) return machine_fail(m, "it holds more values than are read");
  if (into->kind == PICKLE_DICT && (m->stack->len - height) % 2) return machine_fail(m, "a key stands without a value");
  for (guint i = height; i < m->stack->len; i++)
    if (!pickle_store_push(m->store, into, m->stack->pdata[i])) return machine_fail(m, "its containers grow too large");
  g_ptr_array_set_size(m->stack, (int)height);
  return true;
}

/* Little-endian number of 1 to 8 bytes that follows the opcode. */
bool machine_number(Machine *m, unsigned width, uint64_t *n) {
  const unsigned char *p = pickle_input_take(&m->in, width, m->error);
  if (!p) return false;
  *n = 0;
  for (unsigned i = width; i-- > 0;) *n = *n << 8 | p[i];
  return true;
}

const char *machine_line(Machine *m, size_t *n) { return pickle_input_line(&m->in, n, m->error); }
