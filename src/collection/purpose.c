/* SPDX-License-Identifier: Apache-2.0 */
#include "collection/purpose.h"

#include <string.h>

enum { LONGEST = 160 };

const char *purpose_kind_name(PurposeKind kind) {
  static const char *const names[] = {"by-hand",       "predicted",   "declared", "trigger",
                                      "trained-words", "description", "card",     "name"};
  return (unsigned)kind < G_N_ELEMENTS(names) ? names[kind] : "name";
}

static void purpose_clear(void *data) {
  Purpose *p = data;
  g_free(p->text);
  g_free(p->evidence);
}

static bool says_same(const char *a, const char *b) {
  g_autofree char *x = g_utf8_casefold(a, -1), *y = g_utf8_casefold(b, -1);
  return strcmp(x, y) == 0;
}

static void add(GArray *out, PurposeKind kind, const char *text, const char *evidence) {
  if (!text || !*text) return;
  for (guint i = 0; i < out->len; i++)
    if (says_same(g_array_index(out, Purpose, i).text, text)) return;
  bool fits = text_width(text) <= LONGEST;
  Purpose p = {kind, fits ? g_strdup(text) : text_fit(text, LONGEST, "…"), g_strdup(evidence)};
  g_array_append_val(out, p);
}

static bool is_by_hand(const Fact *f) { return strcmp(f->source, "by hand") == 0; }

static void add_by_hand(GArray *out, const Model *m) {
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (is_by_hand(f) && strcmp(f->key, "label") == 0) add(out, PURPOSE_BY_HAND, f->value, f->source);
  }
}

/* The facts of a key that files declare; `source` NULL: whoever does. At most `most`. */
static void add_facts(GArray *out, const Model *m, PurposeKind kind, const char *key, const char *source,
                      unsigned most) {
  for (guint i = 0; i < m->facts->len && most; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, key) != 0 || is_by_hand(f) || (source && strcmp(f->source, source) != 0)) continue;
    add(out, kind, f->value, f->source);
    most--;
  }
}

/* Several trained words are one text: a page's words belong together. */
static void add_trained_words(GArray *out, const Model *m) {
  g_autoptr(GString) all = g_string_new(NULL);
  const char *source = NULL;
  for (guint i = 0; i < m->facts->len; i++) {
    const Fact *f = m->facts->pdata[i];
    if (strcmp(f->key, "trained_words") != 0) continue;
    g_string_append_printf(all, "%s%s", all->len ? ", " : "", f->value);
    if (!source) source = f->source;
  }
  add(out, PURPOSE_TRAINED_WORD, all->str, source);
}

/* A page's first sentence. */
static void add_description(GArray *out, const Model *m) {
  const Fact *f = model_fact(m, "description");
  if (!f) return;
  const char *stop = strstr(f->value, ". ");
  g_autofree char *first = stop ? g_strndup(f->value, (gsize)(stop - f->value)) : g_strdup(f->value);
  add(out, PURPOSE_DESCRIBED, first, f->source);
}

GArray *model_purposes(const Model *m, const char *label_key, const char *predicted, const char *expert) {
  GArray *out = g_array_new(FALSE, FALSE, sizeof(Purpose));
  g_array_set_clear_func(out, purpose_clear);
  const char *key = model_concept_key(m, label_key);
  add_by_hand(out, m);
  if (predicted) add(out, PURPOSE_PREDICTED, predicted, expert);
  if (key) add_facts(out, m, PURPOSE_DECLARED, key, NULL, 1);
  add_facts(out, m, PURPOSE_TRIGGER, "trigger", NULL, 1);
  add_trained_words(out, m);
  add_description(out, m);
  add_facts(out, m, PURPOSE_CARD, "instance_prompt", NULL, 1);
  add_facts(out, m, PURPOSE_CARD, "name", NULL, 1);
  add_facts(out, m, PURPOSE_CARD, "task", NULL, 1);
  add(out, PURPOSE_NAME, m->name, "file name");
  return out;
}

char *model_purpose(const Model *m, const char *label_key) {
  g_autoptr(GArray) all = model_purposes(m, label_key, NULL, NULL);
  return g_strdup(all->len ? g_array_index(all, Purpose, 0).text : m->name);
}
