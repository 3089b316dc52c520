/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/word_bag.h"

#include <math.h>
#include <string.h>

#include "numerics/linalg.h"

enum {
  MIN_JOINED = 3,  /* letters of words that may stand together as one */
  COMMONEST = 100, /* of these no other word is made, but of those that follow, up to */
  PART_WORDS = 20000,
  FUNCTION_WORDS = 300, /* the most frequent words, which never do: "was her" is no washer */
  LONGEST_WORD = 100
};

static float frequency_weight(const WordList *list, size_t rank) {
  if (list->without & WORD_BAG_NO_WEIGHTS) return 1;
  const double a = 1e-3;
  double p = 1.0 / (((double)rank + 2.7) * log((double)list->count + 2)); /* Zipf-Mandelbrot */
  return (float)(a / (a + p));
}

static void add_word(const WordList *list, size_t w, float *dst) {
  g_autofree float *v = g_new(float, list->dim);
  list->vector(list, w, v);
  float length = sqrtf(dot(v, v, list->dim));
  if (length > 0) axpy(frequency_weight(list, w) / length, v, dst, list->dim);
}

/* --- stand-ins ---------------------------------------------------------------------------------- */

/* The word with its last `cut` bytes replaced. */
static int64_t find_changed(const WordList *list, const char *s, size_t n, size_t cut, const char *ending) {
  g_autofree char *stem = g_strndup(s, n - cut);
  g_autofree char *word = g_strconcat(stem, ending, NULL);
  return list->find(list, word, strlen(word));
}

/* Endings that a plural or possessive may have, and what the singular has in their place. */
static int64_t find_singular(const WordList *list, const char *s, size_t n) {
  static const struct {
    const char *has, *takes;
  } endings[] = {{"'s", ""}, {"s'", "s"}, {"\xe2\x80\x99s", ""}, {"ies", "y"}, {"ves", "f"}, {"ves", "fe"},
                 {"es", ""}, {"s", ""}};
  for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
    size_t k = strlen(endings[i].has);
    if (n < k + 2 || memcmp(s + n - k, endings[i].has, k) != 0) continue;
    int64_t w = find_changed(list, s, n, k, endings[i].takes);
    if (w >= 0) return w;
  }
  return -1;
}

/* "lawn-mower" as lawnmower. */
static int64_t find_unhyphened(const WordList *list, const char *s, size_t n) {
  if (!memchr(s, '-', n)) return -1;
  g_autoptr(GString) word = g_string_new_len(s, (gssize)n);
  g_string_replace(word, "-", "", 0);
  return list->find(list, word->str, word->len);
}

/* The number of a word or of what stands in for it; -1 when the list has nothing of the kind. */
static int64_t word_bag_find(const WordList *list, const char *s, size_t n) {
  if (n == 0 || n > LONGEST_WORD) return -1;
  int64_t w = list->find(list, s, n);
  if (w >= 0 || list->without & WORD_BAG_NO_STAND_INS) return w;
  w = find_singular(list, s, n);
  return w >= 0 ? w : find_unhyphened(list, s, n);
}

static void take(GArray *numbers, int64_t w) {
  uint32_t number = (uint32_t)w;
  g_array_append_val(numbers, number);
}

/* A word that may be half of another, or -1. */
static int64_t find_part(const WordList *list, const char *s, size_t n) {
  int64_t w = word_bag_find(list, s, n);
  return w >= COMMONEST && w < PART_WORDS ? w : -1;
}

/* The two words that make up an unknown one, such that the rarer is as frequent as can be. */
static bool find_parts(const WordList *list, const char *s, size_t n, int64_t parts[2]) {
  int64_t best = PART_WORDS;
  if (n > LONGEST_WORD || list->without & WORD_BAG_NO_PARTS) return false;
  for (size_t cut = MIN_JOINED; cut + MIN_JOINED <= n; cut++) {
    int64_t left = find_part(list, s, cut);
    int64_t right = left < 0 ? -1 : find_part(list, s + cut, n - cut);
    if (right < 0 || MAX(left, right) >= best) continue;
    best = MAX(left, right);
    parts[0] = left, parts[1] = right;
  }
  return best < PART_WORDS;
}

/* Takes a word's relatives for it, and says so. */
static bool add_relatives(const WordList *list, const char *s, size_t n, GArray *numbers, GPtrArray *unknown) {
  uint32_t relative[WORD_BAG_RELATIVES];
  if (!list->relatives || list->without & WORD_BAG_NO_RELATIVES) return false;
  size_t count = list->relatives(list, s, n, relative);
  g_autoptr(GString) said = g_string_new_len(s, (gssize)n);
  for (size_t i = 0; i < count; i++) {
    g_autofree char *word = list->word(list, relative[i]);
    g_string_append_printf(said, "%s%s", i ? ", " : " (", word);
    take(numbers, relative[i]);
  }
  g_string_append_c(said, ')');
  if (count && unknown) g_ptr_array_add(unknown, g_strdup(said->str));
  return count > 0;
}

