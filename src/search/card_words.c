/* SPDX-License-Identifier: Apache-2.0 */
#include "search/card_words.h"

#include <string.h>

#include "search/word_match.h"

struct DeclaredWords {
  GPtrArray *models;
  char **texts; /* (models): name, path and facts of each, case folded, a line each; NULL: not yet */
};

static void add_line(GString *out, const char *text) {
  g_autofree char *folded = g_utf8_casefold(text, -1);
  for (char *p = folded; *p; p++)
    if (*p == '_' || *p == '-' || *p == '\n') *p = ' ';
  g_string_append(out, folded);
  g_string_append_c(out, '\n');
}

static char *text_of(const Model *m) {
  GString *out = g_string_new("\n");
  add_line(out, m->name);
  add_line(out, m->shown);
  for (guint i = 0; i < m->facts->len; i++) add_line(out, ((const Fact *)m->facts->pdata[i])->value);
  return g_string_free(out, FALSE);
}

DeclaredWords *declared_words_new(const GPtrArray *models) {
  DeclaredWords *d = g_new0(DeclaredWords, 1);
  d->models = g_ptr_array_ref((GPtrArray *)models);
  d->texts = g_new0(char *, models->len + 1);
  return d;
}

void declared_words_free(DeclaredWords *d) {
  if (!d) return;
  for (guint i = 0; i < d->models->len; i++) g_free(d->texts[i]);
  g_free(d->texts);
  g_ptr_array_unref(d->models);
  g_free(d);
}

/* Words that say nothing of what is meant. However short, all others do: "v2", "7b", a single character. */
static bool is_small(const char *word) {
  static const char *const small[] = {"a",  "an",   "and", "as",  "at", "by",   "for", "from", "i",
                                      "in", "is",   "it",  "its", "me", "my",   "of",  "on",   "or",
                                      "so", "that", "the", "to",  "we", "with", NULL};
  return !*word || g_strv_contains(small, word);
}

/* The line of a text that a word begins in (not in the middle of one): its number from 0, or
 * -1. */
static int line_with(const char *text, const char *word) {
  const char *at = word_find(text, word, true);
  int line = 0;
  if (!at) return -1;
  for (const char *q = text + 1; q < at; q++) line += *q == '\n';
  return line;
}

static const char *line_name(const Model *m, int line) {
  if (line == 0) return "name";
  if (line == 1) return "path";
  guint fact = (guint)line - 2;
  return fact < m->facts->len ? ((const Fact *)m->facts->pdata[fact])->key : NULL;
}

const char *declared_words_find(DeclaredWords *d, const Question *q, guint i) {
  const char *where = NULL;
  if (!d->texts[i]) d->texts[i] = text_of(d->models->pdata[i]);
  const char *text = d->texts[i];
  for (guint k = 0; k < q->terms->len; k++) {
    const Term *t = q->terms->pdata[k];
    if (t->kind != TERM_WORD && t->kind != TERM_PHRASE) continue;
    g_autoptr(GString) word = g_string_new(NULL);
    add_line(word, t->text);
    g_string_truncate(word, word->len - 1);
    if (t->kind == TERM_WORD && is_small(word->str)) continue;
    int line = line_with(text, word->str);
    if ((line >= 0) == t->minus) return NULL;
    if (line >= 0 && !where) where = line_name(d->models->pdata[i], line);
  }
  return where;
}
