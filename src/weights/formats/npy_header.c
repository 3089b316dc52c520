/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "core/error.h"
#include "weights/formats/npy.h"

enum { MAGIC = 6, PREFIX = 12 /* magic, version and the longer length */ };

/* A cursor over the dictionary. */
typedef struct {
  const char *at, *end;
  const char *label;
  GError **error;
  char *type; /* descr's text, owned */
  bool fortran, has_type, has_order, has_shape;
  Strided *view;
} Parser;

static bool fail(Parser *p, CopseErrorCode code, const char *problem) {
  g_set_error(p->error, COPSE_ERROR, code, "%s: npy header: %s%s", p->label, problem,
              code == COPSE_ERROR_FORMAT ? damage_hint(problem) : "");
  return false;
}

static bool wrong(Parser *p, const char *problem) { return fail(p, COPSE_ERROR_FORMAT, problem); }

static char peek(Parser *p) {
  while (p->at < p->end && strchr(" \t\r\n", *p->at) && *p->at) p->at++;
  return p->at < p->end ? *p->at : '\0';
}

static bool take(Parser *p, char c) {
  if (peek(p) != c) return false;
  p->at++;
  return true;
}

static bool take_word(Parser *p, const char *word) {
  size_t n = strlen(word);
  peek(p);
  if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0) return false;
  p->at += n;
  return true;
}

/* A quoted text without escapes; NULL when there is none. The caller frees it. */
static char *take_text(Parser *p) {
  char quote = peek(p);
  if (quote != '\'' && quote != '"') return NULL;
  const char *start = p->at + 1, *end = memchr(start, quote, (size_t)(p->end - start));
  if (!end || memchr(start, '\\', (size_t)(end - start))) return NULL;
  p->at = end + 1;
  return g_strndup(start, (gsize)(end - start));
}

/* Digits; Python 2 closes long ones with L. */
static bool take_number(Parser *p, uint64_t *n) {
  if (!g_ascii_isdigit(peek(p))) return wrong(p, "a size is no whole number of at least 0");
  *n = 0;
  for (; p->at < p->end && g_ascii_isdigit(*p->at); p->at++)
    if (__builtin_mul_overflow(*n, 10u, n) || __builtin_add_overflow(*n, (uint64_t)(*p->at - '0'), n))
      return wrong(p, "a size is beyond 64 bits");
  if (p->at < p->end && *p->at == 'L') p->at++;
  return true;
}

/* (3, 4), (3,), () */
static bool read_shape(Parser *p) {
  Strided *v = p->view;
  p->has_shape = true;
  v->rank = 0;
  if (!take(p, '(')) return wrong(p, "the shape is no tuple");
  while (!take(p, ')')) {
    if (v->rank == TENSOR_MAX_RANK) return wrong(p, "more than 8 dimensions");
    if (!take_number(p, &v->shape[v->rank])) return false;
    v->rank++;
    if (take(p, ',')) continue;
    if (peek(p) != ')' || v->rank == 1) return wrong(p, "the shape is no tuple");
  }
  return true;
}

static bool read_order(Parser *p) {
  p->has_order = true;
  p->fortran = take_word(p, "True");
  return p->fortran || take_word(p, "False") || wrong(p, "fortran_order is neither True nor False");
}

static bool read_type(Parser *p) {
  p->has_type = true;
  g_free(p->type);
  p->type = take_text(p);
  if (p->type) return true;
  if (peek(p) == '[')
    return fail(p, COPSE_ERROR_UNSUPPORTED,
                "an array of records, which is not read: save its fields as arrays of numbers");
  return wrong(p, "descr is no text");
}

/* Reads one `'key': value`; every key at most once. */
static bool read_entry(Parser *p) {
  g_autofree char *key = take_text(p);
  if (!key || !take(p, ':')) return wrong(p, "no dictionary");
  if (strcmp(key, "descr") == 0 && !p->has_type) return read_type(p);
  if (strcmp(key, "fortran_order") == 0 && !p->has_order) return read_order(p);
  if (strcmp(key, "shape") == 0 && !p->has_shape) return read_shape(p);
  return wrong(p, "a key that is unknown or appears twice");
}

static bool read_dictionary(Parser *p) {
  if (!take(p, '{')) return wrong(p, "no dictionary");
  while (!take(p, '}')) {
    if (!read_entry(p)) return false;
    if (!take(p, ',') && peek(p) != '}') return wrong(p, "no dictionary");
  }
  if (peek(p) || p->at != p->end) return wrong(p, "text after the dictionary");
  return (p->has_type && p->has_order && p->has_shape) || wrong(p, "descr, fortran_order or shape is missing");
}

