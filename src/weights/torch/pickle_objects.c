/* SPDX-License-Identifier: Apache-2.0 */
/* Opcodes for globals, and for what would be calls. */
#include <string.h>

#include "core/error.h"
#include "weights/torch/pickle.h"
#include "weights/torch/pickle_machine.h"

enum { MOST_NAME = 1000 };

static bool refuse(Machine *m, const SafeText *name) {
  g_set_error(m->error, COPSE_ERROR, COPSE_ERROR_FORMAT,
              "%s: pickle at byte %" G_GUINT64_FORMAT
              ": refuses to load %s, which weights have no use for: do not open this file with Python",
              byte_source_label(m->in.source), m->at, name);
  return false;
}

static PickleValue *global(Machine *m, const char *module, size_t k, const char *name, size_t n) {
  if (k > MOST_NAME || n > MOST_NAME || memchr(module, '\0', k) || memchr(name, '\0', n)) {
    machine_fail(m, "a global's name is overlong or holds NUL");
    return NULL;
  }
  g_autofree char *a = g_strndup(module, k), *b = g_strndup(name, n);
  const SafeText *shown = pickle_store_name(m->store, a, b);
  PickleValue *v = shown ? pickle_store_new(m->store, PICKLE_GLOBAL) : NULL;
  if (!v) {
    machine_fail(m, "it holds more values than are read");
    return NULL;
  }
  v->u.global.name = shown;
  v->u.global.tag = m->judge(m->user, a, b);
  if (v->u.global.tag == PICKLE_REFUSED) {
    refuse(m, shown);
    return NULL;
  }
  if (v->u.global.tag == PICKLE_OPAQUE && g_hash_table_add(m->pickle->listed, (void *)shown))
    g_ptr_array_add(m->pickle->opaque, (void *)shown);
  return v;
}

/* Module and name on a line each. */
static PickleValue *global_of_lines(Machine *m) {
  size_t k, n;
  const char *module = machine_line(m, &k);
  if (!module) return NULL;
  g_autofree char *copy = g_strndup(module, k); /* the next line may move the window */
  const char *name = machine_line(m, &n);
  return name ? global(m, copy, k, name, n) : NULL;
}

bool op_global(Machine *m, const Opcode *op) {
  (void)op;
  PickleValue *v = global_of_lines(m);
  return v && machine_push(m, v);
}

bool op_stack_global(Machine *m, const Opcode *op) {
  (void)op;
  PickleValue *name = machine_pop(m), *module = name ? machine_pop(m) : NULL;
  if (!module) return false;
  if (name->kind != PICKLE_TEXT || module->kind != PICKLE_TEXT) return machine_fail(m, "a global's name is no text");
  PickleValue *v = global(m, module->u.text.bytes, module->u.text.n, name->u.text.bytes, name->u.text.n);
  return v && machine_push(m, v);
}

static bool push_object(Machine *m, PickleValue *callable, PickleValue *args) {
  if (!callable || !args) return false;
  bool made = callable->kind == PICKLE_OBJECT && pickle_tag(callable) == PICKLE_OPAQUE;
  if (made) callable = callable->u.object.callable; /* a class that an opaque factory made */
  if (callable->kind != PICKLE_GLOBAL) return machine_fail(m, "it calls what is no named class or function");
  if (args->kind != PICKLE_TUPLE) return machine_fail(m, "it calls something with what is no tuple");
  PickleValue *v = pickle_store_new(m->store, PICKLE_OBJECT);
  if (v) v->u.object.callable = callable;
  if (v) v->u.object.args = args;
  return machine_push(m, v);
}

/* REDUCE, NEWOBJ and, of width 3, NEWOBJ_EX, whose named arguments are left out. */
bool op_object(Machine *m, const Opcode *op) {
  if (op->width == 3 && !machine_pop(m)) return false;
  PickleValue *args = machine_pop(m), *callable = args ? machine_pop(m) : NULL;
  return push_object(m, callable, args);
}

/* INST: names on lines, arguments above the mark. */
bool op_instance(Machine *m, const Opcode *op) {
  guint height;
  PickleValue *callable = global_of_lines(m), *args = pickle_store_new(m->store, op->kind);
  return callable && machine_pop_mark(m, &height) && machine_gather(m, height, args) && push_object(m, callable, args);
}

/* OBJ: the class and its arguments above the mark. */
bool op_marked_object(Machine *m, const Opcode *op) {
  guint height;
  if (!machine_pop_mark(m, &height)) return false;
  if (m->stack->len == height) return machine_fail(m, "it constructs an object of no class");
  PickleValue *callable = m->stack->pdata[height], *args = pickle_store_new(m->store, op->kind);
  if (!machine_gather(m, height + 1, args)) return false;
  g_ptr_array_set_size(m->stack, (int)height);
  return push_object(m, callable, args);
}

bool op_build(Machine *m, const Opcode *op) {
  (void)op;
  PickleValue *state = machine_pop(m), *v = state ? machine_top(m) : NULL;
  if (!v) return false;
  if (v->kind != PICKLE_OBJECT) return machine_fail(m, "it sets the state of what is no object");
  v->u.object.state = state;
  return true;
}

static bool push_persistent(Machine *m, PickleValue *id) {
  PickleValue *v = id ? pickle_store_new(m->store, PICKLE_PERSISTENT) : NULL;
  if (v) v->u.id = id;
  if (v) g_ptr_array_add(m->pickle->persistents, v);
  return machine_push(m, v);
}

bool op_persistent(Machine *m, const Opcode *op) {
  (void)op;
  PickleValue *id = machine_pop(m);
  return id && push_persistent(m, id);
}

bool op_persistent_line(Machine *m, const Opcode *op) {
  (void)op;
  size_t n;
  const char *s = machine_line(m, &n);
  return s && push_persistent(m, pickle_store_text(m->store, PICKLE_TEXT, s, n));
}
