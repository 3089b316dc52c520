/* SPDX-License-Identifier: Apache-2.0 */
#include "search/question_field.h"

#include <math.h>
#include <string.h>

#include "collection/model_fields.h"
#include "core/error.h"
#include "search/date.h"

/* The model's values of a field, as texts (owned). Empty when it has none. */
static GPtrArray *question_values(const Model *m, const char *field) {
  GPtrArray *values = g_ptr_array_new_with_free_func(g_free);
  model_texts(m, field_find(field), field, NULL, values);
  return values;
}

static bool is_field(const char *name) { return field_find(name) < FIELD_COUNT; }

/* --- filters ------------------------------------------------------------------------------------ */

/* A value as a number; NAN when it is a text. */
static double as_number(const char *value) {
  char *end;
  double x = g_ascii_strtod(value, &end);
  return end != value && !*end ? x : NAN;
}

/* A value as what the range is made of: seconds, a number, or, beside a plain number, a date's
 * year. */
static double range_number(const Term *f, const char *value) {
  double x = as_number(value), start, end;
  if (isfinite(x) || !date_read(value, &start, &end)) return x;
  return f->dates ? start : g_ascii_strtod(value, NULL) /* stops behind the year */;
}

static bool in_range(const Term *f, const char *value) {
  double x = range_number(f, value);
  if (!isfinite(x)) return false;
  return (f->low_open ? x > f->low : x >= f->low) && (f->high_open ? x < f->high : x <= f->high);
}

/* True for one value of the model against one of the filter. */
static bool fits(TestKind test, const char *wanted, const char *value) {
  double number, spread, x = as_number(value);
  if (isfinite(x) && question_number(wanted, &number, &spread))
    return fabs(x - number) <= (test == TEST_EQUAL ? 0 : spread) + 1e-9 * fabs(number);
  g_autofree char *a = g_utf8_casefold(wanted, -1), *b = g_utf8_casefold(value, -1);
  if (test == TEST_EQUAL) return strcmp(a, b) == 0;
  return strpbrk(a, "*?") ? g_pattern_match_simple(a, b) : strstr(b, a) != NULL;
}

/* A dtype is one whole word: F16 is not found in BF16. */
static TestKind test_of(const Term *f, const char *wanted) {
  return f->field == FIELD_DTYPE && !strpbrk(wanted, "*?") ? TEST_EQUAL : f->test;
}

static bool holds_one(const Term *f, const GPtrArray *values) {
  for (guint i = 0; i < values->len; i++) {
    const char *value = values->pdata[i];
    if (f->test == TEST_BETWEEN && in_range(f, value)) return true;
    for (char **wanted = f->values; wanted && *wanted; wanted++)
      if (fits(test_of(f, *wanted), *wanted, value)) return true;
  }
  return false;
}

bool question_passes(const Term *f, const GPtrArray *values) { return holds_one(f, values) != f->minus; }

bool question_filter(const Term *f, const Model *model) {
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  model_texts(model, f->field, f->text, NULL, values);
  return question_passes(f, values);
}

SortKey question_sort_key(const Model *model, const char *field) {
  g_autoptr(GPtrArray) values = question_values(model, field);
  if (!values->len) return (SortKey){NULL, NAN};
  double number = as_number(values->pdata[0]), start, end;
  bool dated = !isfinite(number) || g_str_has_suffix(field, "date"); /* a bare year is a date there */
  if (dated && date_read(values->pdata[0], &start, &end)) number = start;
  return (SortKey){isfinite(number) ? NULL : g_utf8_collate_key(values->pdata[0], -1), number};
}

int sort_key_compare(const SortKey *a, const SortKey *b, bool descending) {
  bool has_a = a->text || isfinite(a->number), has_b = b->text || isfinite(b->number);
  if (!has_a || !has_b) return has_b - has_a;
  int c = !a->text && !b->text ? (a->number > b->number) - (a->number < b->number)
          : a->text && b->text ? strcmp(a->text, b->text)
                               : (a->text != NULL) - (b->text != NULL);
  return descending ? -c : c;
}

/* --- names -------------------------------------------------------------------------------------- */

/* So many models, evenly taken, tell what may be typed: it is asked at every key. */
enum { SAMPLE = 1000 };

static guint sample_step(const GPtrArray *models) { return models->len / SAMPLE + 1; }

/* Keys of facts, with how many of every step-th model's facts have them. */
static GHashTable *fact_keys(const GPtrArray *models, guint step) {
  GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < models->len; i += step) {
    const Model *m = models->pdata[i];
    for (guint j = 0; j < m->facts->len; j++) {
      char *key = g_ascii_strdown(((const Fact *)m->facts->pdata[j])->key, -1);
      gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(keys, key));
      g_hash_table_replace(keys, key, GSIZE_TO_POINTER(n + 1));
    }
  }
  return keys;
}

