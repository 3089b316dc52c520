/* SPDX-License-Identifier: Apache-2.0 */
#include "weights/torch/pickle.h"

#include <string.h>

#include "core/memory.h"
#include "weights/torch/pickle_machine.h"

static bool op_protocol(Machine *m, const Opcode *op) {
  uint64_t version;
  if (!machine_number(m, op->width, &version)) return false;
  return version <= 5 || machine_fail(m, "a protocol above 5, which is not known: save it again with protocol 2");
}

static bool op_frame(Machine *m, const Opcode *op) {
  uint64_t n;
  if (!machine_number(m, op->width, &n)) return false;
  return n <= m->in.end - m->in.at || machine_fail(m, "a frame reaches beyond the end: a download cut short?");
}

static bool op_stop(Machine *m, const Opcode *op) {
  (void)op;
  m->pickle->root = machine_pop(m);
  m->stopped = true;
  return m->pickle->root != NULL;
}

static bool op_foreign(Machine *m, const Opcode *op) {
  (void)op;
  return machine_fail(
      m, "it leans on a registry or on buffers outside the file, which are not read: save it again without them");
}

static const Opcode opcodes[256] = {
    ['N'] = {op_constant, 0, PICKLE_NONE},
    [0x88] = {op_constant, 1, PICKLE_BOOL},
    [0x89] = {op_constant, 0, PICKLE_BOOL},
    ['K'] = {op_integer, 1, PICKLE_INT},
    ['M'] = {op_integer, 2, PICKLE_INT},
    ['J'] = {op_integer, 4, PICKLE_INT},
    [0x8a] = {op_long, 1, PICKLE_INT},
    [0x8b] = {op_long, 4, PICKLE_INT},
    ['I'] = {op_decimal, 0, PICKLE_INT},
    ['L'] = {op_decimal, 0, PICKLE_BIG},
    ['G'] = {op_real, 8, PICKLE_FLOAT},
    ['F'] = {op_real_line, 0, PICKLE_FLOAT},
    ['U'] = {op_counted, 1, PICKLE_TEXT},
    ['T'] = {op_counted, 4, PICKLE_TEXT},
    [0x8c] = {op_counted, 1, PICKLE_TEXT},
    ['X'] = {op_counted, 4, PICKLE_TEXT},
    [0x8d] = {op_counted, 8, PICKLE_TEXT},
    ['C'] = {op_counted, 1, PICKLE_BYTES},
    ['B'] = {op_counted, 4, PICKLE_BYTES},
    [0x8e] = {op_counted, 8, PICKLE_BYTES},
    [0x96] = {op_counted, 8, PICKLE_BYTES},
    ['S'] = {op_text_line, 1, PICKLE_TEXT},
    ['V'] = {op_text_line, 0, PICKLE_TEXT},
    [')'] = {op_empty, 0, PICKLE_TUPLE},
    [']'] = {op_empty, 0, PICKLE_LIST},
    ['}'] = {op_empty, 0, PICKLE_DICT},
    [0x8f] = {op_empty, 0, PICKLE_SET},
    ['t'] = {op_gather, 0, PICKLE_TUPLE},
    ['l'] = {op_gather, 0, PICKLE_LIST},
    ['d'] = {op_gather, 0, PICKLE_DICT},
    [0x91] = {op_gather, 0, PICKLE_SET},
    [0x85] = {op_small_tuple, 1, PICKLE_TUPLE},
    [0x86] = {op_small_tuple, 2, PICKLE_TUPLE},
    [0x87] = {op_small_tuple, 3, PICKLE_TUPLE},
    ['a'] = {op_extend_one, 1, PICKLE_LIST},
    ['s'] = {op_extend_one, 2, PICKLE_DICT},
    ['e'] = {op_extend, 0, PICKLE_LIST},
    ['u'] = {op_extend, 0, PICKLE_DICT},
    [0x90] = {op_extend, 0, PICKLE_SET},
    ['('] = {op_mark, 0, PICKLE_NONE},
    ['0'] = {op_pop, 0, PICKLE_NONE},
    ['1'] = {op_pop_mark, 0, PICKLE_NONE},
    ['2'] = {op_duplicate, 0, PICKLE_NONE},
    ['p'] = {op_put, 0, PICKLE_NONE},
    ['q'] = {op_put, 1, PICKLE_NONE},
    ['r'] = {op_put, 4, PICKLE_NONE},
    [0x94] = {op_memoize, 0, PICKLE_NONE},
    ['g'] = {op_get, 0, PICKLE_NONE},
    ['h'] = {op_get, 1, PICKLE_NONE},
    ['j'] = {op_get, 4, PICKLE_NONE},
    ['c'] = {op_global, 0, PICKLE_GLOBAL},
    [0x93] = {op_stack_global, 0, PICKLE_GLOBAL},
    ['R'] = {op_object, 2, PICKLE_OBJECT},
    [0x81] = {op_object, 2, PICKLE_OBJECT},
    [0x92] = {op_object, 3, PICKLE_OBJECT},
    ['i'] = {op_instance, 0, PICKLE_TUPLE},
    ['o'] = {op_marked_object, 0, PICKLE_TUPLE},
    ['b'] = {op_build, 0, PICKLE_NONE},
    ['Q'] = {op_persistent, 0, PICKLE_PERSISTENT},
    ['P'] = {op_persistent_line, 0, PICKLE_PERSISTENT},
    [0x80] = {op_protocol, 1, PICKLE_NONE},
    [0x95] = {op_frame, 8, PICKLE_NONE},
    ['.'] = {op_stop, 0, PICKLE_NONE},
    [0x82] = {op_foreign, 0, PICKLE_NONE}, /* EXT1, EXT2, EXT4 */
    [0x83] = {op_foreign, 0, PICKLE_NONE},
    [0x84] = {op_foreign, 0, PICKLE_NONE},
    [0x97] = {op_foreign, 0, PICKLE_NONE}, /* NEXT_BUFFER, READONLY_BUFFER */
    [0x98] = {op_foreign, 0, PICKLE_NONE},
};

