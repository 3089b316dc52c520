/* SPDX-License-Identifier: Apache-2.0 */
#include "search/filter.h"

#include <string.h>

#include "core/text.h"
#include "experts/task/label_list.h"
#include "lineage/forest/node_fields.h"
#include "search/fuzzy.h"
#include "search/question_field.h"
#include "search/word_match.h"

typedef struct {
  bool negated;
  char *text;         /* as it stands; a free word is folded in case */
  char *unread;       /* NULL, or the name of a field with a test that cannot be read */
  Question *question; /* NULL: a free word; else one filter of the query language */
} FilterTerm;

struct RowFilter {
  GArray *terms; /* of FilterTerm */
  bool wide;     /* words are looked for inside of words, too */
};

static void term_clear(void *data) {
  FilterTerm *term = data;
  g_free(term->unread);
  g_free(term->text);
  question_free(term->question);
}

/* The word as a filter of the query language, or NULL when it is none. */
static Question *parse_question(const char *word) {
  if (!word[strcspn(word, ":<>=")]) return NULL;
  g_autoptr(Question) q = question_parse(word, NULL, NULL);
  bool filter = q && q->terms->len == 1 && ((const Term *)q->terms->pdata[0])->kind == TERM_FILTER;
  return filter ? g_steal_pointer(&q) : NULL;
}

/* What stands before a colon, or a field's name before a sign; NULL when the word is free: a->b. The caller frees it. */
static char *field_in_front(const char *word) {
  size_t n = strcspn(word, ":<>="), named = n && word[n - 1] == '!' ? n - 1 : n;
  g_autofree char *name = g_strndup(word, named);
  bool field = named && (word[n] == ':' || (word[n] && field_find(name) < FIELD_COUNT));
  return field ? g_steal_pointer(&name) : NULL;
}

static FilterTerm parse_term(const char *word) {
  FilterTerm term = {0};
  if ((*word == '!' || *word == '-') && word[1]) term.negated = true, word++;
  term.question = parse_question(word);
  if (!term.question) term.unread = field_in_front(word);
  term.text = term.question ? g_strdup(word) : text_fold(word);
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

/* All fields by name. */
static char *field_names(void) {
  g_autofree char *names = field_list();
  return g_strdup_printf("There are %s, and what cards declare", names);
}

char *row_filter_problem(const RowFilter *filter, const GPtrArray *models) {
  for (guint i = 0; filter && i < filter->terms->len; i++) {
    const FilterTerm *term = &g_array_index(filter->terms, FilterTerm, i);
    g_autoptr(GError) error = NULL;
    g_autofree char *fields = field_names();
    if (term->unread) return g_strdup_printf("%s: cannot be read. %s", term->unread, fields);
    if (!term->question || question_check(term->question, term->text, models, FIELD_OF_FOREST, NULL, &error)) continue;
    g_autofree SafeText *word = safe_text(term->text, -1);
    return g_strdup_printf("\"%s\" asks for what no model has. %s", word, fields);
  }
  return NULL;
}

guint64 row_filter_letters(const RowFilter *filter) {
  guint64 letters = 0;
  for (guint i = 0; i < filter->terms->len; i++) {
    const FilterTerm *term = &g_array_index(filter->terms, FilterTerm, i);
    if (!term->question && !term->negated) letters |= fuzzy_letters(term->text);
  }
  return letters;
}

/* A word that goes on with another is found where that one is. */
static bool term_narrows(const FilterTerm *term, const FilterTerm *before) {
  if (term->negated != before->negated || !term->question != !before->question) return false;
  if (term->question || term->negated) return g_str_equal(term->text, before->text);
  return g_str_has_prefix(term->text, before->text);
}

bool row_filter_narrow(RowFilter *filter, const RowFilter *before) {
  if (filter->terms->len < before->terms->len) return false;
  for (guint i = 0; i < before->terms->len; i++)
    if (!term_narrows(&g_array_index(filter->terms, FilterTerm, i), &g_array_index(before->terms, FilterTerm, i)))
      return false;
  filter->wide |= before->wide;
  return true;
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

static bool term_holds(const RowFilter *filter, const FilterTerm *term, const Forest *forest, const ForestNode *node,
                       const char *haystack, const char *label_key) {
  if (!term->question) return word_find(haystack, term->text, !filter->wide) != NULL;
  const Term *asked = term->question->terms->pdata[0];
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
  node_texts(forest, node, asked->field, asked->text, label_key, values);
  return question_passes(asked, values);
}

bool row_filter_match(const RowFilter *filter, const Forest *forest, const ForestNode *node, const char *haystack,
                      const char *label_key) {
  for (guint i = 0; i < filter->terms->len; i++) {
    const FilterTerm *term = &g_array_index(filter->terms, FilterTerm, i);
    if (term_holds(filter, term, forest, node, haystack, label_key) == term->negated) return false;
  }
  return true;
}
