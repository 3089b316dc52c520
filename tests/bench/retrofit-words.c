/* SPDX-License-Identifier: Apache-2.0 */
/* Brings the word vectors nearer to WordNet 3.0, for maintainers (`make words`):
 *
 *   retrofit-words WORDNET GLOVE.bin WORDS.bin [BETA]
 *
 * GLOVE.bin is what data/words/make-words.js writes; WORDNET a folder with data.noun, index.noun, data.adj, index.adj
 * (Debian's wordnet-base: /usr/share/wordnet). Retrofitting (Faruqui and others 2015) over nouns and adjectives: ten
 * rounds of
 *
 *   q_i = (v_i + beta * sum_j w_ij q_j) / (1 + beta * sum_j w_ij), brought to length 1
 *
 * j: synonyms, words above and below, similar ones, other kinds of the same thing; w = s(i) s(j) r, s = 1 / (1 + rank of
 * the sense), r = 1 for synonyms, else what relation_weight() and join_kinds() say.
 *
 * WORDS.bin has what GLOVE.bin has under "COPSEWV2", then WordNet's words that have no vector with their nearest
 * relatives that have one, which stand in for them:
 *
 *   u32 missing                  how many
 *   u32 start[missing + 1]       where each begins in the text, in byte order of the words
 *   u32 relative[missing][3]     word numbers; 0xffffffff: none
 *   text                         the missing words without separators
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "numerics/linalg.h"
#include "tests/bench/wordnet.h"

enum { ROUNDS = 10, RELATIVES = 3, CLIMB = 6, MOST_KINDS = 15, HEAD = 24 };

static const uint32_t none = 0xffffffff;
static const float related = 0.7f; /* of the weight that synonyms have */

/* --- the table ---------------------------------------------------------------------------------------- */

typedef struct {
  unsigned char *file;
  size_t size, count, dim;
  float *scale;
  uint32_t *start;
  int8_t *bytes;
  const char *text;
  GHashTable *numbers; /* word -> number + 1 */
  GPtrArray *words;    /* char* */
  float *v, *q;        /* (count, dim) */
} Table;

static bool table_read(Table *t, const char *path, GError **error) {
  if (!g_file_get_contents(path, (char **)&t->file, &t->size, error)) return false;
  uint32_t sizes[2] = {0, 0};
  if (t->size > HEAD) memcpy(sizes, t->file + 8, sizeof sizes);
  t->count = sizes[0], t->dim = sizes[1];
  if (t->size < HEAD + t->count * (12 + t->dim) + 4 || memcmp(t->file, "COPSEWV1", 8) != 0) {
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s is not what make-words.js writes", path);
    return false;
  }
  t->scale = (float *)(void *)(t->file + HEAD);
  t->start = (uint32_t *)(void *)(t->scale + 2 * t->count);
  t->bytes = (int8_t *)(t->start + t->count + 1);
  t->text = (const char *)(t->bytes + t->count * t->dim);
  t->numbers = g_hash_table_new(g_str_hash, g_str_equal);
  t->words = g_ptr_array_new_with_free_func(g_free);
  t->v = g_new(float, t->count * t->dim);
  for (size_t i = 0; i < t->count; i++) {
    char *word = g_strndup(t->text + t->start[i], t->start[i + 1] - t->start[i]);
    g_ptr_array_add(t->words, word);
    g_hash_table_insert(t->numbers, word, GSIZE_TO_POINTER(i + 1));
    for (size_t k = 0; k < t->dim; k++) t->v[i * t->dim + k] = (float)t->bytes[i * t->dim + k];
  }
  return true;
}

/* The number of a word as WordNet writes it, or -1. */
static gssize number_of(const Table *t, const char *written) {
  g_autofree char *word = g_ascii_strdown(written, -1);
  return (gssize)GPOINTER_TO_SIZE(g_hash_table_lookup(t->numbers, g_strdelimit(word, "_", '-'))) - 1;
}

/* --- the graph ---------------------------------------------------------------------------------------- */

typedef struct {
  uint32_t to;
  float weight;
} Edge;

typedef struct {
  const Table *t;
  const Wordnet *w;
  GArray **edges; /* of Edge, by word number */
} Graph;

static float share_of(const Wordnet *w, const char *written, const Synset *s) {
  g_autofree char *word = g_ascii_strdown(written, -1);
  return 1 / (1 + (float)wordnet_rank(w, word, s));
}

