/* SPDX-License-Identifier: Apache-2.0 */
/* The default text encoder: a table of English word vectors linked into the program
 * (data/words/README.md says whence), so that words work offline and at once. A text is a bag of
 * words: see text/word_bag.h. */
#include <string.h>

#include "core/error.h"
#include "encoders/encoder_impl.h"
#include "encoders/word_bag.h"

/* The file becomes part of the read-only data; WORDS_BIN is its path, given by the build. */
__asm__(
    ".section .rodata\n"
    ".balign 64\n"
    "copse_words_begin:\n"
    ".incbin \"" WORDS_BIN
    "\"\n"
    "copse_words_end:\n"
    ".previous\n");
extern const unsigned char copse_words_begin[], copse_words_end[];

typedef struct {
  WordList list;
  const float *scale;     /* (count) */
  const uint32_t *sorted; /* (count): word numbers in byte order */
  const uint32_t *start;  /* (count + 1) */
  const int8_t *bytes;    /* (count, dim) */
  const char *text;
  uint32_t missing;         /* words that have no vector, but relatives that have */
  const uint32_t *absent;   /* (missing + 1): where each begins in its text; in byte order */
  const uint32_t *relative; /* (missing, WORD_BAG_RELATIVES) */
  const char *absent_text;
} WordTable;

/* The text that lies at start[w] .. start[w + 1], beside another. */
static int compare_word(const char *text, const uint32_t *start, uint32_t w, const char *s, size_t n) {
  size_t m = start[w + 1] - start[w];
  int c = memcmp(text + start[w], s, MIN(m, n));
  return c ? c : (m > n) - (m < n);
}

static int64_t find_word(const WordList *list, const char *s, size_t n) {
  const WordTable *t = (const WordTable *)list;
  uint32_t low = 0, high = (uint32_t)list->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int c = compare_word(t->text, t->start, t->sorted[middle], s, n);
    if (c == 0) return t->sorted[middle];
    if (c < 0) low = middle + 1;
    else high = middle;
  }
  return -1;
}

static void word_vector(const WordList *list, size_t w, float *dst) {
  const WordTable *t = (const WordTable *)list;
  const int8_t *v = t->bytes + w * list->dim;
  for (size_t i = 0; i < list->dim; i++) dst[i] = t->scale[w] * (float)v[i];
}

static char *word_text(const WordList *list, size_t w) {
  const WordTable *t = (const WordTable *)list;
  return g_strndup(t->text + t->start[w], t->start[w + 1] - t->start[w]);
}

/* Of the word, or of its singular. */
static size_t word_relatives(const WordList *list, const char *s, size_t n, uint32_t *numbers) {
  const WordTable *t = (const WordTable *)list;
  uint32_t low = 0, high = t->missing;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    int c = compare_word(t->absent_text, t->absent, middle, s, n);
    if (c < 0) low = middle + 1;
    else high = middle;
    if (c) continue;
    size_t count = 0;
    while (count < WORD_BAG_RELATIVES && t->relative[middle * WORD_BAG_RELATIVES + count] < t->list.count) {
      numbers[count] = t->relative[middle * WORD_BAG_RELATIVES + count];
      count++;
    }
    return count;
  }
  return n > 3 && s[n - 1] == 's' ? word_relatives(list, s, n - 1, numbers) : 0;
}

/* Lays the table over the bytes (layout: data/words/make-words.js, tests/bench/retrofit-words.c). */
static WordTable *table_at(const unsigned char *p) {
  WordTable *t = g_new0(WordTable, 1);
  uint32_t sizes[2];
  memcpy(sizes, p + 8, sizeof sizes);
  t->list = (WordList){sizes[0], sizes[1], 0, find_word, word_vector, word_relatives, word_text};
  t->scale = (const float *)(const void *)(p + 24);
  t->sorted = (const uint32_t *)(const void *)(t->scale + t->list.count);
  t->start = t->sorted + t->list.count;
  t->bytes = (const int8_t *)(t->start + t->list.count + 1);
  t->text = (const char *)(t->bytes + t->list.count * t->list.dim);
  size_t end = (size_t)(t->text - (const char *)p) + t->start[t->list.count];
  const uint32_t *more = (const uint32_t *)(const void *)(p + (end + 3) / 4 * 4);
  t->missing = *more;
  t->absent = more + 1;
  t->relative = t->absent + t->missing + 1;
  t->absent_text = (const char *)(t->relative + (size_t)t->missing * WORD_BAG_RELATIVES);
  return t;
}

static size_t words_encode(TextEncoder *e, const char *text, float *dst, GPtrArray *unknown, GError **error) {
  (void)error;
  return word_bag_encode(e->private_data, text, dst, unknown);
}

static SafeText *words_word(TextEncoder *e, size_t i) {
  const WordTable *t = e->private_data;
  return safe_text(t->text + t->start[i], (gssize)(t->start[i + 1] - t->start[i]));
}

static bool words_tokens(TextEncoder *e, const char *text, GArray *ids, GPtrArray *shown, GError **error) {
  (void)error;
  guint first = ids->len;
  word_bag_tokens(e->private_data, text, ids);
  for (guint i = first; shown && i < ids->len; i++)
    g_ptr_array_add(shown, words_word(e, g_array_index(ids, uint32_t, i)));
  return true;
}

static bool words_vector(TextEncoder *e, size_t i, float *dst) {
  word_vector(e->private_data, i, dst);
  return true;
}

static void words_close(TextEncoder *e) { g_free(e->private_data); }

bool words_open(TextEncoder *e, GError **error) {
  static const TextEncoderOps ops = {
      .encode = words_encode, .tokens = words_tokens, .vector = words_vector, .word = words_word, .close = words_close};
  size_t size = (size_t)(copse_words_end - copse_words_begin);
  if (size < 24 || memcmp(copse_words_begin, "COPSEWV2", 8) != 0) {
    g_set_error_literal(error, COPSE_ERROR, COPSE_ERROR_STATE,
                        "the embedded word vectors are damaged: rebuild the program");
    return false;
  }
  WordTable *table = table_at(copse_words_begin);
  uint64_t sum; /* of the table, as its maker computed it */
  memcpy(&sum, copse_words_begin + 16, sizeof sum);
  e->ops = &ops;
  e->dim = table->list.dim;
  e->words = table->list.count;
  e->private_data = table;
  /* The number after "words" is that of the way texts become vectors: see text/word_bag.h. */
  e->own = g_strdup_printf("words4:%016" G_GINT64_MODIFIER "x", GUINT64_FROM_BE(sum));
  return true;
}
