/* SPDX-License-Identifier: Apache-2.0 */
#include "encoders/bpe.h"

#include <string.h>

#include "core/error.h"
#include "numerics/hash.h"

typedef struct {
  uint64_t pair; /* left << 32 | right; UINT64_MAX: an empty slot */
  uint32_t rank, merged;
} Merge;

struct Bpe {
  Vocabulary *vocabulary;
  char *suffix;
  uint32_t plain[256], last[256]; /* by byte: its symbol within a word, and at the end */
  Merge *slots;                   /* an open table, at most half full */
  size_t slot_count, merges;      /* slot_count is a power of two */
  uint64_t hash;
};

enum { FIRST_SLOTS = 1024 };

/* The character a byte is written as. */
static gunichar byte_character(unsigned byte) {
  bool shown = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
  if (shown) return byte;
  if (byte <= 0x20) return 0x100 + byte;
  return byte == 0xad ? 0x143 : 0x121 + byte - 0x7f;
}

/* The byte a character stands for, or -1. */
static int character_byte(gunichar c) {
  if (c < 0x100) return byte_character(c) == c ? (int)c : -1;
  if (c == 0x143) return 0xad;
  if (c <= 0x120) return (int)(c - 0x100);
  return c <= 0x142 ? (int)(c - 0x121 + 0x7f) : -1;
}

static int64_t byte_symbol(const Vocabulary *v, unsigned byte, const char *suffix) {
  char s[16];
  s[g_unichar_to_utf8(byte_character(byte), s)] = '\0';
  g_autofree char *symbol = g_strconcat(s, suffix, NULL);
  return vocabulary_find(v, symbol);
}

static void clear_slots(Merge *slots, size_t n) {
  for (size_t i = 0; i < n; i++) slots[i].pair = UINT64_MAX;
}

Bpe *bpe_new(Vocabulary *vocabulary, const char *suffix, const char *label, GError **error) {
  g_autoptr(Bpe) b = g_new0(Bpe, 1);
  b->vocabulary = vocabulary;
  b->suffix = g_strdup(suffix);
  b->slot_count = FIRST_SLOTS;
  b->slots = g_new(Merge, FIRST_SLOTS);
  clear_slots(b->slots, FIRST_SLOTS);
  for (unsigned byte = 0; byte < 256; byte++) {
    int64_t plain = byte_symbol(vocabulary, byte, ""), last = byte_symbol(vocabulary, byte, suffix);
    if (plain < 0 || last < 0) {
      g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                  "%s: the vocabulary has no symbol for byte 0x%02x%s, which byte-pair encoding needs", label, byte,
                  plain < 0 ? "" : " at a word's end");
      return NULL;
    }
    b->plain[byte] = (uint32_t)plain;
    b->last[byte] = (uint32_t)last;
  }
  return g_steal_pointer(&b);
}

void bpe_free(Bpe *b) {
  if (!b) return;
  vocabulary_free(b->vocabulary);
  g_free(b->suffix);
  g_free(b->slots);
  g_free(b);
}

const Vocabulary *bpe_vocabulary(const Bpe *b) { return b->vocabulary; }

uint64_t bpe_hash(const Bpe *b) { return b->hash; }

/* --- the table of merges ------------------------------------------------------------------------ */

/* The slot of a pair, or the empty one where it would go. */
static Merge *find_slot(Merge *slots, size_t count, uint64_t pair) {
  size_t i = (size_t)((pair * 0x9e3779b97f4a7c15u) >> 20) & (count - 1);
  while (slots[i].pair != UINT64_MAX && slots[i].pair != pair) i = (i + 1) & (count - 1);
  return &slots[i];
}

static void grow(Bpe *b) {
  size_t count = 2 * b->slot_count;
  Merge *slots = g_new(Merge, count);
  clear_slots(slots, count);
  for (size_t i = 0; i < b->slot_count; i++)
    if (b->slots[i].pair != UINT64_MAX) *find_slot(slots, count, b->slots[i].pair) = b->slots[i];
  g_free(b->slots);
  b->slots = slots;
  b->slot_count = count;
}

bool bpe_add_merge(Bpe *b, const char *left, const char *right) {
  g_autofree char *both = g_strconcat(left, right, NULL);
  int64_t l = vocabulary_find(b->vocabulary, left), r = vocabulary_find(b->vocabulary, right);
  int64_t merged = vocabulary_find(b->vocabulary, both);
  if (l < 0 || r < 0 || merged < 0) return false;
  uint64_t pair = (uint64_t)l << 32 | (uint64_t)r;
  b->hash = hash_name_step(b->hash, pair) + 1;
  if (2 * (b->merges + 1) > b->slot_count) grow(b);
  Merge *slot = find_slot(b->slots, b->slot_count, pair);
  if (slot->pair != UINT64_MAX) return true; /* the earlier one counts */
  *slot = (Merge){pair, (uint32_t)b->merges++, (uint32_t)merged};
  return true;
}

/* One line of a merges.txt, without its end. */
static bool add_line(Bpe *b, const char *line, size_t n) {
  const char *space = memchr(line, ' ', n);
  if (!space) return false;
  g_autofree char *left = g_strndup(line, (size_t)(space - line));
  g_autofree char *right = g_strndup(space + 1, n - (size_t)(space + 1 - line));
  return bpe_add_merge(b, left, right);
}

