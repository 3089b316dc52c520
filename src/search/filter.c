/* SPDX-License-Identifier: Apache-2.0 */
#include "search/filter.h"

#include <string.h>

#include "core/text.h"
#include "experts/task/label_list.h"
#include "search/question_field.h"
#include "search/word_match.h"

typedef enum { FIELD_WORD, FIELD_KIND, FIELD_CONCEPT, FIELD_TREE, FIELD_FACT, FIELD_QUESTION } TermField;

typedef struct {
  TermField field;
  bool negated;
  char *key;          /* FIELD_FACT: its name */
  char *text;         /* folded in case */
  Question *question; /* FIELD_QUESTION: one filter of the query language */
} FilterTerm;

struct RowFilter {
  GArray *terms; /* of FilterTerm */
  bool wide;     /* words are looked for inside of words, too */
};

static void term_clear(void *data) {
  FilterTerm *term = data;
  g_free(term->key);
  g_free(term->text);
  question_free(term->question);
}

static TermField field_of(const char *key) {
  static const char *const names[] = {"", "kind", "concept", "tree"};
  for (int f = FIELD_KIND; f <= FIELD_TREE; f++)
    if (g_ascii_strcasecmp(key, names[f]) == 0) return (TermField)f;
  return FIELD_FACT;
}

/* The word as a filter of the query language, or NULL when it is none. */
static Question *parse_question(const char *word) {
  if (!word[strcspn(word, ":<>=")]) return NULL;
  g_autoptr(Question) q = question_parse(word, NULL, NULL);
  bool filter = q && q->terms->len == 1 && ((const Term *)q->terms->pdata[0])->kind == TERM_FILTER;
  return filter ? g_steal_pointer(&q) : NULL;
}

static FilterTerm parse_term(const char *word) {
  FilterTerm term = {.field = FIELD_WORD};
  if ((*word == '!' || *word == '-') && word[1]) term.negated = true, word++;
  const char *colon = strchr(word, ':');
  if (colon && colon > word) {
    term.key = g_strndup(word, (gsize)(colon - word));
    term.field = field_of(term.key);
  }
  bool ours =
      term.field != FIELD_WORD && term.field != FIELD_FACT && !strpbrk(colon + 1, "*?,") && !strstr(colon, "..");
  if (!ours && term.field != FIELD_CONCEPT && (term.question = parse_question(word))) term.field = FIELD_QUESTION;
  else if (term.field != FIELD_WORD) word = colon + 1;
  term.text = text_fold(word);
  return term;
}

RowFilter *row_filter_parse(const char *text) {
  g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
  GArray *terms = g_array_new(FALSE, FALSE, sizeof(FilterTerm));
  g_array_set_clear_func(terms, term_clear);
  for (char **w = words; *w; w++) {
    if (!**w) continue;
    FilterTerm term = parse_term(*w);
    g_array_append_val(terms, term);
  }
  if (terms->len == 0) {
    g_array_unref(terms);
    return NULL;
  }
  RowFilter *filter = g_new0(RowFilter, 1);
  filter->terms = terms;
  return filter;
}

void row_filter_free(RowFilter *filter) {
  if (!filter) return;
  g_array_unref(filter->terms);
  g_free(filter);
}

/* All fields by name, with what only the forest knows. */
static char *field_names(void) {
  g_autofree char *names = g_strjoinv(", ", (char **)question_fields());
  return g_strdup_printf("There are concept, %s, and what cards declare", names);
}

char *row_filter_problem(const RowFilter *filter, const GPtrArray *models) {
  for (guint i = 0; filter && i < filter->terms->len; i++) {
    const FilterTerm *term = &g_array_index(filter->terms, FilterTerm, i);
    const Term *asked = term->question ? term->question->terms->pdata[0] : NULL;
    g_autoptr(GError) error = NULL;
    if (term->field == FIELD_FACT) { /* a test that cannot be read */
      g_autofree char *fields = field_names();
      return g_strdup_printf("%s: cannot be read. %s", term->key, fields);
    }
    if (!asked || question_check(term->question, term->text, models, NULL, &error)) continue;
    g_autofree char *fields = field_names();
    g_autofree SafeText *word = safe_text(term->text, -1);
    return g_strdup_printf("\"%s\" asks for what no model has. %s", word, fields);
  }
  return NULL;
}

bool row_filter_widen(RowFilter *filter) {
  bool before = filter->wide;
  filter->wide = true;
  return !before;
}

bool row_filter_is_wide(const RowFilter *filter) { return filter->wide; }

char *model_concept_text(const Model *model, const char *label_key) {
  const char *value = model_concept(model, label_key);
  return value ? label_list_text(value) : NULL;
}

const char *model_main_dtype(const Model *model) {
  int best = -1;
  for (int d = 0; d < DTYPE_COUNT; d++)
    if (model->dtypes[d] && (best < 0 || model->dtypes[d] > model->dtypes[best])) best = d;
  return best < 0 ? NULL : dtype_name((Dtype)best);
}

char *node_haystack(const ForestNode *node, const char *label_key) {
  const char *path = node->model ? node->model->shown : NULL;
  g_autofree char *concept = node->model ? model_concept_text(node->model, label_key) : NULL;
  g_autoptr(GString) all = g_string_new(node->name);
  g_string_append_printf(all, "\n%s\n%s", path ? path : "", concept ? concept : "");
  for (guint i = 0; node->model && i < node->model->facts->len; i++) {
    const Fact *f = node->model->facts->pdata[i];
    if (g_ascii_strcasecmp(f->key, "tags") == 0) g_string_append_printf(all, "\n%s", f->value);
  }
  return text_fold(all->str);
}

static bool holds(const char *value, const char *folded, bool wide) {
  if (!value) return false;
  g_autofree char *have = text_fold(value);
  return word_find(have, folded, !wide) != NULL;
}

static bool concept_holds(const Model *model, const char *label_key, const char *folded, bool wide) {
  g_autofree char *concept = model_concept_text(model, label_key);
  return holds(concept, folded, wide);
}

static bool term_holds(const FilterTerm *term, const ForestNode *node, const char *haystack, const char *label_key,
                       bool wide) {
  const Model *model = node->model;
  if (term->field == FIELD_WORD) return word_find(haystack, term->text, !wide) != NULL;
  if (term->field == FIELD_TREE) return node->tree + 1 == (int)g_ascii_strtoll(term->text, NULL, 10);
  if (!model) return false;
  switch (term->field) {
    case FIELD_KIND:
      return holds(model_kind_name(model->kind), term->text, wide);
    case FIELD_CONCEPT:
      return concept_holds(model, label_key, term->text, wide);
    case FIELD_QUESTION:
      return question_filter(term->question->terms->pdata[0], model);
    default:
      return holds(model_value(model, term->key), term->text, wide);
  }
}

bool row_filter_match(const RowFilter *filter, const ForestNode *node, const char *haystack, const char *label_key) {
  for (guint i = 0; i < filter->terms->len; i++) {
    const FilterTerm *term = &g_array_index(filter->terms, FilterTerm, i);
    if (term_holds(term, node, haystack, label_key, filter->wide) == term->negated) return false;
  }
  return true;
}