/* Letters to change, add or drop to come from one name to the other; budget + 1 when more. */
static int distance(const char *a, const char *b, int budget) {
  while (*a && *a == *b) a++, b++;
  if (!*a && !*b) return 0;
  if (budget <= 0) return 1;
  int change = *a && *b ? distance(a + 1, b + 1, budget - 1) : budget;
  int drop = *a ? distance(a + 1, b, budget - 1) : budget;
  int add = *b ? distance(a, b + 1, budget - 1) : budget;
  return 1 + MIN(change, MIN(drop, add));
}

/* The known name that is nearest to a wrong one, at most two letters off; NULL when none is.
 * Borrowed. */
static const char *near_name(const char *name, GHashTable *keys) {
  const char *best = NULL;
  int least = 3;
  for (int f = 0; f < FIELD_COUNT; f++) {
    int d = distance(name, field_info((ModelField)f)->name, 2);
    if (d < least) least = d, best = field_info((ModelField)f)->name;
  }
  GHashTableIter i;
  gpointer key;
  for (g_hash_table_iter_init(&i, keys); g_hash_table_iter_next(&i, &key, NULL);) {
    int d = distance(name, key, 2);
    if (d < least || (d == least && best && !is_field(best) && strcmp(key, best) < 0)) least = d, best = key;
  }
  return least <= 2 ? best : NULL;
}

static bool any_has(const GPtrArray *models, const char *key) {
  for (guint i = 0; i < models->len; i++) {
    const Model *m = models->pdata[i];
    for (guint j = 0; j < m->facts->len; j++)
      if (g_ascii_strcasecmp(((const Fact *)m->facts->pdata[j])->key, key) == 0) return true;
  }
  return false;
}

/* What the forest alone knows is asked for where there is one. */
static bool check_owner(const char *name, const char *text, size_t where, FieldOwner owner, size_t *at,
                        GError **error) {
  ModelField field = field_find(name);
  if (field == FIELD_COUNT || field_info(field)->owner <= owner) return true;
  if (at) *at = where;
  question_fail(error, text, where, "%s is known in the forest alone: filter there, or see copse export",
                field_info(field)->name);
  return false;
}

static bool check_name(const char *name, const char *text, size_t where, const GPtrArray *models, size_t *at,
                       GError **error) {
  if (is_field(name) || any_has(models, name)) return true;
  g_autoptr(GHashTable) keys = fact_keys(models, 1);
  const char *meant = near_name(name, keys);
  if (at) *at = where;
  question_fail(error, text, where,
                "no model has a field '%s'%s%s%s; a word with a colon or "
                "a sign goes into quotes",
                name, meant ? ": is '" : "", meant ? meant : "", meant ? "' meant?" : "");
  return false;
}

static bool any_tree(const GPtrArray *models) {
  for (guint i = 0; i < models->len; i++)
    if (((const Model *)models->pdata[i])->tree >= 0) return true;
  return false;
}

/* Would the filter's values ever fit? A tree is known once the forest was asked for; what the catalog
 * counts is compared with numbers. */
static bool check_values(const Term *t, const char *text, const GPtrArray *models, size_t *at, GError **error) {
  ModelField field = t->field;
  double number;
  if (field == FIELD_COUNT || (field_info(field)->kind != FIELD_IS_NUMBER && field_info(field)->kind != FIELD_IS_REAL))
    return true;
  if (field == FIELD_TREE && !any_tree(models)) {
    if (at) *at = t->at + (text[t->at] == '-');
    question_fail(error, text, t->at + (text[t->at] == '-'),
                  "no model's tree is known yet: ask for the forest first (copse tree DIR)");
    return false;
  }
  for (char **v = t->values; v && *v; v++) {
    if (strpbrk(*v, "*?") || question_number(*v, &number, NULL)) continue;
    if (at) *at = t->value_at;
    question_fail(error, text, t->value_at, "%s is compared with a number such as 16, 100M or 1.5GB", t->text);
    return false;
  }
  return true;
}

bool question_check(const Question *q, const char *text, const GPtrArray *models, FieldOwner owner, size_t *at,
                    GError **error) {
  for (guint i = 0; i < q->terms->len; i++) {
    const Term *t = q->terms->pdata[i];
    if (t->kind != TERM_FILTER || strcmp(t->text, "layer") == 0 || strcmp(t->text, "expert") == 0) continue;
    size_t where = t->at + (text[t->at] == '-');
    if (!check_name(t->text, text, where, models, at, error) || !check_owner(t->text, text, where, owner, at, error) ||
        !check_values(t, text, models, at, error))
      return false;
  }
  if (!q->sort || strcmp(q->sort, "score") == 0) return true;
  return check_name(q->sort, text, q->sort_at, models, at, error) &&
         check_owner(q->sort, text, q->sort_at, owner, at, error);
}

