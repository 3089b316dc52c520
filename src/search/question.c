/* SPDX-License-Identifier: Apache-2.0 */
#include "search/question.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "search/date.h"
#include "search/question_opening.h"

typedef struct {
  const char *text;
  size_t at; /* the next byte to read */
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
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_USAGE, "character %ld: %s", g_utf8_strlen(before, -1) + 1, shown);
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
  } units[] = {{"", 1},
               {"k", 1e3},
               {"m", 1e6},
               {"b", 1e9},
               {"g", 1e9},
               {"t", 1e12},
               {"kb", 1e3},
               {"mb", 1e6},
               {"gb", 1e9},
               {"tb", 1e12},
               {"ki", 1024},
               {"mi", 1048576},
               {"gi", 1073741824},
               {"kib", 1024},
               {"mib", 1048576},
               {"gib", 1073741824}};
  for (size_t i = 0; i < G_N_ELEMENTS(units); i++)
    if (g_ascii_strcasecmp(s, units[i].name) == 0) return units[i].factor;
  return 0;
}

bool question_number(const char *text, double *value, double *spread) {
  size_t n = strspn(text + (*text == '-'), "0123456789.") + (*text == '-');
  if (n && g_ascii_tolower(text[n]) == 'e') { /* 1e-4 */
    size_t sign = text[n + 1] == '-' || text[n + 1] == '+', power = strspn(text + n + 1 + sign, "0123456789");
    if (power) n += 1 + sign + power;
  }
  g_autofree char *digits = g_strndup(text, n);
  char *end;
  *value = g_ascii_strtod(digits, &end);
  double factor = unit_of(text + n);
  if (end == digits || *end || factor == 0 || !isfinite(*value)) return false;
  const char *point = strchr(digits, '.');
  double places = point ? (double)strspn(point + 1, "0123456789") : 0;
  const char *e = strpbrk(digits, "eE");
  if (e && point) places -= g_ascii_strtod(e + 1, NULL);
  if (spread) *spread = text[n] || point ? 0.5 * pow(10, -places) * factor : 0;
  *value *= factor;
  return true;
}

/* --- filters ------------------------------------------------------------------------------------ */

/* A day or month; a year alone is taken for a number. */
static bool is_date(const char *text) {
  double start, end;
  return strchr(text, '-') && date_read(text, &start, &end);
}

/* A number, or where t->dates says so a day, month or year: where it begins and ends. */
static bool read_bound(Parser *p, const Term *t, const char *text, size_t at, double *from, double *to) {
  if (t->dates ? date_read(text, from, to) : question_number(text, from, NULL)) {
    if (!t->dates) *to = *from;
    return true;
  }
  return fail(p, at,
              t->dates ? "a date such as 2024, 2024-05 or 2024-05-17 is expected"
                       : "a number such as 16, 100M or 1.5GB, or a date such as 2024-05-17, "
                         "is expected");
}

/* "<5", ">=5": a sign and what follows. */
static bool read_sign(Parser *p, Term *t, const char *value, size_t at) {
  const bool with = value[1] == '=', below = *value == '<';
  const char *bound = value + 1 + with;
  double from, to;
  t->dates = is_date(bound);
  if (!read_bound(p, t, bound, at + 1 + with, &from, &to)) return false;
  if (below) t->high = with ? to : from, t->high_open = !with || t->dates;
  else t->low = with ? from : to, t->low_open = !with && !t->dates;
  return true;
}

/* "5..7", where either end may be missing. */
static bool read_ends(Parser *p, Term *t, const char *value, const char *dots, size_t at) {
  g_autofree char *low = g_strndup(value, (size_t)(dots - value));
  const char *high = dots + 2;
  double from, to;
  t->dates = is_date(low) || is_date(high);
  if (*low && !read_bound(p, t, low, at, &t->low, &to)) return false;
  if (*high && !read_bound(p, t, high, at + (size_t)(high - value), &from, &t->high)) return false;
  t->high_open = t->dates;
  bool empty = t->high_open ? t->low >= t->high : t->low > t->high;
  return !empty || fail(p, at, "the range ends before it begins");
}

/* "<5", ">=5", "5..7"; *done says whether it was one of these. */
static bool read_range(Parser *p, Term *t, const char *value, size_t at, bool *done) {
  const char *dots = strstr(value, "..");
  bool sign = *value == '<' || *value == '>';
  *done = sign || dots;
  if (!*done) return true;
  t->test = TEST_BETWEEN;
  t->low = -INFINITY, t->high = INFINITY;
  return sign ? read_sign(p, t, value, at) : read_ends(p, t, value, dots, at);
}

