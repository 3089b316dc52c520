/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage/forest/lineup.h"

#include <math.h>
#include <string.h>

#include "lineage/forest/node_fields.h"

/* Who is compared. */
typedef struct {
  const Forest *forest;
  const ForestNode **nodes;
  guint n;
  const char *label_key;
} Party;

static void row_free(gpointer data) {
  LineupRow *row = data;
  g_free(row->name);
  g_strfreev(row->texts);
  g_free(row->odd);
  g_free(row);
}

void lineup_free(Lineup *l) {
  if (!l) return;
  g_ptr_array_unref(l->rows);
  g_free(l);
}

/* What most say: a place among `words` whose word more than half have, or -1. NULL is a word, too. */
static int majority(char *const *words, guint n) {
  for (guint i = 0; i < n; i++) {
    guint like = 0;
    for (guint k = 0; k < n; k++) like += g_strcmp0(words[i], words[k]) == 0;
    if (2 * like > n) return (int)i;
  }
  return -1;
}

/* Adds a row, unless nobody says anything. `words` are what is compared, `texts` what is shown; takes the latter. */
static void add_row(Lineup *l, const char *name, char *const *words, char **texts) {
  LineupRow *row = g_new0(LineupRow, 1);
  *row = (LineupRow){g_strdup(name), texts, g_new0(bool, l->n + 1), true};
  int most = majority(words, l->n);
  bool said = false;
  for (guint i = 0; i < l->n; i++) {
    said |= words[i] != NULL;
    row->same &= g_strcmp0(words[i], words[0]) == 0;
    row->odd[i] = most >= 0 && g_strcmp0(words[i], words[most]) != 0;
  }
  for (guint i = 0; i < l->n; i++)
    if (!texts[i]) texts[i] = g_strdup(""); /* a vector of strings ends at its first NULL */
  if (!said || l->rows->len == LINEUP_ROWS) {
    row_free(row);
    return;
  }
  for (guint i = 0; i < l->n; i++) l->odd += row->odd[i];
  l->differ += !row->same;
  g_ptr_array_add(l->rows, row);
}

static bool is_number(ModelField field) {
  FieldKind kind = field_info(field)->kind;
  return kind == FIELD_IS_NUMBER || kind == FIELD_IS_REAL;
}

static void add_field(Lineup *l, const Party *p, ModelField field) {
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
  g_autofree char **words = g_new0(char *, p->n + 1);
  char **texts = g_new0(char *, p->n + 1);
  for (guint i = 0; i < p->n; i++) {
    double number = is_number(field) ? node_field_number(p->nodes[i], field) : NAN;
    char *word = isfinite(number) ? g_strdup_printf("%.17g", number)
                                  : node_field_text(p->forest, p->nodes[i], field, p->label_key);
    if (word) g_ptr_array_add(kept, word);
    words[i] = word;
    texts[i] = isfinite(number) ? field_number_text(field, number) : g_strdup(word);
  }
  add_row(l, field_info(field)->name, words, texts);
}

/* What a model's files declare under a key. */
static void add_key(Lineup *l, const Party *p, const char *key) {
  g_autoptr(GPtrArray) kept = g_ptr_array_new_with_free_func(g_free);
  char **texts = g_new0(char *, p->n + 1);
  g_autofree char **words = g_new0(char *, p->n + 1);
  for (guint i = 0; i < p->n; i++) {
    g_autoptr(GPtrArray) said = g_ptr_array_new_with_free_func(g_free);
    node_texts(p->forest, p->nodes[i], FIELD_COUNT, key, p->label_key, said);
    if (said->len == 0) continue;
    g_ptr_array_add(said, NULL);
    texts[i] = g_strjoinv("; ", (char **)said->pdata);
    words[i] = g_strdup(texts[i]);
    g_ptr_array_add(kept, words[i]);
  }
  add_row(l, key, words, texts);
}

/* A model that has the same layers in the same shapes has the same short sign here. */
static void add_shapes(Lineup *l, const Party *p) {
  char **texts = g_new0(char *, p->n + 1);
  g_autofree char **words = g_new0(char *, p->n + 1);
  for (guint i = 0; i < p->n; i++) {
    Model *m = p->nodes[i]->model;
    words[i] = m && m->shapes && *m->shapes ? m->shapes : NULL;
    texts[i] = words[i] ? g_strndup(words[i], 8) : NULL;
  }
  add_row(l, "shapes", words, texts);
}

/* Where and what it is called is no fact to compare; why the forest puts it there is told in other words each time. */
static bool is_compared(ModelField field) {
  return field != FIELD_PATH && field != FIELD_NAME && field != FIELD_REASON;
}

/* The keys that are no fields, in the order in which they are first met. Array of char*, borrowed from the models. */
static GPtrArray *declared_keys(const Party *p) {
  GPtrArray *keys = g_ptr_array_new();
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < p->n; i++) {
    const Model *m = p->nodes[i]->model;
    for (guint k = 0; m && k < m->facts->len; k++) {
      const Fact *fact = m->facts->pdata[k];
      if (field_find(fact->key) == FIELD_COUNT && g_hash_table_add(seen, fact->key)) g_ptr_array_add(keys, fact->key);
    }
  }
  return keys;
}

Lineup *lineup_new(const Forest *forest, const GArray *nodes, const char *label_key) {
  Lineup *l = g_new0(Lineup, 1);
  *l = (Lineup){.n = MIN(nodes->len, (guint)LINEUP_MODELS), .rows = g_ptr_array_new_with_free_func(row_free)};
  g_autofree const ForestNode **all = g_new0(const ForestNode *, l->n + 1);
  Party p = {forest, all, l->n, label_key};
  if (l->n == 0) return l;
  for (guint i = 0; i < l->n; i++) all[i] = forest_node(forest, g_array_index(nodes, guint, i));
  for (int f = 0; f < FIELD_COUNT; f++)
    if (is_compared((ModelField)f)) add_field(l, &p, (ModelField)f);
  add_shapes(l, &p);
  g_autoptr(GPtrArray) keys = declared_keys(&p);
  for (guint i = 0; i < keys->len; i++) add_key(l, &p, keys->pdata[i]);
  return l;
}

void lineup_differences_first(Lineup *l) {
  g_autoptr(GPtrArray) same = g_ptr_array_new();
  guint n = 0;
  for (guint i = 0; i < l->rows->len; i++) {
    LineupRow *row = l->rows->pdata[i];
    if (row->same) g_ptr_array_add(same, row);
    else l->rows->pdata[n++] = row;
  }
  for (guint i = 0; i < same->len; i++) l->rows->pdata[n + i] = same->pdata[i];
}

char *lineup_text(const Lineup *l) {
  return g_strdup_printf("%u models: %u of %u facts differ, %u stand%s out", l->n, l->differ, l->rows->len, l->odd,
                         l->odd == 1 ? "s" : "");
}