/* --- completion --------------------------------------------------------------------------------- */

void completion_free(Completion *c) {
  if (!c) return;
  g_ptr_array_unref(c->texts);
  g_free(c);
}

typedef struct {
  const char *text;
  gsize n;
} Count;

static int most_first(gconstpointer a, gconstpointer b) {
  const Count *x = a, *y = b;
  return x->n != y->n ? (x->n > y->n ? -1 : 1) : strcmp(x->text, y->text);
}

/* Adds those of a table of counts that begin with `stem`, the commonest first. */
static void propose(Completion *c, GHashTable *counts, const char *before, const char *stem, const char *after,
                    guint limit) {
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Count));
  GHashTableIter i;
  gpointer key, n;
  for (g_hash_table_iter_init(&i, counts); g_hash_table_iter_next(&i, &key, &n);) {
    Count one = {key, GPOINTER_TO_SIZE(n)};
    if (g_ascii_strncasecmp(key, stem, strlen(stem)) == 0) g_array_append_val(all, one);
  }
  g_array_sort(all, most_first);
  for (guint k = 0; k < all->len && c->texts->len < limit; k++) {
    const char *text = g_array_index(all, Count, k).text;
    const char *quote = strpbrk(text, " \t,") && !strchr(text, '"') ? "\"" : "";
    g_ptr_array_add(c->texts, g_strconcat(before, quote, text, quote, after, NULL));
  }
}

/* Names of fields, and where an item begins the verbs too. */
static void propose_fields(Completion *c, const char *before, const char *stem, const char *after,
                           const GPtrArray *models, guint limit) {
  g_autoptr(GHashTable) keys = fact_keys(models, sample_step(models));
  gsize first = G_MAXSIZE / 2;
  for (int f = 0; f < FIELD_COUNT; f++) {
    const FieldInfo *info = field_info((ModelField)f);
    if (info->owner != FIELD_OF_MODEL) continue;
    g_hash_table_replace(keys, g_strdup(info->name), GSIZE_TO_POINTER(first--));
    if (info->second) g_hash_table_replace(keys, g_strdup(info->second), GSIZE_TO_POINTER(first--));
  }
  static const char *const verbs[] = {"like", "sort", "layer", "expert"};
  for (size_t i = 0; *after && i < G_N_ELEMENTS(verbs); i++)
    g_hash_table_replace(keys, g_strdup(verbs[i]), GSIZE_TO_POINTER(first--));
  propose(c, keys, before, stem, after, limit);
}

static void propose_values(Completion *c, const char *before, const char *field, const char *stem,
                           const GPtrArray *models, guint limit) {
  g_autoptr(GHashTable) counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  const char *own = strcmp(field, "like") == 0 ? "name" : field;
  for (guint i = 0; i < models->len; i += sample_step(models)) {
    g_autoptr(GPtrArray) values = question_values(models->pdata[i], own);
    for (guint j = 0; j < values->len; j++) {
      gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(counts, values->pdata[j]));
      g_hash_table_replace(counts, g_strdup(values->pdata[j]), GSIZE_TO_POINTER(n + 1));
    }
  }
  propose(c, counts, before, stem, "", limit);
}

/* The item that byte `cursor` is in or behind: quotes hold spaces. */
static void item_around(const char *text, size_t cursor, size_t *from, size_t *to) {
  bool quoted = false;
  *from = 0;
  for (size_t i = 0; i < cursor; i++) {
    quoted ^= text[i] == '"';
    if (!quoted && strchr(" \t\n\r", text[i])) *from = i + 1;
  }
  for (*to = cursor; text[*to] && (quoted || !strchr(" \t\n\r", text[*to]));) quoted ^= text[(*to)++] == '"';
}

Completion *question_complete(const char *text, size_t cursor, const GPtrArray *models, guint limit) {
  Completion *c = g_new0(Completion, 1);
  c->texts = g_ptr_array_new_with_free_func(g_free);
  cursor = MIN(cursor, strlen(text));
  item_around(text, cursor, &c->from, &c->to);
  g_autofree char *item = g_strndup(text + c->from, cursor - c->from);
  const char *minus = *item == '-' ? "-" : "", *stem = item + strlen(minus);
  const char *colon = strchr(stem, ':');
  if (*stem == '"' || !*stem) return c;
  if (!colon) {
    propose_fields(c, minus, stem, ":", models, limit);
    return c;
  }
  g_autofree char *field = g_ascii_strdown(stem, colon - stem);
  bool sort = strcmp(field, "sort") == 0;
  const char *value = colon + 1 + strspn(colon + 1, sort ? "-" : "=!<>");
  g_autofree char *before = g_strndup(item, (size_t)(value - item));
  value += *value == '"';
  if (sort) propose_fields(c, before, value, "", models, limit);
  else propose_values(c, before, field, value, models, limit);
  return c;
}