bool bpe_add_merges(Bpe *b, const char *bytes, size_t n, const char *label, GError **error) {
  const char *end = bytes + n, *next;
  size_t number = 0;
  for (const char *p = bytes; p < end; p = next) {
    const char *stop = memchr(p, '\n', (size_t)(end - p));
    next = stop ? stop + 1 : end;
    size_t length = (size_t)((stop ? stop : end) - p);
    if (length && p[length - 1] == '\r') length--;
    number++;
    if (length == 0 || (number == 1 && length >= 8 && memcmp(p, "#version", 8) == 0)) continue;
    if (add_line(b, p, length)) continue;
    g_set_error(error, COPSE_ERROR, COPSE_ERROR_FORMAT,
                "%s: line %zu is no merge of two tokens into one that the vocabulary has", label, number);
    return false;
  }
  return true;
}

/* --- encoding a word ---------------------------------------------------------------------------- */

/* The word while it is paired: symbols as a doubly linked list over its bytes' places, and a heap
 * of pairs that may be merged, by rank, then place: rank << 32 | place. Pairs that have changed
 * since they were put there are told by their rank, and passed over. */
typedef struct {
  const Bpe *bpe;
  uint32_t *id, *next, *before;
  GArray *heap; /* of uint64_t */
  uint32_t n;
} Word;

enum { NOWHERE = UINT32_MAX };

static const Merge *merge_at(const Word *w, uint32_t at) {
  if (w->id[at] == NOWHERE || w->next[at] == NOWHERE) return NULL;
  const Bpe *b = w->bpe;
  uint64_t pair = (uint64_t)w->id[at] << 32 | w->id[w->next[at]];
  const Merge *m = find_slot(b->slots, b->slot_count, pair);
  return m->pair == UINT64_MAX ? NULL : m;
}

static void heap_put(GArray *heap, uint64_t key) {
  g_array_append_val(heap, key);
  uint64_t *h = (uint64_t *)(void *)heap->data;
  guint i = heap->len - 1;
  for (guint up; i > 0 && h[up = (i - 1) / 2] > key; i = up) h[i] = h[up];
  h[i] = key;
}

static uint64_t heap_take(GArray *heap) {
  uint64_t *h = (uint64_t *)(void *)heap->data, first = h[0], moved = h[heap->len - 1];
  guint n = heap->len - 1, i = 0;
  for (guint child; (child = 2 * i + 1) < n; i = child) {
    if (child + 1 < n && h[child + 1] < h[child]) child++;
    if (h[child] >= moved) break;
    h[i] = h[child];
  }
  h[i] = moved;
  g_array_set_size(heap, n);
  return first;
}

static void offer(Word *w, uint32_t at) {
  const Merge *m = at == NOWHERE ? NULL : merge_at(w, at);
  if (m) heap_put(w->heap, (uint64_t)m->rank << 32 | at);
}

static void join(Word *w, uint32_t at, uint32_t merged) {
  uint32_t gone = w->next[at];
  w->id[at] = merged;
  w->id[gone] = NOWHERE;
  w->next[at] = w->next[gone];
  if (w->next[at] != NOWHERE) w->before[w->next[at]] = at;
  offer(w, w->before[at]);
  offer(w, at);
}

static void merge_all(Word *w) {
  for (uint32_t i = 0; i < w->n; i++) offer(w, i);
  while (w->heap->len) {
    uint64_t key = heap_take(w->heap);
    uint32_t at = (uint32_t)key;
    const Merge *m = merge_at(w, at);
    if (m && m->rank == key >> 32) join(w, at, m->merged);
  }
}

void bpe_encode_word(const Bpe *b, const char *word, size_t n, GArray *ids) {
  if (n == 0 || n >= NOWHERE / 4) return;
  g_autofree uint32_t *block = g_new(uint32_t, 3 * n);
  g_autoptr(GArray) heap = g_array_new(FALSE, FALSE, sizeof(uint64_t));
  Word w = {b, block, block + n, block + 2 * n, heap, (uint32_t)n};
  for (uint32_t i = 0; i < n; i++) {
    unsigned char byte = (unsigned char)word[i];
    w.id[i] = i + 1 == n ? b->last[byte] : b->plain[byte];
    w.next[i] = i + 1 == n ? NOWHERE : i + 1;
    w.before[i] = i == 0 ? NOWHERE : i - 1;
  }
  merge_all(&w);
  for (uint32_t i = 0; i < n; i++)
    if (w.id[i] != NOWHERE) g_array_append_val(ids, w.id[i]);
}

SafeText *bpe_token_text(const Bpe *b, uint32_t id) {
  const char *token = vocabulary_token(b->vocabulary, id);
  if (!token) return g_strdup("");
  size_t n = strlen(token), m = strlen(b->suffix);
  if (m && g_str_has_suffix(token, b->suffix)) n -= m;
  g_autoptr(GString) bytes = g_string_new(NULL);
  for (const char *p = token; p < token + n; p = g_utf8_next_char(p)) {
    int byte = character_byte(g_utf8_get_char(p));    /* JSON strings are UTF-8 */
    if (byte < 0) return safe_text(token, (gssize)n); /* a token of another making */
    g_string_append_c(bytes, (char)byte);
  }
  return safe_text(bytes->str, (gssize)bytes->len);
}