static bool run(Machine *m) {
  while (!m->stopped) {
    m->at = m->in.at;
    const unsigned char *code = pickle_input_take(&m->in, 1, m->error);
    if (!code) return false;
    const Opcode *op = &opcodes[*code];
    if (!op->run) return machine_fail(m, "a byte that is no opcode: no pickle, or a damaged one");
    if (!op->run(m, op)) return false;
  }
  return true;
}

Pickle *pickle_read(ByteSource *source, uint64_t offset, PickleJudge judge, void *user, GError **error) {
  enum { EACH = 64, MOST = 160 << 20, SLACK = 1 << 20 }; /* a byte's worth of values; all of them, and the machine */
  uint64_t size = MIN(byte_source_size(source), (uint64_t)PICKLE_MOST_BYTES);
  if (!memory_is_there((size_t)MIN(EACH * size, (uint64_t)MOST) + SLACK, byte_source_label(source), error)) return NULL;
  g_autoptr(Pickle) p = g_new0(Pickle, 1);
  pickle_store_init(&p->store);
  p->opaque = g_ptr_array_new();
  p->persistents = g_ptr_array_new();
  p->listed = g_hash_table_new(NULL, NULL);
  Machine m = {.pickle = p, .store = &p->store, .judge = judge, .user = user, .error = error};
  pickle_input_init(&m.in, source, offset);
  m.stack = g_ptr_array_new();
  m.memo = g_ptr_array_new();
  m.marks = g_array_new(FALSE, FALSE, sizeof(guint));
  bool ok = run(&m);
  p->end = m.in.at;
  g_ptr_array_unref(m.stack);
  g_ptr_array_unref(m.memo);
  g_array_unref(m.marks);
  pickle_input_clear(&m.in);
  return ok ? g_steal_pointer(&p) : NULL;
}

void pickle_free(Pickle *p) {
  if (!p) return;
  pickle_store_clear(&p->store);
  g_ptr_array_unref(p->opaque);
  g_ptr_array_unref(p->persistents);
  g_hash_table_unref(p->listed);
  g_free(p);
}

const PickleValue *pickle_root(const Pickle *p) { return p->root; }

uint64_t pickle_size(const Pickle *p) { return p->store.values + p->store.places; }

uint64_t pickle_end(const Pickle *p) { return p->end; }

const GPtrArray *pickle_opaque(const Pickle *p) { return p->opaque; }

const GPtrArray *pickle_persistents(const Pickle *p) { return p->persistents; }

const PickleValue *pickle_item(const PickleValue *v, guint i) {
  bool ordered = v && (v->kind == PICKLE_TUPLE || v->kind == PICKLE_LIST);
  return ordered && i < v->u.items.n ? v->u.items.at[i] : NULL;
}

bool pickle_to_u64(const PickleValue *v, uint64_t *n) {
  if (!v || v->kind != PICKLE_INT || v->u.integer < 0) return false;
  *n = (uint64_t)v->u.integer;
  return true;
}

bool pickle_is_text(const PickleValue *v, const char *s) {
  if (!v || (v->kind != PICKLE_TEXT && v->kind != PICKLE_BYTES)) return false;
  return v->u.text.n == strlen(s) && memcmp(v->u.text.bytes, s, v->u.text.n) == 0;
}

int pickle_tag(const PickleValue *v) {
  if (v && v->kind == PICKLE_OBJECT) v = v->u.object.callable;
  return v && v->kind == PICKLE_GLOBAL ? v->u.global.tag : PICKLE_OPAQUE;
}