/* One word; an unknown one falls apart at its hyphens, or into two, or has relatives. */
static void add_token(const WordList *list, const char *s, size_t n, GArray *numbers, GPtrArray *unknown) {
  int64_t w = word_bag_find(list, s, n), parts[2];
  if (w >= 0) {
    take(numbers, w);
    return;
  }
  const char *end = s + n;
  bool parted = memchr(s, '-', n) != NULL && !(list->without & WORD_BAG_NO_PARTS);
  if (!parted && find_parts(list, s, n, parts)) {
    take(numbers, parts[0]);
    take(numbers, parts[1]);
    return;
  }
  if (add_relatives(list, s, n, numbers, unknown)) return;
  for (const char *p = s, *stop; parted && p < end; p = stop + 1) {
    stop = memchr(p, '-', (size_t)(end - p));
    if (!stop) stop = end;
    if (stop > p) add_token(list, p, (size_t)(stop - p), numbers, unknown);
  }
  /* "a" and "I" have no vector and no meaning worth a message. */
  if (!parted && n > 1 && unknown) g_ptr_array_add(unknown, g_strndup(s, n));
}

/* --- the text ----------------------------------------------------------------------------------- */

/* Letters and marks make a word; ' and - do between them. */
static bool is_word_char(gunichar c) { return g_unichar_isalpha(c) || g_unichar_ismark(c); }

static const char *word_end(const char *p) {
  while (*p) {
    gunichar c = g_utf8_get_char(p);
    const char *next = g_utf8_next_char(p);
    bool joins = (c == '\'' || c == 0x2019 || c == '-') && *next && is_word_char(g_utf8_get_char(next));
    if (!is_word_char(c) && !joins) break;
    p = next;
  }
  return p;
}

typedef struct {
  const char *s;
  size_t n;
} Token;

static GArray *tokens_of(const char *text) {
  GArray *all = g_array_new(FALSE, FALSE, sizeof(Token));
  for (const char *p = text; *p;) {
    const char *end = word_end(p);
    Token t = {p, (size_t)(end - p)};
    if (end > p) g_array_append_val(all, t);
    p = end > p ? end : g_utf8_next_char(p);
  }
  return all;
}

/* May the word stand together with another as one? */
static bool may_join(const WordList *list, const Token *t) {
  if (t->n < MIN_JOINED || t->n > LONGEST_WORD / 2) return false;
  int64_t w = list->find(list, t->s, t->n);
  return w < 0 || w >= FUNCTION_WORDS;
}

/* The one word that two neighbours are, or -1. */
static int64_t find_joined(const WordList *list, const Token *a, const Token *b) {
  static const char *const between[] = {"-", "_", " ", ""};
  if (list->without & WORD_BAG_NO_JOINING || !may_join(list, a) || !may_join(list, b)) return -1;
  for (size_t i = 0; i < G_N_ELEMENTS(between); i++) {
    g_autofree char *left = g_strndup(a->s, a->n), *right = g_strndup(b->s, b->n);
    g_autofree char *word = g_strconcat(left, between[i], right, NULL);
    int64_t w = list->find(list, word, strlen(word));
    if (w >= 0) return w;
  }
  return -1;
}

static void find_words(const WordList *list, const char *text, GArray *numbers, GPtrArray *unknown) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  g_autofree char *lower = g_utf8_strdown(valid, -1);
  g_autoptr(GArray) tokens = tokens_of(lower);
  for (guint i = 0; i < tokens->len; i++) {
    const Token *t = &g_array_index(tokens, Token, i);
    int64_t joined = i + 1 < tokens->len ? find_joined(list, t, t + 1) : -1;
    if (joined < 0) {
      add_token(list, t->s, t->n, numbers, unknown);
      continue;
    }
    take(numbers, joined);
    i++;
  }
}

void word_bag_tokens(const WordList *list, const char *text, GArray *numbers) { find_words(list, text, numbers, NULL); }

size_t word_bag_encode(const WordList *list, const char *text, float *dst, GPtrArray *unknown) {
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint32_t));
  find_words(list, text, numbers, unknown);
  for (guint i = 0; i < numbers->len; i++) add_word(list, g_array_index(numbers, uint32_t, i), dst);
  float length = sqrtf(dot(dst, dst, list->dim));
  for (size_t i = 0; i < list->dim && length > 0; i++) dst[i] /= length;
  return numbers->len;
}
