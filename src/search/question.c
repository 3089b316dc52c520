/* SPDX-License-Identifier: Apache-2.0 */
#include "search/question.h"

#include <math.h>
#include <string.h>

#include "core/error.h"

typedef struct {
  const char *text;
  size_t at;          /* the next byte to read */
  size_t problem_at;
  Question *question;
  GError **error;
} Parser;

static void term_free(void *data) {
  Term *t = data;
  g_free(t->text);
  g_strfreev(t->values);
  g_free(t);
}

void question_free(Question *q) {
  if (!q) return;
  g_ptr_array_unref(q->terms);
  g_free(q->sort);
  g_free(q);
}

void question_fail(GError **error, const char *question, size_t at, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  g_autofree char *problem = g_strdup_vprintf(format, arguments);
  va_end(arguments);
  g_autofree SafeText *shown = safe_text(problem, -1);
  g_autofree char *before = g_utf8_make_valid(question, (gssize)at);
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "character %ld: %s",
              g_utf8_strlen(before, -1) + 1, shown);
}

static bool fail(Parser *p, size_t at, const char *problem) {
  p->problem_at = at;
  question_fail(p->error, p->text, at, "%s", problem);
  return false;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* --- numbers ------------------------------------------------------------------------------------ */

/* What a unit multiplies by; 0 when it is none. */
static double unit_of(const char *s) {
  static const struct {
    const char *name;
    double factor;
  } units[] = {{"", 1},      {"k", 1e3},   {"m", 1e6},   {"b", 1e9},   {"g", 1e9},
               {"t", 1e12},  {"kb", 1e3},  {"mb", 1e6},  {"gb", 1e9},  {"tb", 1e12},
               {"ki", 1024}, {"mi", 1048576}, {"gi", 1073741824}, {"kib", 1024},
               {"mib", 1048576}, {"gib", 1073741824}};
  for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
    if (g_ascii_strcasecmp(s, units[i].name) == 0) return units[i].factor;
  return 0;
}

bool question_number(const char *text, double *value, double *spread) {
  size_t n = strspn(text + (*text == '-'), "0123456789.") + (*text == '-');
  g_autofree char *digits = g_strndup(text, n);
  char *end;
  *value = g_ascii_strtod(digits, &end);
  double factor = unit_of(text + n);
  if (end == digits || *end || factor == 0 || !isfinite(*value)) return false;
  const char *point = strchr(digits, '.');
  double places = point ? (double)strlen(point + 1) : 0;
  if (spread) *spread = text[n] || point ? 0.5 * pow(10, -places) * factor : 0;
  *value *= factor;
  return true;
}

/* --- filters ------------------------------------------------------------------------------------ */

static bool read_bound(Parser *p, size_t at, const char *text, double *bound) {
  return question_number(text, bound, NULL) ||
         fail(p, at, "a number such as 16, 100M or 1.5GB is expected");
}

/* "<5", ">=5", "5..7"; *done says whether it was one of these. */
static bool read_range(Parser *p, Term *t, const char *value, size_t at, bool *done) {
  const char *dots = strstr(value, "..");
  *done = *value == '<' || *value == '>' || dots;
  if (!*done) return true;
  t->test = TEST_BETWEEN;
  t->low = -INFINITY, t->high = INFINITY;
  if (*value == '<' || *value == '>') {
    bool with = value[1] == '=', below = *value == '<';
    *(below ? &t->high_open : &t->low_open) = !with;
    return read_bound(p, at + 1 + with, value + 1 + with, below ? &t->high : &t->low);
  }
  g_autofree char *low = g_strndup(value, (size_t)(dots - value));
  if (*low && !read_bound(p, at, low, &t->low)) return false;
  size_t high = (size_t)(dots - value) + 2;
  if (value[high] && !read_bound(p, at + high, value + high, &t->high)) return false;
  return t->low <= t->high || fail(p, at, "the range ends before it begins");
}

/* The test of a filter; `value` is unquoted and begins at byte `at`. */
static bool read_test(Parser *p, Term *t, const char *value, bool quoted, size_t at) {
  bool done = false;
  if (!*value) return fail(p, at, "a value is expected after the colon");
  if (!quoted && !read_range(p, t, value, at, &done)) return false;
  if (done) return true;
  if (!quoted && g_str_has_prefix(value, "!=")) t->minus = !t->minus, value++;
  if (!quoted && *value == '=') {
    t->test = TEST_EQUAL;
    if (!*++value) return fail(p, at + 1, "a value is expected after the sign");
  }
  t->values = quoted ? g_strsplit(value, "\n", 1) : g_strsplit(value, ",", -1);
  for (char **v = t->values; *v; v++)
    if (!**v) return fail(p, at, "a value between commas is missing");
  return true;
}

/* --- items -------------------------------------------------------------------------------------- */

/* A quoted text from its opening quote on. */
static bool read_quoted(Parser *p, char **text) {
  const char *start = p->text + p->at + 1, *end = strchr(start, '"');
  if (!end) return fail(p, p->at, "the quote is not closed");
  *text = g_strndup(start, (size_t)(end - start));
  p->at = (size_t)(end - p->text) + 1;
  if (p->text[p->at] && !is_space(p->text[p->at]))
    return fail(p, p->at, "a space is expected after the quote");
  return true;
}

static char *read_plain(Parser *p) {
  size_t start = p->at;
  while (p->text[p->at] && !is_space(p->text[p->at])) p->at++;
  return g_strndup(p->text + start, p->at - start);
}

/* Bytes of the field's name when a field and its colon stand here, else 0. */
static size_t field_length(const char *s) {
  if (!g_ascii_isalpha(*s)) return 0;
  size_t n = 1;
  while (g_ascii_isalnum(s[n]) || (s[n] && strchr("_.-", s[n]))) n++;
  return s[n] == ':' && s[n + 1] != '/' ? n : 0; /* an address is no field */
}

static bool read_sort(Parser *p, Term *t, const char *value, size_t at) {
  Question *q = p->question;
  if (t->minus) return fail(p, t->at, "the minus goes behind the colon: sort:-params");
  if (q->sort) return fail(p, t->at, "sort: is there already");
  q->descending = *value == '-';
  if (!value[q->descending]) return fail(p, at, "a field to sort by is expected");
  q->sort = g_ascii_strdown(value + q->descending, -1);
  q->sort_at = at + q->descending;
  return true;
}

/* An item with a field; *drop: it is no term. */
static bool read_field(Parser *p, Term *t, size_t name_length, bool *drop) {
  t->text = g_ascii_strdown(p->text + p->at, (gssize)name_length);
  p->at += name_length + 1;
  size_t at = p->at;
  size_t signs = strspn(p->text + p->at, "!=");
  bool quoted = p->text[p->at + signs] == '"';
  if (quoted) p->at += signs;
  g_autofree char *value = NULL;
  if (!quoted)
    value = read_plain(p);
  else if (!read_quoted(p, &value))
    return false;
  *drop = strcmp(t->text, "sort") == 0;
  if (*drop) return read_sort(p, t, value, at);
  t->kind = strcmp(t->text, "like") == 0 ? TERM_LIKE : TERM_FILTER;
  if (t->kind == TERM_FILTER && quoted && signs) {
    t->test = TEST_EQUAL;
    t->minus ^= p->text[at] == '!';
  }
  if (t->kind == TERM_FILTER) return read_test(p, t, value, quoted, at);
  if (!*value) return fail(p, at, "a model is expected after the colon");
  g_free(t->text);
  t->text = g_steal_pointer(&value);
  return true;
}

static bool read_item(Parser *p, Term *t, bool *drop) {
  t->at = p->at;
  t->minus = p->text[p->at] == '-' && p->text[p->at + 1] && !is_space(p->text[p->at + 1]);
  p->at += t->minus;
  size_t field = field_length(p->text + p->at);
  if (field) return read_field(p, t, field, drop);
  t->kind = p->text[p->at] == '"' ? TERM_PHRASE : TERM_WORD;
  if (t->kind == TERM_WORD) {
    t->text = read_plain(p);
    return true;
  }
  size_t at = p->at;
  if (!read_quoted(p, &t->text)) return false;
  g_strstrip(t->text);
  return *t->text || fail(p, at, "the quotes are empty");
}

static bool read_all(Parser *p) {
  for (;;) {
    while (is_space(p->text[p->at])) p->at++;
    if (!p->text[p->at]) return true;
    Term *t = g_new0(Term, 1);
    bool drop = false, ok = read_item(p, t, &drop);
    t->length = p->at - t->at;
    if (ok && !drop)
      g_ptr_array_add(p->question->terms, t);
    else
      term_free(t);
    if (!ok) return false;
  }
}

Question *question_parse(const char *text, size_t *at, GError **error) {
  g_autoptr(Question) q = g_new0(Question, 1);
  q->terms = g_ptr_array_new_with_free_func(term_free);
  Parser p = {.text = text, .question = q, .error = error};
  bool ok = read_all(&p);
  if (at) *at = p.problem_at;
  return ok ? g_steal_pointer(&q) : NULL;
}

char *question_words(const Question *q, bool minus) {
  g_autoptr(GString) words = g_string_new(NULL);
  for (guint i = 0; i < q->terms->len; i++) {
    const Term *t = q->terms->pdata[i];
    if (t->kind == TERM_WORD && t->minus == minus)
      g_string_append_printf(words, "%s%s", words->len ? " " : "", t->text);
  }
  return words->len ? g_strdup(words->str) : NULL;
}

bool question_asks(const Question *q) {
  for (guint i = 0; i < q->terms->len; i++)
    if (((const Term *)q->terms->pdata[i])->kind != TERM_FILTER) return true;
  return false;
}
