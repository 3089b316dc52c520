/* SPDX-License-Identifier: Apache-2.0 */
/* The text encoder "glove:FILE": word vectors as text, a line a word with its numbers, as GloVe and
 * word2vec write them (the latter with a first line "COUNT DIM"). Lines are in order of frequency,
 * and a text is a bag of words: see text/word_bag.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "encoders/encoder_impl.h"
#include "encoders/word_bag.h"
#include "numerics/hash.h"

enum { MAX_DIM = 8192, MAX_WORDS = 8 << 20, LONGEST_LINE = 1 << 20 };

typedef struct {
  WordList list;
  GHashTable *numbers; /* word, in lower case -> number + 1 */
  GPtrArray *words;    /* borrowed from it */
  GArray *vectors;     /* of float: (count, dim) */
  uint64_t hash;
} Glove;

static int64_t glove_find(const WordList *list, const char *s, size_t n) {
  const Glove *g = (const Glove *)list;
  g_autofree char *word = g_strndup(s, n);
  return (int64_t)GPOINTER_TO_SIZE(g_hash_table_lookup(g->numbers, word)) - 1;
}

static const float *row(const Glove *g, size_t w) { return &g_array_index(g->vectors, float, w * g->list.dim); }

static void glove_row(const WordList *list, size_t w, float *dst) {
  memcpy(dst, row((const Glove *)list, w), list->dim * sizeof *dst);
}

static void glove_close(TextEncoder *e) {
  Glove *g = e->private_data;
  if (!g) return;
  g_ptr_array_unref(g->words);
  g_hash_table_unref(g->numbers);
  g_array_unref(g->vectors);
  g_free(g);
}

static size_t glove_encode(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, GError **error) {
  (void)error;
  return word_bag_encode(e->private_data, text, dst, unknown);
}

static bool glove_vector(TextEncoder *e, size_t i, float *dst) {
  glove_row(e->private_data, i, dst);
  return true;
}

static SafeText *glove_word(TextEncoder *e, size_t i) {
  const Glove *g = e->private_data;
  return safe_text(g->words->pdata[i], -1);
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool is_gap(char c) { return c == ' ' || c == '\t'; }

/* Fields of a line, which are apart by spaces. */
static size_t count_fields(const char *line) {
  size_t n = 0;
  for (const char *p = line; *p; p++) n += !is_gap(*p) && (p == line || is_gap(p[-1]));
  return n;
}

/* Cuts the last `dim` fields off the line: where they begin. The word before them may hold spaces,
 * as some lists do. */
static char *numbers_begin(char *line, size_t n, size_t dim) {
  char *p = line + n;
  for (size_t k = 0; k < dim; k++) {
    while (p > line && is_gap(p[-1])) p--;
    while (p > line && !is_gap(p[-1])) p--;
  }
  return p;
}

/* Takes one line; false when it is no word with dim numbers. */
static bool take_line(Glove *g, char *line, size_t n) {
  char *p = numbers_begin(line, n, g->list.dim), *end = p;
  while (end > line && is_gap(end[-1])) end--;
  if (end == line) return false;
  if (!g_utf8_validate(line, end - line, NULL)) return true; /* no word of ours */
  guint first = g->vectors->len;
  for (size_t i = 0; i < g->list.dim; i++) {
    char *stop;
    float x = (float)g_ascii_strtod(p, &stop);
    if (stop == p || !(x > -1e6f && x < 1e6f)) return false;
    g_array_append_val(g->vectors, x);
    p = stop;
  }
  char *word = g_utf8_strdown(line, end - line);
  if (g_hash_table_contains(g->numbers, word)) { /* "The" after "the" */
    g_array_set_size(g->vectors, first);
    g_free(word);
    return true;
  }
  g_ptr_array_add(g->words, word);
  g_hash_table_insert(g->numbers, word, GSIZE_TO_POINTER((gsize)g->words->len));
  return true;
}

static bool is_header(const char *line) {
  return count_fields(line) == 2 && strspn(line, "0123456789 \t") == strlen(line);
}

/* A line, of which no more than LONGEST_LINE bytes are read, with its end; -1 at the end of the file. */
static ssize_t read_line(char **line, FILE *in) {
  size_t n = 0;
  if (!*line) *line = g_malloc(LONGEST_LINE + 2);
  for (int c; n <= LONGEST_LINE && (c = getc_unlocked(in)) != EOF;) {
    (*line)[n++] = (char)c;
    if (c == '\n') break;
  }
  (*line)[n] = '\0';
  return n ? (ssize_t)n : -1;
}

static bool read_lines(Glove *g, FILE *in, const char *label, GError **error) {
  char *line = NULL;
  size_t number = 0;
  bool ok = true;
  for (ssize_t n; ok && (n = read_line(&line, in)) >= 0;) {
    number++;
    while (n > 0 && strchr("\r\n ", line[n - 1]) && line[n - 1]) line[--n] = '\0';
    g->hash = hash_name_step(g->hash, g_str_hash(line));
    if (n == 0 || (number == 1 && is_header(line))) continue;
    if (!g->list.dim) g->list.dim = MAX(count_fields(line), 1) - 1;
    ok = n < LONGEST_LINE && (size_t)n == strlen(line) && g->list.dim >= 2 && g->list.dim <= MAX_DIM &&
         g->words->len < MAX_WORDS && take_line(g, line, (size_t)n);
  }
  g_free(line);
  if (ok && g->words->len >= 2 && !ferror(in)) return true;
  g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT, "%s: line %zu: a word with %zu numbers is expected", label,
              number, MAX(g->list.dim, 2));
  return false;
}

static bool read_file(Glove *g, const char *path, GError **error) {
  g_autofree SafeText *label = safe_text(path, -1);
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  FILE *in = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
  if (!in) {
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_IO, "%s: %s", label, fd < 0 ? g_strerror(errno) : "not a regular file");
    if (fd >= 0) close(fd);
    return false;
  }
  bool ok = read_lines(g, in, label, error);
  fclose(in);
  return ok;
}

bool glove_open(TextEncoder *e, const char *path, GError **error) {
  static const TextEncoderOps ops = {
      .encode = glove_encode, .vector = glove_vector, .word = glove_word, .close = glove_close};
  Glove *g = g_new0(Glove, 1);
  g->list = (WordList){.find = glove_find, .vector = glove_row};
  g->numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  g->words = g_ptr_array_new();
  g->vectors = g_array_new(FALSE, FALSE, sizeof(float));
  e->ops = &ops;
  e->private_data = g;
  if (!read_file(g, path, error)) return false;
  g->list.count = e->words = g->words->len;
  e->dim = g->list.dim;
  e->own = g_strdup_printf("glove:%016" G_GINT64_MODIFIER "x", g->hash);
  return true;
}
