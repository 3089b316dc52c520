/* SPDX-License-Identifier: Apache-2.0 */
#include "search/fuzzy.h"

#include <string.h>

#include "core/text.h"
#include "search/word_match.h"

/* What a word is worth by how it was found. A whole word goes before the beginning of one, that before the inside, and
 * letters with gaps come last; the place in the text decides among equals. */
enum { WHOLE = 60, BEGINS = 300, INSIDE = 150, GAPS = 60, FIRST = 40, SPAN = 12, LATE = 32, LONG = 24 };

typedef struct {
  guint index;
  int score;
  guint8 way; /* that its words were found in: way_of() */
} Match;

struct Fuzzy {
  const char *const *texts;
  const guint64 *letters;
  guint64 *own_letters; /* NULL: they were given */
  guint n;
  char *typed;     /* folded; "" at first */
  char **words;    /* of it */
  guint64 needed;  /* their letters */
  GArray *left;    /* of Match: what matches so far, in the order of the texts */
  guint *source;   /* the texts to look at, in their order; NULL: all */
  guint at, to;    /* how many of them have been looked at, of how many */
  bool everything; /* nothing is typed, and `left` is not filled in */
};

guint64 fuzzy_letters(const char *folded) {
  guint64 bits = 0;
  for (const guchar *c = (const guchar *)folded; *c; c++) {
    if (*c >= 'a' && *c <= 'z') bits |= G_GUINT64_CONSTANT(1) << (*c - 'a');
    else if (*c >= '0' && *c <= '9') bits |= G_GUINT64_CONSTANT(1) << (26 + *c - '0');
    else if (*c >= 0x80) bits |= G_GUINT64_CONSTANT(1) << (36 + *c % 28);
  }
  return bits;
}

Fuzzy *fuzzy_new(const char *const *texts, const guint64 *letters, guint n) {
  Fuzzy *f = g_new0(Fuzzy, 1);
  f->texts = texts;
  f->n = n;
  if (!letters) {
    f->own_letters = g_new(guint64, n + 1);
    for (guint i = 0; i < n; i++) f->own_letters[i] = fuzzy_letters(texts[i]);
    letters = f->own_letters;
  }
  f->letters = letters;
  f->typed = g_strdup("");
  f->left = g_array_new(FALSE, FALSE, sizeof(Match));
  f->everything = true;
  return f;
}

void fuzzy_free(Fuzzy *f) {
  if (!f) return;
  g_free(f->own_letters);
  g_free(f->typed);
  g_strfreev(f->words);
  g_free(f->source);
  g_array_unref(f->left);
  g_free(f);
}

/* Where the letters of the word end that follow in their order from `at` on, in the same line; NULL when one is missing
 * or lies too far away to be meant: as far for any word, so that a longer one never finds more than its beginning. */
static const char *letters_from(const char *at, const char *word) {
  const char *most = at + SPAN;
  for (; *word; word++, at++) {
    while (*at != *word && *at && *at != '\n' && at < most) at++;
    if (*at != *word) return NULL;
  }
  return at;
}

/* Letters with gaps, the first at the beginning of a word; 0: not so. A sign in what is typed says that it is no
 * abbreviation. */
static int gaps_score(const char *text, const char *word) {
  if (!word[1]) return 0;
  for (const char *c = word; *c; c++)
    if ((guchar)*c < 0x80 && !g_ascii_isalnum(*c)) return 0;
  for (const char *at = text; (at = strchr(at, *word)); at++) {
    if (!word_begins(text, at)) continue;
    const char *end = letters_from(at, word);
    if (end) return MAX(GAPS - (int)(end - at - (gssize)strlen(word)), 1);
  }
  return 0;
}

/* The first word that begins with an ASCII letter: strstr() is slow where all texts have it. */
static const char *letter_find(const char *text, char letter) {
  for (const char *at = text; (at = strchr(at, letter)); at++)
    if (word_begins(text, at)) return at;
  return NULL;
}

static int word_score(const char *text, const char *word) {
  const char *at = word[1] ? word_find(text, word, true) : letter_find(text, *word);
  if (at) {
    const char *end = at + strlen(word);
    bool whole = !*end || !g_unichar_isalnum(g_utf8_get_char(end)) || word_begins(text, end);
    return BEGINS + (whole ? WHOLE : 0) + (at == text ? FIRST : 0) - MIN((int)(at - text), LATE);
  }
  at = strstr(text, word);
  return at ? INSIDE - MIN((int)(at - text), LATE) : gaps_score(text, word);
}

/* In which way a word was found, the best the largest. */
static guint8 way_of(int score) { return score >= BEGINS - LATE ? 3 : score >= INSIDE - LATE ? 2 : 1; }