static void join(const Graph *g, const Synset *a, const Synset *b, float weight) {
  for (guint i = 0; i < a->words->len; i++) {
    gssize from = number_of(g->t, a->words->pdata[i]);
    for (guint j = 0; from >= 0 && j < b->words->len; j++) {
      gssize to = number_of(g->t, b->words->pdata[j]);
      if (to < 0 || to == from) continue;
      float w = weight * share_of(g->w, a->words->pdata[i], a) * share_of(g->w, b->words->pdata[j], b);
      Edge e = {(uint32_t)to, w};
      g_array_append_val(g->edges[from], e);
    }
  }
}

/* Of two synsets that are related: less than synonymy, shared out among the other's words, and the less the more lies
 * below the upper one: "person" tells little of what a "tiger" is. */
static float relation_weight(const Synset *upper, const Synset *other) {
  unsigned below = 0;
  for (guint k = 0; k < upper->pointers->len; k++)
    below += g_array_index(upper->pointers, Pointer, k).kind == RELATION_BELOW;
  return related / (1 + logf(1 + (float)below)) / sqrtf((float)other->words->len);
}

/* The kinds of one thing are alike, where they are few: foxes and wolves, not all persons. */
static void join_kinds(const Graph *g, const Synset *s) {
  g_autoptr(GPtrArray) kinds = g_ptr_array_new();
  for (guint k = 0; k < s->pointers->len; k++) {
    const Pointer *p = &g_array_index(s->pointers, Pointer, k);
    Synset *kind = p->kind == RELATION_BELOW ? wordnet_synset(g->w, p->offset) : NULL;
    if (kind) g_ptr_array_add(kinds, kind);
  }
  for (guint i = 0; i < kinds->len && kinds->len <= MOST_KINDS; i++)
    for (guint j = 0; j < kinds->len; j++)
      if (i != j) join(g, kinds->pdata[i], kinds->pdata[j], related / sqrtf((float)kinds->len));
}

static void add_graph(const Graph *g) {
  for (guint i = 0; i < g->w->all->len; i++) {
    const Synset *s = g->w->all->pdata[i];
    join(g, s, s, 1);
    join_kinds(g, s);
    for (guint k = 0; k < s->pointers->len; k++) {
      const Pointer *p = &g_array_index(s->pointers, Pointer, k);
      const Synset *other = wordnet_synset(g->w, p->offset);
      if (other) join(g, s, other, relation_weight(p->kind == RELATION_BELOW ? s : other, other));
    }
  }
}

static void normalise(float *x, size_t n) {
  float length = sqrtf(dot(x, x, n));
  for (size_t i = 0; i < n && length > 0; i++) x[i] /= length;
}

static void retrofit(Table *t, GArray *const *edges, float beta) {
  size_t d = t->dim;
  for (size_t i = 0; i < t->count; i++) normalise(t->v + i * d, d);
  t->q = g_memdup2(t->v, t->count * d * sizeof *t->v);
  for (int round = 0; round < ROUNDS; round++)
    for (size_t i = 0; i < t->count; i++) {
      float *q = t->q + i * d;
      if (!edges[i]->len) continue;
      memcpy(q, t->v + i * d, d * sizeof *q);
      for (guint k = 0; k < edges[i]->len; k++) {
        const Edge *e = &g_array_index(edges[i], Edge, k);
        axpy(beta * e->weight, t->q + e->to * d, q, d);
      }
      normalise(q, d);
    }
}

/* --- words without a vector --------------------------------------------------------------------------- */

/* A word that a text may hold: letters, ' and - alone. */
static bool is_word(const char *word) {
  if (strlen(word) < 3) return false;
  for (const char *p = word; *p; p++)
    if (!g_ascii_isalpha(*p) && *p != '\'' && *p != '-') return false;
  return true;
}

/* Adds words of the synset that have vectors. */
static void take_words(const Table *t, const Synset *s, uint32_t relative[RELATIVES], size_t *n) {
  for (guint i = 0; i < s->words->len && *n < RELATIVES; i++) {
    gssize number = number_of(t, s->words->pdata[i]);
    bool there = number < 0;
    for (size_t k = 0; k < *n; k++) there |= relative[k] == (uint32_t)number;
    if (!there) relative[(*n)++] = (uint32_t)number;
  }
}

/* The relatives of the word's first sense: synonyms, else what is nearest above, or what an adjective is like. */
static size_t relatives_of(const Table *t, const Wordnet *w, const Synset *s, uint32_t relative[RELATIVES]) {
  size_t n = 0;
  for (int step = 0; s && step < CLIMB && !n; step++) {
    take_words(t, s, relative, &n);
    const Synset *next = NULL;
    for (guint k = 0; k < s->pointers->len && !next; k++) {
      const Pointer *p = &g_array_index(s->pointers, Pointer, k);
      if (p->kind != RELATION_BELOW) next = wordnet_synset(w, p->offset);
    }
    s = next;
  }
  return n;
}

