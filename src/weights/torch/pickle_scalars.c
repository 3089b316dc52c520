/* SPDX-License-Identifier: Apache-2.0 */
/* Opcodes for numbers and text. */
#include <string.h>

#include "weights/torch/pickle_machine.h"
#include "weights/torch/pickle_text.h"

bool op_constant(Machine *m, const Opcode *op) {
  PickleValue *v = pickle_store_new(m->store, op->kind);
  if (v) v->u.truth = op->width;
  return machine_push(m, v);
}

static bool push_integer(Machine *m, int64_t n) {
  PickleValue *v = pickle_store_new(m->store, PICKLE_INT);
  if (v) v->u.integer = n;
  return machine_push(m, v);
}

bool op_integer(Machine *m, const Opcode *op) {
  uint64_t n;
  if (!machine_number(m, op->width, &n)) return false;
  return push_integer(m, op->width == 4 ? (int32_t)(uint32_t)n : (int64_t)n);
}

/* LONG1 and LONG4: a count of bytes, then the number in two's complement. */
bool op_long(Machine *m, const Opcode *op) {
  uint64_t n;
  if (!machine_number(m, op->width, &n)) return false;
  const unsigned char *p = pickle_input_take(&m->in, n, m->error);
  if (!p) return false;
  if (n > 8) return machine_push(m, pickle_store_text(m->store, PICKLE_BIG, p, (size_t)n));
  uint64_t value = n && p[n - 1] & 0x80 ? UINT64_MAX : 0;
  for (unsigned i = (unsigned)n; i-- > 0;) value = value << 8 | p[i];
  return push_integer(m, (int64_t)value);
}

/* INT and LONG of protocol 0: decimal digits. 01 and 00 after INT are truth values. */
bool op_decimal(Machine *m, const Opcode *op) {
  size_t n;
  const char *s = machine_line(m, &n);
  if (!s) return false;
  if (op->kind == PICKLE_INT && n == 2 && s[0] == '0' && (s[1] == '0' || s[1] == '1')) {
    const Opcode truth = {NULL, s[1] == '1', PICKLE_BOOL};
    return op_constant(m, &truth);
  }
  int64_t value;
  unsigned char big[PICKLE_BIG_BYTES];
  switch (pickle_text_integer(s, n, &value, big)) {
    case PICKLE_DIGITS_SMALL:
      return push_integer(m, value);
    case PICKLE_DIGITS_BIG:
      return machine_push(m, pickle_store_text(m->store, PICKLE_BIG, big, sizeof big));
    default:
      return machine_fail(m, "a whole number is written wrongly");
  }
}

static bool push_real(Machine *m, double x) {
  PickleValue *v = pickle_store_new(m->store, PICKLE_FLOAT);
  if (v) v->u.real = x;
  return machine_push(m, v);
}

/* BINFLOAT is the one big-endian number. */
bool op_real(Machine *m, const Opcode *op) {
  uint64_t bits;
  double x;
  if (!machine_number(m, op->width, &bits)) return false;
  bits = GUINT64_SWAP_LE_BE(bits);
  memcpy(&x, &bits, sizeof x);
  return push_real(m, x);
}

bool op_real_line(Machine *m, const Opcode *op) {
  (void)op;
  size_t n;
  const char *s = machine_line(m, &n);
  if (!s) return false;
  g_autofree char *copy = g_strndup(s, n);
  char *end;
  double x = g_ascii_strtod(copy, &end);
  return end != copy && *end == '\0' ? push_real(m, x) : machine_fail(m, "a number is written wrongly");
}

/* Text or bytes after their count. */
bool op_counted(Machine *m, const Opcode *op) {
  uint64_t n;
  if (!machine_number(m, op->width, &n)) return false;
  const unsigned char *p = pickle_input_take(&m->in, n, m->error);
  return p && machine_push(m, pickle_store_text(m->store, op->kind, p, (size_t)n));
}

/* STRING and UNICODE of protocol 0: a line with escapes. Width 1: between quotes. */
bool op_text_line(Machine *m, const Opcode *op) {
  size_t n;
  const char *s = machine_line(m, &n);
  if (!s) return false;
  g_autoptr(GString) text = op->width ? pickle_text_unquote(s, n) : pickle_text_unescape(s, n);
  if (!text) return machine_fail(m, "a string without its quotes");
  return machine_push(m, pickle_store_text(m->store, PICKLE_TEXT, text->str, text->len));
}