/* A kind and a width, as "f4". */
typedef struct {
  char name[4];
  Dtype dtype;
} Format;

static const Format formats[] = {
    {"f2", DTYPE_F16}, {"f4", DTYPE_F32},  {"f8", DTYPE_F64}, {"i1", DTYPE_I8},  {"i2", DTYPE_I16},
    {"i4", DTYPE_I32}, {"i8", DTYPE_I64},  {"u1", DTYPE_U8},  {"u2", DTYPE_U16}, {"u4", DTYPE_U32},
    {"u8", DTYPE_U64}, {"b1", DTYPE_BOOL}, {"c8", DTYPE_C64},
};

static bool fail_type(Parser *p) {
  char order = p->type[0];
  const char *kind = p->type + (strchr("<>|=", order) && order ? 1 : 0);
  if (kind[0] == 'O')
    return fail(p, COPSE_ERROR_UNSUPPORTED,
                "an array of objects, which would have to be unpickled: save arrays of numbers instead");
  g_autofree SafeText *shown = safe_text(p->type, -1);
  g_set_error(p->error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
              "%s: npy header: numbers of type %s are not read: save it as float32", p->label, shown);
  return false;
}

/* '<f4', '>f4', '|u1': the order of bytes, the kind, the width. */
static bool set_type(Parser *p, NpyHeader *out) {
  char order = p->type[0];
  for (size_t i = 0; order && i < G_N_ELEMENTS(formats); i++) {
    if (strcmp(p->type + 1, formats[i].name) != 0) continue;
    bool one_byte = formats[i].name[1] == '1';
    if (order != '<' && order != '>' && !(order == '|' && one_byte)) break;
    if (formats[i].dtype == DTYPE_C64 && order == '>') break; /* its halves are swapped one by one */
    out->dtype = formats[i].dtype;
    out->view.swapped = order == '>';
    return true;
  }
  return fail_type(p);
}

static bool parse(const char *text, size_t n, const char *label, NpyHeader *out, GError **error) {
  Parser p = {.at = text, .end = text + n, .label = label, .error = error, .view = &out->view};
  bool ok = read_dictionary(&p) && set_type(&p, out);
  if (ok) strided_set_steps(&out->view, p.fortran);
  g_free(p.type);
  return ok;
}

static bool fail_file(ByteSource *source, const char *problem, GError **error) {
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: %s%s", byte_source_label(source), problem,
              damage_hint(problem));
  return false;
}

bool npy_matches(const unsigned char *head, size_t n) { return n >= MAGIC && memcmp(head, "\x93NUMPY", MAGIC) == 0; }

/* Where the dictionary begins and how long it is. */
static bool read_prefix(ByteSource *source, uint64_t *start, uint64_t *length, GError **error) {
  unsigned char p[PREFIX];
  if (byte_source_size(source) < PREFIX) return fail_file(source, "too short for an npy header", error);
  if (!byte_source_read(source, 0, p, sizeof p, error)) return false;
  if (!npy_matches(p, sizeof p)) return fail_file(source, "no npy file", error);
  if (p[6] < 1 || p[6] > 3 || p[7] != 0) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_UNSUPPORTED,
                "%s: npy version %u.%u is not known: save it again with an older numpy", byte_source_label(source),
                p[6], p[7]);
    return false;
  }
  *start = p[6] == 1 ? 10 : 12;
  *length = p[8] | (uint64_t)p[9] << 8;
  if (p[6] > 1) *length |= (uint64_t)p[10] << 16 | (uint64_t)p[11] << 24;
  if (*length > NPY_MOST_HEADER - PREFIX) return fail_file(source, "the npy header is longer than 64 KiB", error);
  return *length <= byte_source_size(source) - MIN(*start, byte_source_size(source)) ||
         fail_file(source, "the npy header reaches beyond the end: a download cut short?", error);
}

bool npy_header_read(ByteSource *source, uint64_t size, NpyHeader *out, GError **error) {
  uint64_t start = 0, length = 0;
  *out = (NpyHeader){0};
  if (!read_prefix(source, &start, &length, error)) return false;
  g_autofree char *text = g_malloc((size_t)length + 1);
  if (!byte_source_read(source, start, text, (size_t)length, error)) return false;
  out->data = start + length;
  if (!parse(text, (size_t)length, byte_source_label(source), out, error)) return false;
  return out->data <= size || fail_file(source, "the npy header reaches beyond the end", error);
}
