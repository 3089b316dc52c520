/* SPDX-License-Identifier: Apache-2.0 */
/* The default text encoder: a table of English word vectors linked into the program
 * (data/words/README.md says whence), so that words work offline and at once.
 *
 * A text's vector is the weighted mean of its words' unit vectors. The weight a / (a + p(w))
 * (Arora, Liang and Ma 2017, "smooth inverse frequency") lets "the" and "of" count for next to
 * nothing; p(w) follows Zipf's law from the word's rank, since the table is in order of frequency. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "text/encoder_impl.h"

/* The file becomes part of the read-only data; WORDS_BIN is its path, given by the build. */
__asm__(
    ".section .rodata\n"
    ".balign 64\n"
    "copse_words_begin:\n"
    ".incbin \"" WORDS_BIN "\"\n"
    "copse_words_end:\n"
    ".previous\n");
extern const unsigned char copse_words_begin[], copse_words_end[];

typedef struct {
  uint32_t count, dim;
  const float *scale;     /* (count) */
  const uint32_t *sorted; /* (count): word numbers in byte order */
  const uint32_t *start;  /* (count + 1) */
  const int8_t *bytes;    /* (count, dim) */
  const char *text;
} WordTable;

/* Lays the table over the bytes (layout: data/words/make-words.js). */
static WordTable table_at(const unsigned char *p) {
  WordTable t;
  memcpy(&t.count, p + 8, 4);
  memcpy(&t.dim, p + 12, 4);
  t.scale = (const float *)(const void *)(p + 24);
  t.sorted = (const uint32_t *)(const void *)(t.scale + t.count);
  t.start = t.sorted + t.count;
  t.bytes = (const int8_t *)(t.start + t.count + 1);
  t.text = (const char *)(t.bytes + (size_t)t.count * t.dim);
  return t;
}

static int compare_word(const WordTable *t, uint32_t w, const char *s, size_t n) {
  size_t m = t->start[w + 1] - t->start[w];
  int c = memcmp(t->text + t->start[w], s, MIN(m, n));
  return c ? c : (m > n) - (m < n);
}

/* The word's number (its rank by frequency, from 0), or -1. */
static int64_t find_word(const WordTable *t, const char *s, size_t n) {
  uint32_t low = 0, high = t->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int c = compare_word(t, t->sorted[middle], s, n);
    if (c == 0) return t->sorted[middle];
    if (c < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return -1;
}

static float frequency_weight(const WordTable *t, uint32_t rank) {
  const double a = 1e-3;
  double p = 1.0 / ((rank + 2.7) * log(t->count)); /* Zipf-Mandelbrot */
  return (float)(a / (a + p));
}

static void add_word(const WordTable *t, uint32_t w, float *dst) {
  const int8_t *v = t->bytes + (size_t)w * t->dim;
  double norm2 = 0;
  for (uint32_t i = 0; i < t->dim; i++) norm2 += (double)v[i] * v[i];
  float factor = norm2 > 0 ? frequency_weight(t, w) / (float)sqrt(norm2) : 0;
  for (uint32_t i = 0; i < t->dim; i++) dst[i] += factor * (float)v[i];
}

/* One word; a hyphenated one that is unknown falls apart. Returns the known parts. */
static size_t add_token(const WordTable *t, const char *s, size_t n, float *dst,
                        GPtrArray *unknown) {
  int64_t w = find_word(t, s, n);
  if (w >= 0) {
    add_word(t, (uint32_t)w, dst);
    return 1;
  }
  const char *hyphen = memchr(s, '-', n);
  if (!hyphen) {
    /* "a" and "I" have no vector and no meaning worth a message. */
    if (n > 1) g_ptr_array_add(unknown, g_strndup(s, n));
    return 0;
  }
  size_t left = (size_t)(hyphen - s), known = 0;
  if (left) known += add_token(t, s, left, dst, unknown);
  if (left + 1 < n) known += add_token(t, hyphen + 1, n - left - 1, dst, unknown);
  return known;
}

/* Letters and marks make a word; ' and - do between them. */
static bool is_word_char(gunichar c) { return g_unichar_isalpha(c) || g_unichar_ismark(c); }

static const char *word_end(const char *p) {
  while (*p) {
    gunichar c = g_utf8_get_char(p);
    const char *next = g_utf8_next_char(p);
    bool joins = (c == '\'' || c == '-') && *next && is_word_char(g_utf8_get_char(next));
    if (!is_word_char(c) && !joins) break;
    p = next;
  }
  return p;
}

static size_t words_encode(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown,
                           GError **error) {
  (void)error;
  const WordTable *t = e->private_data;
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *lower = g_utf8_strdown(valid, -1);
  size_t known = 0;
  for (const char *p = lower; *p;) {
    const char *end = word_end(p);
    if (end > p) known += add_token(t, p, (size_t)(end - p), dst, unknown);
    p = end > p ? end : g_utf8_next_char(p);
  }
  return known;
}

static void words_close(TextEncoder *e) { g_free(e->private_data); }

bool words_open(TextEncoder *e, GError **error) {
  static const TextEncoderOps ops = {.encode = words_encode, .close = words_close};
  size_t size = (size_t)(copse_words_end - copse_words_begin);
  if (size < 24 || memcmp(copse_words_begin, "COPSEWV1", 8) != 0) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_STATE,
                        "the embedded word vectors are damaged: rebuild the program");
    return false;
  }
  WordTable table = table_at(copse_words_begin);
  uint64_t sum; /* of the table, as its maker computed it */
  memcpy(&sum, copse_words_begin + 16, sizeof sum);
  e->ops = &ops;
  e->dim = table.dim;
  e->private_data = g_memdup2(&table, sizeof table);
  e->own = g_strdup_printf("words:%016" G_GINT64_MODIFIER "x", GUINT64_FROM_BE(sum));
  return true;
}