typedef struct {
  char *word;
  uint32_t relative[RELATIVES];
} Missing;

static void find_missing(const Table *t, const Wordnet *w, GHashTable *seen, GArray *all) {
  GHashTableIter it;
  gpointer word, senses;
  g_hash_table_iter_init(&it, w->senses);
  while (g_hash_table_iter_next(&it, &word, &senses)) {
    Missing m = {.relative = {none, none, none}};
    const GPtrArray *own = senses;
    if (!own->len || !is_word(word) || number_of(t, word) >= 0 || g_hash_table_contains(seen, word)) continue;
    if (!relatives_of(t, w, own->pdata[0], m.relative)) continue;
    m.word = g_strdup(word);
    g_hash_table_add(seen, m.word);
    g_array_append_val(all, m);
  }
}

static int by_word(gconstpointer a, gconstpointer b) {
  return strcmp(((const Missing *)a)->word, ((const Missing *)b)->word);
}

/* --- writing ------------------------------------------------------------------------------------------ */

/* Vectors back into signed bytes, each with the scale of its largest number. */
static void quantise(Table *t) {
  for (size_t i = 0; i < t->count; i++) {
    const float *q = t->q + i * t->dim;
    float most = 0;
    for (size_t k = 0; k < t->dim; k++) most = fmaxf(most, fabsf(q[k]));
    t->scale[i] = most / 127;
    for (size_t k = 0; k < t->dim; k++) t->bytes[i * t->dim + k] = (int8_t)(most > 0 ? lrintf(q[k] / most * 127) : 0);
  }
}

static void add_missing(GByteArray *out, const GArray *all) {
  uint32_t n = all->len, at = 0;
  while (out->len % 4) g_byte_array_append(out, (const guint8 *)"", 1);
  g_byte_array_append(out, (const guint8 *)&n, sizeof n);
  for (guint i = 0; i <= n; i++) {
    g_byte_array_append(out, (const guint8 *)&at, sizeof at);
    if (i < n) at += (uint32_t)strlen(g_array_index(all, Missing, i).word);
  }
  for (guint i = 0; i < n; i++)
    g_byte_array_append(out, (const guint8 *)g_array_index(all, Missing, i).relative, sizeof(uint32_t[RELATIVES]));
  for (guint i = 0; i < n; i++) {
    const char *word = g_array_index(all, Missing, i).word;
    g_byte_array_append(out, (const guint8 *)word, (guint)strlen(word));
  }
}

static bool table_write(Table *t, const GArray *missing, const char *path, GError **error) {
  quantise(t);
  memcpy(t->file, "COPSEWV2", 8);
  g_autoptr(GByteArray) out = g_byte_array_new();
  g_byte_array_append(out, t->file, (guint)t->size);
  add_missing(out, missing);
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(sum, out->data + HEAD, out->len - HEAD);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_checksum_get_digest(sum, digest, &length);
  memcpy(out->data + 16, digest, 8);
  return g_file_set_contents(path, (const char *)out->data, out->len, error);
}

static bool run(const char *folder, const char *from, const char *to, float beta, GError **error) {
  static const char *const parts[] = {"noun", "adj"};
  Table t = {0};
  if (!table_read(&t, from, error)) return false;
  g_autofree GArray **edges = g_new(GArray *, t.count);
  for (size_t i = 0; i < t.count; i++) edges[i] = g_array_new(FALSE, FALSE, sizeof(Edge));
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GArray) missing = g_array_new(FALSE, FALSE, sizeof(Missing));
  for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
    g_autoptr(Wordnet) w = wordnet_read(folder, parts[p], error);
    if (!w) return false;
    add_graph(&(Graph){&t, w, edges});
    find_missing(&t, w, seen, missing);
  }
  g_array_sort(missing, by_word);
  retrofit(&t, edges, beta);
  if (!table_write(&t, missing, to, error)) return false;
  printf("%zu words; %u without a vector have relatives\n", t.count, missing->len);
  return true;
}

int main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  if (argc < 4) {
    fprintf(stderr, "usage: retrofit-words WORDNET GLOVE.bin WORDS.bin [BETA]\n");
    return 2;
  }
  if (run(argv[1], argv[2], argv[3], argc > 4 ? (float)g_ascii_strtod(argv[4], NULL) : 0.5f, &error)) return 0;
  fprintf(stderr, "retrofit-words: %s\n", error->message);
  return 1;
}