/* The test of a filter; `value` is unquoted and begins at byte `at`. */
static bool read_test(Parser *p, Term *t, const char *value, bool quoted, size_t at) {
  bool done = false;
  if (!*value) return fail(p, at, "a value is expected after the colon");
  if (!quoted && g_str_has_prefix(value, "!=")) t->minus = !t->minus, value++, at++;
  bool equal_range = !quoted && *value == '=' && strstr(value, "..");
  if (!quoted && !read_range(p, t, value + equal_range, at + equal_range, &done)) return false;
  if (done) return true;
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
  if (p->text[p->at] && !is_space(p->text[p->at])) return fail(p, p->at, "a space is expected after the quote");
  return true;
}

static char *read_plain(Parser *p) {
  size_t start = p->at;
  while (p->text[p->at] && !is_space(p->text[p->at])) p->at++;
  return g_strndup(p->text + start, p->at - start);
}

/* A sign that may follow a field's name without a colon. */
static bool is_sign(const char *s) { return *s == '<' || *s == '>' || *s == '=' || (*s == '!' && s[1] == '='); }

/* Bytes of the field's name when a field and its colon, or a sign, stand here, else 0. */
static size_t field_length(const char *s) {
  if (!g_ascii_isalpha(*s)) return 0;
  size_t n = 1;
  while (g_ascii_isalnum(s[n]) || (s[n] && strchr("_.-", s[n]))) n++;
  if (is_sign(s + n)) return g_ascii_isalnum(s[n - 1]) ? n : 0; /* an arrow is no sign: a->b */
  return s[n] == ':' && s[n + 1] != '/' ? n : 0;                /* an address is no field */
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

/* The test of a filter whose quoted value has a sign before it: so many bytes at `at`. */
static bool read_quoted_test(Parser *p, Term *t, const char *value, size_t signs, size_t at) {
  const char *sign = p->text + at;
  if (*sign == '<' || *sign == '>') {
    g_autofree char *whole = g_strdup_printf("%.*s%s", (int)MIN(signs, 2), sign, value);
    return read_test(p, t, whole, false, at);
  }
  t->test = TEST_EQUAL;
  t->minus ^= *sign == '!';
  return read_test(p, t, value, true, at);
}

/* An item with a field; *drop: it is no term. */
static bool read_field(Parser *p, Term *t, size_t name_length, bool *drop) {
  t->text = g_ascii_strdown(p->text + p->at, (gssize)name_length);
  p->at += name_length;
  bool verb = strcmp(t->text, "sort") == 0 || strcmp(t->text, "like") == 0;
  if (p->text[p->at] == ':') p->at++;
  else if (verb) return fail(p, p->at, "a colon is expected here");
  size_t at = t->value_at = p->at;
  size_t signs = strspn(p->text + p->at, "!=<>");
  bool quoted = p->text[p->at + signs] == '"';
  if (quoted) p->at += signs;
  g_autofree char *value = NULL;
  if (!quoted) value = read_plain(p);
  else if (!read_quoted(p, &value)) return false;
  *drop = strcmp(t->text, "sort") == 0;
  if (*drop) return read_sort(p, t, value, at);
  t->kind = strcmp(t->text, "like") == 0 ? TERM_LIKE : TERM_FILTER;
  t->field = field_find(t->text);
  if (t->kind == TERM_FILTER)
    return quoted && signs ? read_quoted_test(p, t, value, signs, at) : read_test(p, t, value, quoted, at);
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
    if (ok && !drop) g_ptr_array_add(p->question->terms, t);
    else term_free(t);
    if (!ok) return false;
  }
}

static bool is_wanted_word(const Term *t) { return t->kind == TERM_WORD && !t->minus; }

/* Takes the words away that only lead in to what is wanted. */
static void drop_lead_in(Question *q) {
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  for (guint i = 0; i < q->terms->len; i++) {
    const Term *t = q->terms->pdata[i];
    if (is_wanted_word(t)) g_ptr_array_add(words, t->text);
  }
  guint n = question_opening_length((const char *const *)words->pdata, words->len);
  for (guint i = 0; i < q->terms->len && n;)
    if (is_wanted_word(q->terms->pdata[i])) g_ptr_array_remove_index(q->terms, i), n--;
    else i++;
}

Question *question_parse(const char *text, size_t *at, GError **error) {
  g_autoptr(Question) q = g_new0(Question, 1);
  q->terms = g_ptr_array_new_with_free_func(term_free);
  Parser p = {.text = text, .question = q, .error = error};
  bool ok = read_all(&p);
  if (ok) drop_lead_in(q);
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
