/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/wordnet.h"

#include <stdlib.h>
#include <string.h>

static void synset_free(void *data) {
  Synset *s = data;
  g_ptr_array_unref(s->words);
  g_array_unref(s->pointers);
  g_free(s->gloss);
  g_free(s);
}

void wordnet_free(Wordnet *w) {
  if (!w) return;
  g_ptr_array_unref(w->all);
  g_hash_table_unref(w->offsets);
  g_hash_table_unref(w->senses);
  g_free(w);
}

Synset *wordnet_synset(const Wordnet *w, uint32_t offset) {
  return g_hash_table_lookup(w->offsets, GUINT_TO_POINTER(offset));
}

const GPtrArray *wordnet_senses(const Wordnet *w, const char *word) { return g_hash_table_lookup(w->senses, word); }

unsigned wordnet_rank(const Wordnet *w, const char *word, const Synset *synset) {
  const GPtrArray *all = wordnet_senses(w, word);
  for (guint i = 0; all && i < all->len; i++)
    if (all->pdata[i] == synset) return i;
  return all ? all->len : 0;
}

/* Relations that say that two words are alike; instances (a town is no kind of town) are none. */
static bool relation_of(const char *symbol, Relation *kind) {
  static const char *const symbols[] = {"@", "~", "&"};
  for (int k = 0; k < 3; k++)
    if (strcmp(symbol, symbols[k]) == 0) return *kind = (Relation)k, true;
  return false;
}

/* "00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 … | gloss" */
static Synset *synset_parse(const char *line) {
  const char *bar = strstr(line, " | ");
  g_autofree char *head = g_strndup(line, bar ? (gsize)(bar - line) : strlen(line));
  g_auto(GStrv) f = g_strsplit(g_strchomp(head), " ", -1);
  guint n = g_strv_length(f), at = 4;
  if (n < 7) return NULL;
  Synset *s = g_new0(Synset, 1);
  s->offset = (uint32_t)strtoul(f[0], NULL, 10);
  s->lexfile = (unsigned)strtoul(f[1], NULL, 10);
  s->words = g_ptr_array_new_with_free_func(g_free);
  s->pointers = g_array_new(FALSE, FALSE, sizeof(Pointer));
  s->gloss = g_strstrip(g_strdup(bar ? bar + 3 : ""));
  for (unsigned long k = strtoul(f[3], NULL, 16); k > 0 && at + 1 < n; k--, at += 2) {
    char *word = g_strdup(f[at]), *mark = strchr(word, '('); /* galore(ip) */
    if (mark) *mark = '\0';
    g_ptr_array_add(s->words, word);
  }
  char own = f[2][0] == 's' ? 'a' : f[2][0];
  for (at++; at + 3 < n; at += 4) {
    Pointer p;
    p.offset = (uint32_t)strtoul(f[at + 1], NULL, 10);
    if (relation_of(f[at], &p.kind) && f[at + 2][0] == own) g_array_append_val(s->pointers, p);
  }
  return s;
}

/* "fox n 7 5 @ ~ #m + ; 7 2 02118333 …": the offsets come last, as many as field 3 says. */
static void take_senses(Wordnet *w, const char *line) {
  g_autofree char *copy = g_strchomp(g_strdup(line));
  g_auto(GStrv) f = g_strsplit(copy, " ", -1);
  guint n = g_strv_length(f), count = n > 3 ? (guint)strtoul(f[2], NULL, 10) : 0;
  if (!count || count + 3 > n) return;
  GPtrArray *all = g_ptr_array_new();
  for (guint i = n - count; i < n; i++) {
    Synset *s = wordnet_synset(w, (uint32_t)strtoul(f[i], NULL, 10));
    if (s) g_ptr_array_add(all, s);
  }
  g_hash_table_insert(w->senses, g_strdup(f[0]), all);
}

static char **lines_of(const char *folder, const char *kind, const char *part, GError **error) {
  g_autofree char *name = g_strdup_printf("%s.%s", kind, part), *path = g_build_filename(folder, name, NULL);
  g_autofree char *text = NULL;
  return g_file_get_contents(path, &text, NULL, error) ? g_strsplit(text, "\n", -1) : NULL;
}

Wordnet *wordnet_read(const char *folder, const char *part, GError **error) {
  g_auto(GStrv) data = lines_of(folder, "data", part, error);
  g_auto(GStrv) index = data ? lines_of(folder, "index", part, error) : NULL;
  if (!index) return NULL;
  Wordnet *w = g_new0(Wordnet, 1);
  w->all = g_ptr_array_new_with_free_func(synset_free);
  w->offsets = g_hash_table_new(NULL, NULL);
  w->senses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
  for (char **line = data; *line; line++) {
    Synset *s = g_ascii_isdigit(**line) ? synset_parse(*line) : NULL; /* the licence is set in by spaces */
    if (!s) continue;
    g_ptr_array_add(w->all, s);
    g_hash_table_insert(w->offsets, GUINT_TO_POINTER(s->offset), s);
  }
  for (char **line = index; *line; line++)
    if (**line && **line != ' ') take_senses(w, *line);
  return w;
}