/* *way gets the worst of the words'. */
static int score_text(const char *text, char *const *words, guint8 *way) {
  int sum = 0;
  *way = 3;
  for (; *words; words++) {
    if (!**words) continue;
    int score = word_score(text, *words);
    if (!score) return 0;
    *way = MIN(*way, way_of(score));
    sum += score;
  }
  return sum;
}

/* Scores one text and keeps it when it matches. */
static void try_text(const Fuzzy *f, guint i) {
  if ((f->letters[i] & f->needed) != f->needed) return;
  Match m = {.index = i};
  m.score = score_text(f->texts[i], f->words, &m.way);
  if (!m.score) return;
  /* Of two that say the same the shorter is meant: its first line, which is its name. */
  const char *end = strchr(f->texts[i], '\n');
  m.score -= end ? MIN((int)(end - f->texts[i]) / 4, LONG) : LONG / 2;
  g_array_append_val(f->left, m);
}

/* What matched so far, and what had not been looked at yet. */
static void look_at_the_rest(Fuzzy *f) {
  guint n = 0, *source = g_new(guint, f->left->len + f->to - f->at + 1);
  for (guint i = 0; i < f->left->len; i++) source[n++] = g_array_index(f->left, Match, i).index;
  for (guint i = f->at; i < f->to; i++) source[n++] = f->source ? f->source[i] : i;
  g_free(f->source);
  f->source = source;
  f->at = 0, f->to = n;
}

static void look_at_all(Fuzzy *f) {
  g_clear_pointer(&f->source, g_free);
  f->at = 0, f->to = f->everything ? 0 : f->n;
}

void fuzzy_begin(Fuzzy *f, const char *typed) {
  g_autofree char *folded = g_strstrip(text_fold(typed));
  if (g_str_equal(folded, f->typed)) return;
  bool narrower = !f->everything && g_str_has_prefix(folded, f->typed);
  f->everything = !*folded;
  if (narrower) look_at_the_rest(f);
  else look_at_all(f);
  g_array_set_size(f->left, 0);
  g_strfreev(f->words);
  f->words = g_strsplit(folded, " ", -1);
  f->needed = fuzzy_letters(folded);
  g_free(f->typed);
  f->typed = g_steal_pointer(&folded);
}

bool fuzzy_work(Fuzzy *f, guint texts) {
  guint end = f->at + MIN(texts, f->to - f->at);
  for (; f->at < end; f->at++) try_text(f, f->source ? f->source[f->at] : f->at);
  return f->at < f->to;
}

void fuzzy_type(Fuzzy *f, const char *typed) {
  fuzzy_begin(f, typed);
  fuzzy_work(f, G_MAXUINT);
}

guint fuzzy_count(const Fuzzy *f) { return f->everything ? f->n : f->left->len; }

guint fuzzy_mark(const Fuzzy *f, guint8 *marks) {
  guint8 best = 0;
  guint n = 0;
  memset(marks, 0, f->n);
  for (guint i = 0; i < f->left->len; i++) best = MAX(best, g_array_index(f->left, Match, i).way);
  for (guint i = 0; i < f->left->len; i++) {
    const Match *m = &g_array_index(f->left, Match, i);
    if (m->way != best) continue;
    marks[m->index] = 1;
    n++;
  }
  return n;
}

static bool is_better(const Match *a, const Match *b) {
  return a->score != b->score ? a->score > b->score : a->index < b->index;
}

/* Lets the match at `at` sink to where the heap, whose top is the worst, wants it. */
static void sink(Match *heap, guint n, guint at) {
  for (;;) {
    guint worst = at, left = 2 * at + 1, right = left + 1;
    if (left < n && is_better(&heap[worst], &heap[left])) worst = left;
    if (right < n && is_better(&heap[worst], &heap[right])) worst = right;
    if (worst == at) return;
    Match swap = heap[at];
    heap[at] = heap[worst], heap[worst] = swap;
    at = worst;
  }
}

static int best_first(gconstpointer a, gconstpointer b) { return is_better(a, b) ? -1 : is_better(b, a); }

guint fuzzy_best(const Fuzzy *f, guint *best, guint most) {
  guint n = MIN(fuzzy_count(f), most);
  if (f->everything) {
    for (guint i = 0; i < n; i++) best[i] = i;
    return n;
  }
  g_autofree Match *heap = g_new(Match, n + 1);
  for (guint i = 0; i < n; i++) heap[i] = g_array_index(f->left, Match, i);
  for (guint i = n / 2; i-- > 0;) sink(heap, n, i);
  for (guint i = n; i < f->left->len && n; i++) {
    const Match *m = &g_array_index(f->left, Match, i);
    if (is_better(m, &heap[0])) heap[0] = *m, sink(heap, n, 0);
  }
  qsort(heap, n, sizeof *heap, best_first);
  for (guint i = 0; i < n; i++) best[i] = heap[i].index;
  return n;
}
